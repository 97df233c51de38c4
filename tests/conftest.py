"""What holds for every test: in CI nothing is skipped silently, and laws are tried the same way each time.

Rule: no fixtures here; what several tests share is in tests/support/, by noun.
"""

import os

import hypothesis
import pytest

# No deadline: how long an example takes is no property of the code. In CI the examples are the same in every run.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")


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
    """With xdist only the process that collects the reports judges them."""
    if os.environ.get("CI") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(NothingSkipped(), "nothing-skipped")
