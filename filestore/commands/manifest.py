"""`filestore manifest`. Rule: stands on the contents alone, so that it works where the catalogue is lost."""

import typer

from filestore.commands.program import PROGRAM


def manifest(context: typer.Context) -> None:
    """Print all that the store holds, one line of JSON a container; its catalogue is not needed."""
    from filestore.backends.disk import DiskBackend
    from filestore.backends.folder import DataFolder
    from filestore.services.manifest import manifest as lines

    with PROGRAM.complaining():
        contents = DataFolder(PROGRAM.settings(context).data).contents
        if not contents.is_dir():
            raise FileNotFoundError(f"there is no store in {contents.parent}")
        for line in lines(DiskBackend(contents)):
            print(line)
