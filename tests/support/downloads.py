"""A content by its ticket, as the data plane opens it: admitted, then opened."""

from filestore.services.exports import Download, admit, open_admitted
from filestore.services.store import Store


def open_download(store: Store, token: str, method: str = "GET") -> Download:
    """The content that a ticket is good for; `method` is GET or HEAD. Raises what `admit` and `open_admitted` raise."""
    return open_admitted(store, admit(store, token, method))
