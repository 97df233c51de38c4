"""The saved login: which FileManager a person uses, and the token that stands for their password.

Rule: the one place that knows where it is kept; the file is readable by its owner only, replaced whole, and never holds
a password.
"""

import contextlib
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
        self.path = (folder or default_folder()) / "login.json"

    def find_login(self) -> Login | None:
        """The saved login, or None. Raises InvalidArgument where the file is not what was saved."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            kept = json.loads(text)
            return Login(str(kept["address"]), str(kept["user"]), str(kept["token"]), int(kept["expires"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidArgument(f"saved login {self.path}", reason="log in again: vofiles login ADDRESS") from error

    def save_login(self, login: Login) -> None:
        """Keep a login in place of the one before."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        try:
            # Never, not even for a moment, readable by others: the mode is given at creation.
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(asdict(login), file)
            fresh.replace(self.path)
        finally:
            fresh.unlink(missing_ok=True)

    def delete_login(self) -> None:
        """Forget the login."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
