"""The server's side of TLS. The rule that keeps it so: one place decides which protocol versions and ciphers are
spoken.
"""

from __future__ import annotations

import re
from pathlib import Path

from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_PEM
from twisted.internet.ssl import Certificate, CertificateOptions, KeyPair, TLSVersion

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def server_context(certificate: Path, key: Path) -> CertificateOptions:
    """What `serve` needs to speak TLS 1.2 and later. Both files are PEM; the chain, if any, follows the certificate.

    Raises OSError when a file cannot be read and ValueError when they are no certificate and key that belong together.
    """
    pems = _CERTIFICATE.findall(certificate.read_bytes())
    if not pems:
        raise ValueError(f"{certificate} has no certificate in PEM form")
    key_pem = key.read_bytes()
    try:
        own, *chain = [Certificate.loadPEM(pem).original for pem in pems]
        options = CertificateOptions(
            privateKey=KeyPair.load(key_pem, FILETYPE_PEM).original,
            certificate=own,
            extraCertChain=chain,
            lowerMaximumSecurityTo=None,
            raiseMinimumTo=TLSVersion.TLSv1_2,
            acceptableProtocols=[b"http/1.1"],
        )
        options.getContext().check_privatekey()
    except SSL.Error as error:
        raise ValueError(f"{certificate} and {key} are no certificate and key that belong together") from error
    return options
