"""One store and two FileManagers that it serves, for all tests of a module.

Rule: tests share them, so each uses containers and transfers of its own.
"""

from collections.abc import Iterator

import pytest

from tests.support.filestore import CallingManager, RunningFileStore, calling_manager, running_filestore


@pytest.fixture(scope="module")
def manager() -> Iterator[CallingManager]:
    with calling_manager() as manager:
        yield manager


@pytest.fixture(scope="module")
def other() -> Iterator[CallingManager]:
    with calling_manager("ivo://roe.ac.uk/filemanager") as manager:
        yield manager


@pytest.fixture(scope="module")
def store(
    manager: CallingManager, other: CallingManager, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningFileStore]:
    folder = tmp_path_factory.mktemp("filestore")
    with running_filestore(folder, [manager, other], "[content]\nmaximum_size = 1000000000") as store:
        yield store
