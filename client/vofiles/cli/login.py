"""`vofiles login`, `vofiles logout`: a password exchanged for a token that is kept, and the token given back.

Rule: the password is asked for or read from standard input, never a word of the command, and never kept.
"""

import getpass
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from vofiles.cli.exits import complain

DEFAULT_ADDRESS = "http://127.0.0.1:8080"
"""Where `vofiles up` puts its FileManager if it can."""


def login(
    address: Annotated[
        str | None,
        typer.Argument(
            help="The FileManager: https://host:port. If left out, where the community of the user has the home "
            "(by the registry file), else the one logged in to last."
        ),
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", "-u", help="Name, or name@community; asked for if left out.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Log in to a FileManager; the commands after this need no password."""
    from vofiles.connecting import find_address
    from vofiles.settings import Login, Settings
    from vofiles.tokens import LOOPBACK, get_token, parse_address

    settings = Settings()
    before = settings.find_login()
    found = find_address(user) if address is None and user is not None else None
    base = found or parse_address(address or (before.address if before else DEFAULT_ADDRESS))
    if base.startswith("http://") and not base.removeprefix("http://").startswith(LOOPBACK):
        complain(f"warning: {base} is not https: others on the way can read the password")
    name = user or _asked_name(before.user if before and before.address == base else None, password_stdin)
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else getpass.getpass(f"Password of {name}: ")
    token = get_token(base, name, password)
    settings.save_login(Login(base, name, token.secret, token.expires))
    until = datetime.fromtimestamp(token.expires, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    print(f"Logged in to {base} as {name} until {until}.")


def _asked_name(proposal: str | None, password_stdin: bool) -> str:
    if password_stdin and proposal is None:
        raise typer.BadParameter("say who you are: --user NAME")
    if password_stdin and proposal is not None:
        return proposal
    name: str = typer.prompt("User", default=proposal or getpass.getuser(), err=True)
    return name


def logout(
    address: Annotated[
        str | None, typer.Argument(help="The FileManager to log out of; all that one is logged in to if left out.")
    ] = None,
) -> None:
    """Give back the tokens of all logins, or of one, and forget them."""
    from vofiles.errors import VofilesError
    from vofiles.settings import Settings
    from vofiles.tokens import delete_token, parse_address

    settings = Settings()
    chosen = parse_address(address) if address is not None else None
    logins = [login for login in settings.list_logins() if chosen in {None, login.address}]
    if not logins:
        print("Nobody is logged in." if chosen is None else f"Nobody is logged in to {chosen}.")
    failure: VofilesError | None = None
    for login_ in logins:
        # Forgotten here first: whatever the service says, this machine no longer has it.
        settings.delete_login(login_.address)
        try:
            delete_token(login_.address, login_.token)
        except VofilesError as error:
            failure = error
        else:
            print(f"Logged out of {login_.address}.")
    if failure is not None:
        raise failure
