"""Which handler serves which path: exact paths first, then the longest prefix.

The rule that keeps it so: a site only looks things up; it never runs a handler.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .exchange import Stream
from .messages import Control


@dataclass(frozen=True, slots=True)
class Route:
    """One path and how it is served. Raises ValueError for a path that could never be asked for.

    `path` is compared with the request's path as sent. With `prefix` it must end in `/` and serves everything below it.
    A route with GET is asked for HEAD too; OPTIONS is answered by the engine unless named here.
    """

    path: str
    methods: frozenset[str]
    serve: Control | Stream
    prefix: bool = False

    def __post_init__(self) -> None:
        if not self.path.startswith("/") or (self.prefix and not self.path.endswith("/")):
            raise ValueError(f"{self.path!r} is not a path that a route can have")
        if not self.methods:
            raise ValueError(f"the route {self.path!r} has no methods")
        implied = {"HEAD"} if "GET" in self.methods else set()
        object.__setattr__(self, "methods", frozenset(self.methods) | implied)

    @property
    def allow(self) -> str:
        """The value of the Allow header."""
        return ", ".join(sorted(self.methods | {"OPTIONS"}))


class Site:
    """All routes of one server. Raises ValueError when two have the same path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[str, Route] = {}
        prefixes: dict[str, Route] = {}
        for route in routes:
            table = prefixes if route.prefix else self._exact
            if route.path in table:
                raise ValueError(f"two routes for {route.path!r}")
            table[route.path] = route
        self._prefixes = tuple(sorted(prefixes.items(), key=lambda item: -len(item[0])))

    def find_route(self, path: str) -> Route | None:
        """The route that serves `path` as sent, or None."""
        route = self._exact.get(path)
        if route is None:
            for prefix, candidate in self._prefixes:
                if path.startswith(prefix):
                    return candidate
        return route

    @property
    def methods(self) -> frozenset[str]:
        """Every method that some route takes."""
        routes = [*self._exact.values(), *(route for _, route in self._prefixes)]
        return frozenset(method for route in routes for method in route.methods)
