"""AstroGrid's FileManager as a handler of our HTTP engine: its operations, both of its dialects, at one path.

Rule: as thin as this; what the operations do is in their functions, how they are spoken in `dialects`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from filemanager.api.astrogrid.dialects import AstroGrid
from filemanager.api.astrogrid.types import NAMESPACE, OPERATIONS, WSDL
from filemanager.domain.caller import Caller
from vofiles.serving.atonce import AtOnce
from vofiles.serving.entrance import BySecurity, Identify
from vofiles.serving.soap import PASSWORD_OR_TOKEN, SoapService

PATH: Final = "/astrogrid"


def addresses(base: str) -> dict[str, str]:
    """The announced URL of the contract's one port."""
    return {"FileManagerPort": base + PATH}


def astrogrid_service(
    functions: Mapping[str, Callable[[Caller, Any], Any]],
    address: str,
    identify: Identify[Caller],
    *,
    by_security: BySecurity[Caller] | None = None,
    identifier: str = "",
    challenges: tuple[str, ...] = PASSWORD_OR_TOKEN,
    at_once: AtOnce[Caller] | None = None,
) -> SoapService:
    """The SOAP service, announced at a base address. `functions` has one for each of `types.OPERATIONS`:
    `(caller, request) -> answer | Parked`. `at_once` is tried before anything else, where HTTP brings credentials.
    """
    return SoapService(
        OPERATIONS,
        NAMESPACE,
        WSDL,
        addresses(address),
        functions,
        identify,
        by_security=by_security,
        identifier=identifier,
        challenges=challenges,
        language=AstroGrid(),
        at_once=at_once,
    )
