"""`filestore transfers` and `filestore outbox`: what is under way. Rule: one line each, fields apart by tabs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from filestore.commands.program import PROGRAM
from vofiles.instant import to_text

if TYPE_CHECKING:
    from filestore.domain.transfer import Transfer
    from filestore.services.store import Store

_PAGE = 500


def transfers(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="Only those in this state; else all that have not ended.")] = None,
) -> None:
    """Print transfers: number, state, direction, since when, bytes, container, FileManager, failure."""
    from filestore.commands.opening import open_store
    from filestore.domain.transfer import TRANSITIONS
    from vofiles.contract import TransferState
    from vofiles.errors import InvalidArgument

    with PROGRAM.complaining(), open_store(PROGRAM.settings(context)) as store:
        known = list(dict.fromkeys([*(before for before, _ in TRANSITIONS), *TRANSITIONS.values()]))
        if state is not None and state not in known:
            raise InvalidArgument("state", reason=f"it is one of {', '.join(known)}")
        wanted = [state] if state else [each for each in known if each not in TransferState.ENDED]
        for each in (each for one in wanted for each in _in_state(store, one)):
            failure = f"{each.failure.name}: {each.failure.message}" if each.failure else "-"
            row = (each.transfer, each.state, each.direction, to_text(each.created), str(each.bytes_done))
            print("\t".join((*row, each.container, str(each.manager), failure)))


def outbox(
    context: typer.Context,
    *,
    retry: Annotated[bool, typer.Option("--retry", help="Have all of them tried again at once.")] = False,
) -> None:
    """Print callbacks that are not acknowledged: transfer, FileManager, since when, due, attempts, last error."""
    from filestore.commands.opening import open_store
    from filestore.services.callbacks import hurry, list_all
    from vofiles.serving.logs import Form, configure

    configure(Form.CONSOLE)
    with PROGRAM.complaining(), open_store(PROGRAM.settings(context)) as store:
        if retry:
            print(f"{hurry(store)} callbacks will be tried again within seconds")
            return
        for each in list_all(store):
            when = (to_text(each.created), to_text(each.due), str(each.attempts))
            print("\t".join((each.transfer, str(each.manager), *when, each.error or "-")))


def _in_state(store: "Store", state: str) -> "Iterator[Transfer]":
    after = ""
    while page := store.catalogue.read(
        lambda records, after=after: records.list_transfers(state, after, _PAGE)  # type: ignore[misc]
    ):
        yield from page
        after = page[-1].transfer
