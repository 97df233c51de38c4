"""What holds for every test: in CI nothing is skipped silently, laws are tried the same way each time, and what takes
longest begins first.

Rule: no fixtures here; what several tests share is in tests/support/, by noun.
"""

import os

import hypothesis
import pytest

# No deadline: how long an example takes is no property of the code. In CI the examples are the same in every run.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

LONGEST = (
    "tests/faults/test_crash.py",
    "tests/operators/test_workers.py",
    "tests/faults/test_powerloss.py",
    "tests/journeys/test_command_line.py",
    "tests/ground/test_benchmarks.py",
    "tests/journeys/test_killed_at_each_step.py",
    "tests/faults/test_system_calls.py",
    "tests/journeys/test_copies_killed.py",
    "tests/faults/test_seeded_bugs.py",
    "tests/journeys/test_two_communities.py",
    "tests/journeys/test_crashes.py",
    "tests/filestore/test_process.py",
    "tests/journeys/test_inheritance.py",
    "tests/journeys/test_appending.py",
    "tests/journeys/test_fault_table.py",
    "tests/journeys/test_full_disk.py",
    "tests/journeys/test_up.py",
    "tests/model/test_model.py",
    "tests/operators/test_commands.py",
    "tests/operators/test_key_rotation.py",
    "tests/faults/test_crash_s3.py",
    "tests/journeys/test_contents_in_s3.py",
    "tests/filestore/backends/test_s3.py",
)
"""The files whose tests take longest, by seconds of a core on a machine that does nothing else (--durations=0 tells);
less than ten are not worth a line.
"""


class NothingSkipped:
    """Fails a run in which a test was skipped, unless its `platform` mark says that this machine cannot run it.

    .ci/run installs what tests need, so a skip in CI means that it forgot something.
    """

    def __init__(self) -> None:
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        expected = "platform" in report.keywords or hasattr(report, "wasxfail")
        if report.skipped and not expected:
            self.skipped.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped.append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for nodeid in self.skipped:
            terminalreporter.write_line(f"CI skips nothing, but: {nodeid}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    """With xdist only the process that collects the reports judges them, and it keeps the order of the collection."""
    config.option.loadscopereorder = False
    if os.environ.get("CI") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(NothingSkipped(), "nothing-skipped")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file is one process's from its beginning to its end, so that a long one that begins last leaves others idle."""
    order = {file: place for place, file in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(order)))
