"""Tokens over HTTP: `POST /token` and `POST /revoke`, shaped as RFC 6749 (4.4, 5) and RFC 7009 have it.

Rule: a password buys a token that ends and can be revoked, so that clients need not keep the password.
"""

import json
from collections.abc import Callable
from urllib.parse import parse_qsl

from filemanager.api.identity import caller_identity
from filemanager.services.credentials import CredentialService
from vofiles.errors import InvalidArgument, VofilesError
from vofiles.faults import row_of
from vofiles.serving.http import Control, Request, Response, Route

TOKEN_PATH = "/token"  # noqa: S105 - a path
REVOKE_PATH = "/revoke"
BODY_LIMIT = 8 * 1024

_ERRORS = {400: "invalid_request", 401: "invalid_client", 403: "unauthorized_client"}
"""RFC 6749, 5.2; what it has no word for is the server's trouble."""


def routes(credentials: CredentialService) -> list[Route]:
    """Where tokens are issued and revoked."""
    by_password = caller_identity(credentials, only_password=True)
    by_anything = caller_identity(credentials)

    def issue(request: Request) -> Response:
        caller = by_password(request)
        if _form(request).get("grant_type", "client_credentials") != "client_credentials":
            raise InvalidArgument("grant_type", reason="this service knows client_credentials")
        text, lifetime = credentials.issue_token(caller)
        return _json(200, {"access_token": text, "token_type": "Bearer", "expires_in": lifetime})

    def revoke(request: Request) -> Response:
        caller = by_anything(request)
        token = _form(request).get("token")
        if not token:
            raise InvalidArgument("token", reason="say which one to revoke")
        credentials.revoke_token(caller, token)
        return _json(200, {})

    return [_route(TOKEN_PATH, issue), _route(REVOKE_PATH, revoke)]


def _route(path: str, answer: Callable[[Request], Response]) -> Route:
    def handle(request: Request) -> Response:
        try:
            return answer(request)
        except VofilesError as error:
            return _refusal(error)

    return Route(path, frozenset({"POST"}), Control(handle, body_limit=BODY_LIMIT))


def _form(request: Request) -> dict[str, str]:
    kind = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if request.body and kind != "application/x-www-form-urlencoded":
        raise InvalidArgument("Content-Type", reason="send application/x-www-form-urlencoded")
    try:
        return dict(parse_qsl(request.body.decode("ascii"), keep_blank_values=True, max_num_fields=20))
    except ValueError as error:
        raise InvalidArgument("form", reason=str(error)) from error


def _refusal(error: VofilesError) -> Response:
    status = row_of(error).status
    headers: tuple[tuple[str, str], ...] = ()
    if status == 401:
        headers = (("WWW-Authenticate", 'Basic realm="vofiles", charset="UTF-8"'),)
    elif status == 503:
        headers = (("Retry-After", "60"),)
    return _json(status, {"error": _ERRORS.get(status, "server_error"), "error_description": error.message}, *headers)


def _json(status: int, values: dict[str, object], *headers: tuple[str, str]) -> Response:
    fixed = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
    return Response(status, (*fixed, *headers), json.dumps(values).encode("ascii"))
