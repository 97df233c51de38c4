"""The command line of a FileManager: `python -m filemanager --config FILE serve | account … | …`.

Rule: registers the commands, each group of which stands in a file of `commands/`.
"""

import typer

from filemanager.commands import accounts, stores
from filemanager.commands.adopt import adopt
from filemanager.commands.check import check
from filemanager.commands.jobs import jobs
from filemanager.commands.rebuild import rebuild
from filemanager.commands.serve import serve
from filemanager.commands.transfers import errands, transfers
from vofiles.serving.program import ConfigOption

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="A service that keeps trees."
)
app.command()(serve)
app.command()(check)
app.command()(rebuild)
app.command()(adopt)
app.command()(transfers)
app.command()(jobs)
app.command()(errands)
app.add_typer(accounts.app, name="account")
app.add_typer(stores.app, name="store")


@app.callback()
def choose(context: typer.Context, config: ConfigOption) -> None:
    """Keep the trees of community accounts; the bytes are in file stores."""
    context.obj = config


def main() -> None:
    """The console script `filemanager`."""
    app()


if __name__ == "__main__":
    main()
