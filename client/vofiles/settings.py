"""The saved logins: which FileManager a person uses, and for each the token that stands for their password.

Rule: the one place that knows where they are kept; a token is found by the address it was given for and by no other.
The file is readable by its owner only, replaced whole, and never holds a password.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from vofiles.errors import InvalidArgument


@dataclass(frozen=True)
class Login:
    """What `vofiles login` keeps."""

    address: str
    """The FileManager's base URL."""
    user: str
    token: str
    expires: int
    """When the token ends, in seconds since 1970."""

    def __repr__(self) -> str:
        return f"Login(address={self.address!r}, user={self.user!r})"


def default_folder() -> Path:
    """Where settings are kept: $XDG_CONFIG_HOME/vofiles, ~/.config/vofiles without it."""
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    # The XDG specification: a path that is not absolute is ignored.
    root = Path(configured) if configured.startswith("/") else Path.home() / ".config"
    return root / "vofiles"


class Settings:
    """The settings in one folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()
        self.path = self.folder / "login.json"

    def find_login(self, address: str | None = None) -> Login | None:
        """The login at an address; without one the last, or None after a logout. Raises InvalidArgument where the
        file is not what was saved.
        """
        current, logins = self._read()
        return logins.get(address or current)

    def list_logins(self) -> list[Login]:
        """All logins. Raises InvalidArgument as `find_login` does."""
        return list(self._read()[1].values())

    def save_login(self, login: Login) -> None:
        """Keep a login, in place of the one at its address; it is the last one from now on."""
        _, logins = self._read()
        self._write(login.address, logins | {login.address: login})

    def delete_login(self, address: str | None = None) -> None:
        """Forget the login at an address; without one the last."""
        current, logins = self._read()
        gone = address or current
        logins.pop(gone, None)
        self._write("" if gone == current else current, logins)

    def _read(self) -> tuple[str, dict[str, Login]]:
        """The last address, empty if there is none, and the logins by their addresses."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return "", {}
        try:
            kept = json.loads(text)
            logins = [
                Login(str(one["address"]), str(one["user"]), str(one["token"]), int(one["expires"]))
                for one in kept["logins"]
            ]
            return str(kept["last"]), {login.address: login for login in logins}
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidArgument(
                f"saved login {self.path}", reason="remove it and log in again: vofiles login ADDRESS"
            ) from error

    def _write(self, last: str, logins: dict[str, Login]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        kept = {"last": last, "logins": [asdict(login) for login in logins.values()]}
        try:
            # Never, not even for a moment, readable by others: the mode is given at creation.
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(kept, file)
            fresh.replace(self.path)
        finally:
            fresh.unlink(missing_ok=True)
