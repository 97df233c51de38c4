"""The command line of a file store: `python -m filestore --config FILE serve | manifest | …`.

Rule: registers the commands, each of which stands in a file of `commands/`.
"""

import typer

from filestore.commands.adopt import adopt
from filestore.commands.check import check
from filestore.commands.manifest import manifest
from filestore.commands.scrub import scrub
from filestore.commands.serve import serve
from filestore.commands.transfers import outbox, transfers
from vofiles.serving.program import ConfigOption

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="A store that holds files' bytes."
)
app.command()(serve)
app.command()(manifest)
app.command()(check)
app.command()(scrub)
app.command()(adopt)
app.command()(transfers)
app.command()(outbox)


@app.callback()
def choose(context: typer.Context, config: ConfigOption) -> None:
    """Hold bytes for FileManagers."""
    context.obj = config


def main() -> None:
    """The console script `filestore`."""
    app()


if __name__ == "__main__":
    main()
