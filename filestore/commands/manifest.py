"""`filestore manifest`.

Rule: stands on the contents alone, so that it works where the catalogue is lost; what is adopted has only the catalogue
to tell of it, and is told of where there is one.
"""

import typer

from filestore.commands.program import PROGRAM


def manifest(context: typer.Context) -> None:
    """Print all that the store holds, one line of JSON a container; its catalogue is not needed."""
    from filestore.backends.folder import DataFolder
    from filestore.backends.own import find_own
    from filestore.commands.opening import open_store
    from filestore.services.manifest import manifest as lines
    from filestore.services.manifest import manifest_of_adopted

    with PROGRAM.complaining():
        settings = PROGRAM.settings(context)
        folder = DataFolder(settings.data)
        for line in lines(find_own(settings, folder)):
            print(line)
        if settings.adopted and (settings.database or (folder.path / "catalogue.db").exists()):
            with open_store(settings) as store:
                for line in manifest_of_adopted(store):
                    print(line)
