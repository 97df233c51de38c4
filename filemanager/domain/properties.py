"""What callers may set on nodes and accounts.

Rule: pure; `PropertyEdit.of` is the only way from what came in to what is stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from filemanager.domain.retention import KEYS as RETENTION
from filemanager.domain.retention import is_wish
from vofiles.contract import Property
from vofiles.errors import InvalidArgument
from vofiles.ivorn import Ivorn, parse_service
from vofiles.properties import MAX_PROPERTIES, check_key, check_property, require_settable

PREFERRED_STORE: Final = "filestore.preferred"
CONTENT_TYPE: Final = "content.type"


@dataclass(frozen=True, slots=True)
class PropertyEdit:
    """Properties to set and keys to remove, each allowed."""

    put: Mapping[str, str]
    remove: frozenset[str]

    @classmethod
    def of(cls, properties: Sequence[Property], remove_keys: Sequence[str] = ()) -> "PropertyEdit":
        """Raises InvalidArgument, InvalidIdentifier, TooLarge, ReadOnlyProperty."""
        put: dict[str, str] = {}
        for each in properties:
            check_property(each.key, each.value)
            require_settable(each.key)
            if each.key in put:
                raise InvalidArgument(f"property {each.key}", reason="it is given twice")
            put[each.key] = each.value
        for key in remove_keys:
            check_key(key)
            require_settable(key)
            if key in put:
                raise InvalidArgument(f"property {key}", reason="it is both set and removed")
        for key in RETENTION & put.keys():
            if not is_wish(put[key]):
                raise InvalidArgument(f"property {key}", reason=f"{put[key][:40]!a} is no whole number from 1 on")
        if PREFERRED_STORE in put:
            put[PREFERRED_STORE] = str(parse_service(put[PREFERRED_STORE]))
        return cls(put, frozenset(remove_keys))

    def require_root(self, *, is_root: bool) -> None:
        """Refuse to set on anything but the root of a space what is said of a whole space. Raises InvalidArgument."""
        misplaced = RETENTION & self.put.keys()
        if misplaced and not is_root:
            raise InvalidArgument(f"property {min(misplaced)}", reason="it is set on the root of a space")

    @property
    def preferred_store(self) -> Ivorn | None:
        """The store that it makes the preferred one, if it does."""
        text = self.put.get(PREFERRED_STORE)
        return parse_service(text) if text is not None else None

    def effect_on(self, present: Mapping[str, str]) -> tuple[dict[str, str | None], dict[str, str | None]]:
        """What it changes where `present` is stored: values before and after, None where there is none.

        Raises InvalidArgument where there would be too many.
        """
        after: dict[str, str | None] = {key: value for key, value in self.put.items() if present.get(key) != value}
        after |= dict.fromkeys(sorted(self.remove & present.keys()))
        if len((present.keys() | self.put.keys()) - self.remove) > MAX_PROPERTIES:
            raise InvalidArgument("properties", reason=f"there can be at most {MAX_PROPERTIES}")
        return {key: present.get(key) for key in after}, after
