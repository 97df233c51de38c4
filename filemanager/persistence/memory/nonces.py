"""Signed requests that have been used, in memory."""

from filemanager.persistence.memory.state import Repository


class MemoryNonces(Repository):
    """The port `Nonces`."""

    def add_nonce(self, key_id: str, nonce: str, created: int) -> bool:
        new = (key_id, nonce) not in self._state.nonces
        if new:
            self._state.nonces[key_id, nonce] = created
        return new

    def prune_nonces(self, before: int) -> int:
        old = [key for key, created in self._state.nonces.items() if created < before]
        for key in old:
            del self._state.nonces[key]
        return len(old)
