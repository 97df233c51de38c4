"""HTTP requests and their answers, kept as they went over a socket on loopback: what the page of the protocol shows.

    wire = Wire({"https://files.example.org": served.port})
    exchange = wire.send("GET", "https://files.example.org/filemanager?wsdl")

Rule: requests are made out to announced addresses (Host), and only the connection goes to the real one, so that what is
kept is the same on every machine; what an engine says of the moment (Date, its own request id) is not kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

PATIENCE = 30.0
OF_THE_MOMENT = frozenset({"date", "server", "x-request-id", "connection"})

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    method: str
    target: str
    headers: Headers
    body: bytes
    status: int
    reason: str
    answer_headers: Headers
    answer: bytes

    def answered(self, name: str) -> str:
        """The value of a header of the answer. Raises KeyError."""
        return {key.lower(): value for key, value in self.answer_headers}[name.lower()]


class Wire:
    """Sends requests to announced addresses, by way of the ports of loopback where these are really served."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = dict(ports)

    def send(self, method: str, url: str, headers: Headers = (), body: bytes | None = None) -> Exchange:
        """Send one request, on a connection of its own, and keep it with its answer."""
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        sent = [("Host", parts.netloc), *headers]
        if body is not None:
            sent.append(("Content-Length", str(len(body))))
        connection = HTTPConnection("127.0.0.1", self._ports[f"{parts.scheme}://{parts.netloc}"], timeout=PATIENCE)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in sent:
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        kept = tuple((name, value) for name, value in response.getheaders() if name.lower() not in OF_THE_MOMENT)
        return Exchange(method, target, tuple(sent), body or b"", response.status, response.reason, kept, answer)
