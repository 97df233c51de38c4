"""`filemanager account …`: the accounts that have their tree here.

Rule: a password comes from a terminal or from standard input, never from an argument, which others could see.
"""

import getpass
import sys
from typing import Annotated

import typer

from filemanager.commands.offices import open_office
from filemanager.commands.program import PROGRAM
from vofiles.errors import InvalidArgument

app = typer.Typer(no_args_is_help=True, help="The accounts that have their tree here.")

Identifier = Annotated[str, typer.Argument(help="ivo://authority/name, or name@authority, or just name.")]
PasswordFromInput = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@app.command("add")
def add_account(
    context: typer.Context,
    identifier: Identifier,
    name: Annotated[str | None, typer.Option(help="Its public name; the last step of the identifier if none.")] = None,
    kind: Annotated[str, typer.Option(help="PERSON, GROUP or SERVICE.")] = "PERSON",
    *,
    administrator: Annotated[bool, typer.Option("--administrator", help="May make accounts of any community.")] = False,
    password_stdin: PasswordFromInput = False,
) -> None:
    """Make an account and its home, and give it a password (asked for on a terminal)."""
    password = _new_password(from_input=password_stdin)
    with open_office(context) as office:
        print(office.add_account(identifier, name, kind, password, administrator=administrator))


@app.command("password")
def set_password(context: typer.Context, identifier: Identifier, *, password_stdin: PasswordFromInput = False) -> None:
    """Give an account another password."""
    password = _new_password(from_input=password_stdin)
    with open_office(context) as office:
        office.set_password(identifier, password)


@app.command("list")
def list_accounts(context: typer.Context) -> None:
    """Print the accounts, one a line: identifier, kind, public name, home."""
    with open_office(context) as office:
        for row in office.list_accounts():
            print("\t".join(row))


@app.command("token")
def issue_token(context: typer.Context, identifier: Identifier) -> None:
    """Print a fresh bearer token of an account, for a program that acts as it."""
    with open_office(context) as office:
        print(office.issue_token(identifier))


@app.command("disable")
def disable_account(context: typer.Context, identifier: Identifier) -> None:
    """Take away an account's password and tokens; its files stay, and a new password brings it back."""
    with open_office(context) as office:
        print(f"{office.disable_account(identifier)} tokens are worth nothing now")


def _new_password(*, from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        PROGRAM.give_up(InvalidArgument("password", reason="there is no terminal to ask on; use --password-stdin"))
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        PROGRAM.give_up(InvalidArgument("password", reason="the two are different"))
    return password
