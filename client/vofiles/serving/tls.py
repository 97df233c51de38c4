"""The server's side of TLS. The rule that keeps it so: one place decides which protocol versions are spoken.

OpenSSL's own choice of ciphers is kept: the distribution looks after it. twisted's CertificateOptions is not used,
because it calls what pyOpenSSL is about to remove.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLContextFactory
from zope.interface import implementer

_PARTIAL_WRITE: Final = 1
"""SSL_MODE_ENABLE_PARTIAL_WRITE, which pyOpenSSL sets and has no name for: what is written would come back to Python
after each 16 KiB. Nobody waits meanwhile, for it is written into memory.
"""


@implementer(IOpenSSLContextFactory)
class ServerTls:
    """A certificate and its key, to serve with."""

    def __init__(self, context: SSL.Context) -> None:
        self._context = context

    def getContext(self) -> SSL.Context:  # noqa: N802 - twisted's name
        return self._context


def server_tls(certificate: Path, key: Path) -> ServerTls:
    """What `serve` needs to speak TLS 1.2 and later. Both files are PEM; the chain, if any, follows the certificate.

    Raises OSError when a file cannot be read and ValueError when they are no certificate and key that belong together.
    """
    for path in (certificate, key):
        path.open("rb").close()  # OpenSSL's own errors do not tell a missing file from a malformed one
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    context.clear_mode(_PARTIAL_WRITE)
    try:
        context.use_certificate_chain_file(str(certificate))
        context.use_privatekey_file(str(key))
        context.check_privatekey()
    except SSL.Error as error:
        raise ValueError(f"{certificate} and {key} are no certificate and key that belong together") from error
    return ServerTls(context)
