"""Logins: which account a user name means.

    dave    dave@ast.cam.ac.uk    ast.cam.ac.uk/dave    ivo://ast.cam.ac.uk/dave

Rule: pure; a name alone is of the service's first community. What cannot be an account is no error, but nobody's name.
"""

from filemanager.domain.account import require_account_identifier
from vofiles.errors import InvalidIdentifier
from vofiles.ivorn import Ivorn, parse_service


def find_account_identifier(name: str, community: Ivorn) -> Ivorn | None:
    """The account that a user name means, None where it can be no account's; `community` completes a bare name."""
    if name.lower().startswith("ivo://"):
        text = name
    elif "/" in name:
        text = f"ivo://{name}"
    elif "@" in name:
        local, _, authority = name.rpartition("@")
        text = f"ivo://{authority}/{local}"
    else:
        text = f"ivo://{community.authority}/{name}"
    try:
        return require_account_identifier(parse_service(text))
    except InvalidIdentifier:
        return None


def split_user_and_password(text: str) -> tuple[str, str] | None:
    """User name and password of HTTP Basic (RFC 7617), None where there is no colon between them.

    A whole IVORN as user name is tolerated, though its colon should not be there: nobody is called `ivo`, and the rest
    of the identifier has none.
    """
    scheme, mark, rest = text.partition(":")
    if mark and scheme.lower() == "ivo" and rest.startswith("//"):
        name, mark, password = rest.partition(":")
        name = f"{scheme}:{name}"
    else:
        name, password = scheme, rest
    return (name, password) if mark else None
