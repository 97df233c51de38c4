"""A SOAP client that costs next to nothing, so that what is measured is the server: fixed texts, one kept connection.

Rule: it speaks the published contract as any client would; what it takes from a reply it finds by the element's name.
"""

import html
import http.client
import re
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

NAMESPACE = "urn:vofiles:filemanager:1"
ENVELOPE = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<{name} xmlns="' + NAMESPACE + '">{parts}</{name}></soap:Body></soap:Envelope>'
)


class Wire:
    """One connection to a FileManager, with a token."""

    def __init__(self, endpoint: str, token: str) -> None:
        address = urlsplit(endpoint)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        self._path = address.path
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/xml; charset=utf-8"}

    def call(self, operation: str, /, **parts: str) -> str:
        """The reply to one operation, as text. Raises ConnectionError on a fault."""
        return self.send(operation, "".join(f"<{part}>{escape(value)}</{part}>" for part, value in parts.items()))

    def send(self, operation: str, inner: str) -> str:
        """The reply to one operation whose request has these elements, as text. Raises ConnectionError on a fault."""
        body = ENVELOPE.format(name=operation, parts=inner).encode()
        self._connection.request("POST", self._path, body, self._headers | {"SOAPAction": '""'})
        response = self._connection.getresponse()
        reply = response.read().decode()
        if response.status != 200:
            raise ConnectionError(f"{operation} was answered {response.status}: {reply[:2000]}")
        return reply


def value(reply: str, element: str) -> str:
    """The text of the first element of that name that has some. Raises LookupError when there is none."""
    found = re.search(rf"<(?:[\w.-]+:)?{element}(?:\s[^>]*)?>([^<]+)<", reply)
    if found is None:
        raise LookupError(f"no {element} in {reply[:2000]}")
    return html.unescape(found[1])


class Bytes:
    """Kept connections to stores, one for each address."""

    def __init__(self) -> None:
        self._connections: dict[str, http.client.HTTPConnection] = {}
        self._buffer = bytearray(256 * 1024)

    def _connection(self, address: str) -> http.client.HTTPConnection:
        if address not in self._connections:
            self._connections[address] = http.client.HTTPConnection(address, timeout=60)
        return self._connections[address]

    def put(self, url: str, body: bytes) -> None:
        """PUT; raises ConnectionError unless it is taken."""
        target = urlsplit(url)
        connection = self._connection(target.netloc)
        connection.request("PUT", target.path, body)
        response = connection.getresponse()
        answer = response.read()
        if response.status not in (200, 201, 204):
            raise ConnectionError(f"PUT was answered {response.status}: {answer[:2000]!r}")

    def get(self, url: str) -> int:
        """GET; the number of bytes that came. Raises ConnectionError unless the status is 200."""
        target = urlsplit(url)
        connection = self._connection(target.netloc)
        connection.request("GET", target.path)
        response = connection.getresponse()
        total = 0
        while count := response.readinto(self._buffer):
            total += count
        if response.status != 200:
            raise ConnectionError(f"GET was answered {response.status}")
        return total
