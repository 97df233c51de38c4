"""Spellings: the identifiers by which AstroGrid's clients call an account, and the one that is kept here.

    ivo://dave@ast.cam.ac.uk/community     ivo://ast.cam.ac.uk/community#dave     →  ivo://ast.cam.ac.uk/dave
    ivo://dave@ast.cam.ac.uk/community2    ivo://ast.cam.ac.uk/community2#dave    →  ivo://ast.cam.ac.uk/community2/dave

AstroGrid called a community by its authority and a resource key, which was `community` wherever nobody had chosen
another, and made its users' home identifiers without it. A key of another name is part of the account's own, so that
users of the same name in two communities of one authority stay two.

Rule: pure; known to the AstroGrid API alone. What says no user apart is the account itself, as everywhere else.
"""

from typing import Final

from filemanager.domain.account import require_account_identifier
from vofiles.errors import InvalidIdentifier
from vofiles.ivorn import Ivorn, encode_segment

COMMUNITY_KEY: Final = "community"
"""The resource key of a community, unless somebody chose another."""


def account_of(text: str) -> Ivorn:
    """The account that a text means, in whichever spelling. Raises InvalidIdentifier."""
    given = Ivorn.parse(text)
    # What is before # is compared without regard to case, so a user's name is, wherever it stands.
    user = given.user or given.fragment.lower()
    if not user:
        return require_account_identifier(given)
    if (given.user and given.fragment) or given.query or not given.resource or "@" in user:
        reason = "an account is called ivo://authority/name or ivo://name@authority/community"
        raise InvalidIdentifier(repr(text[:200]), reason=reason)
    path = "" if given.resource == COMMUNITY_KEY else f"{given.resource}/"
    return require_account_identifier(Ivorn(given.authority, f"{path}{user}"))


def public_name_of(account: Ivorn) -> str | None:
    """The public name of a new account, different for all accounts of an authority; None for the usual one."""
    key, _, user = account.resource.rpartition("/")
    return f"{user}@{encode_segment(key)}" if key else None
