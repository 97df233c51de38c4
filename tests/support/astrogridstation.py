"""AstroGrid's contract as its clients see it, with functions that answer what the test put there.

station = Station()
station.plan("getNode", answer)                       # or an error, or a function of (caller, request)
station.post(call(SPOKEN, "getNode", "<nodeIvorn xmlns=''>ivo://a/b#1</nodeIvorn>"))
station.asked                                          # the requests, as the functions got them
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lxml import etree

from filemanager.api.astrogrid import service as astrogrid
from filemanager.api.astrogrid.types import (
    FILE,
    FOLDER,
    OPERATIONS,
    SPOKEN,
    Attribute,
    Child,
    DataLocation,
    Done,
    InfoAnswer,
    IvornAnswer,
    Node,
    NodeBundle,
    TransferInfo,
)
from filemanager.domain.caller import Caller
from vofiles.errors import NotAuthenticated
from vofiles.instant import parse_instant
from vofiles.ivorn import Ivorn
from vofiles.serving.http import Headers, Later, Request, Response
from vofiles.serving.soap import SoapService

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
SERVICE = "ivo://ast.cam.ac.uk/filemanager"
DAVE = Caller(Ivorn.parse("ivo://ast.cam.ac.uk/dave"))

NODE_NAMES = ("a b", "a/b", "été-星", "..", "x+y", "\U0001f52d.fits")
"""Names that old clients send, most of them no NMTOKEN."""

HOME = Node(
    ivorn=f"{SERVICE}#17",
    children=(Child("été-星", f"{SERVICE}#18"),),
    name="home",
    type=FOLDER,
    create_date=parse_instant("2026-11-22T02:14:56.287Z"),
    modify_date=parse_instant("2026-11-22T02:14:57.999999Z"),
    location=DataLocation("ivo://star.le.ac.uk/filestore"),
    size=0,
    attributes=(Attribute("community.home.space", "ivo://ast.cam.ac.uk/dave"), Attribute("a <&> b", "c\r]]>")),
)
FILE_NODE = Node(
    ivorn=f"{SERVICE}#18",
    parent=HOME.ivorn,
    name="été-星",
    type=FILE,
    create_date=HOME.create_date,
    location=DataLocation("ivo://star.le.ac.uk/filestore", "ab56-9a55"),
    size=5_000_000_000,
)
ANSWERS: dict[type, Any] = {
    NodeBundle: NodeBundle((HOME, FILE_NODE)),
    InfoAnswer: InfoAnswer(TransferInfo("http://127.0.0.1:8081/data/x?a=1&b=2", "PUT")),
    IvornAnswer: IvornAnswer(SERVICE),
    Done: Done(),
}
"""One answer of each class."""


def envelope(body: str) -> bytes:
    """An envelope with the prefixes that Axis declares."""
    declared = f'xmlns:s="{SOAP}" xmlns:xsi="{XSI}" xmlns:xsd="{XSD}"'
    return f"<s:Envelope {declared}><s:Body>{body}</s:Body></s:Envelope>".encode()


def call(namespace: str, operation: str, content: str = "") -> bytes:
    """A request as Axis writes it: the operation's element has the namespace for a default one."""
    return envelope(f'<{operation} xmlns="{namespace}">{content}</{operation}>')


def content_of(response: Response) -> list[etree._Element]:
    """What is in the Body of an answer."""
    assert isinstance(response.body, bytes)
    (body,) = etree.fromstring(response.body)
    assert body.tag == f"{{{SOAP}}}Body"
    return list(body)


@dataclass
class Station:
    """The service, and what is asked of it."""

    plans: dict[str, Any] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)

    def plan(self, operation: str, outcome: Any) -> None:
        """What the operation answers from now on; without a plan it is the one of ANSWERS."""
        self.plans[operation] = outcome

    def forget(self) -> None:
        """Begin anew, with the same service: to make one takes longer than a test."""
        self.plans.clear()
        self.asked.clear()

    @cached_property
    def service(self) -> SoapService:
        functions = {operation.name: self._function(operation.name, operation.answer) for operation in OPERATIONS}
        return astrogrid.astrogrid_service(functions, "http://public.example", self._identify)

    def post(self, body: bytes, **headers: str) -> Response:
        """The answer to a request, without a socket."""
        response = self.ask(body, **headers)
        assert isinstance(response, Response)
        return response

    def ask(self, body: bytes, **headers: str) -> Response | Later:
        """The same, where the answer may come later."""
        sent = {"content-type": "text/xml; charset=utf-8", "authorization": "Basic x"} | headers
        pairs = Headers([(name, value) for name, value in sent.items() if value])
        return self.service(Request("POST", "/", "/", "", pairs, "1.0", "h", "127.0.0.1", "r-1", body=body))

    def hear(self, operation: str, content: str, namespace: str = SPOKEN) -> Any:
        """The request that a function gets to see."""
        response = self.post(call(namespace, operation, content))
        assert response.status == 200, response.body
        return self.asked[-1]

    def _identify(self, request: Request) -> Caller:
        if "authorization" not in request.headers:
            raise NotAuthenticated
        return DAVE

    def _function(self, operation: str, answer: type) -> Callable[[Caller, Any], Any]:
        def function(caller: Caller, request: Any) -> Any:
            self.asked.append(request)
            outcome = self.plans.get(operation, ANSWERS[answer])
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome(caller, request) if callable(outcome) else outcome

        return function
