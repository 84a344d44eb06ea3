"""A plugin of the test run: counts the tests of the checklists by where their shapes come from.

It is loaded with the whole suite: with several workers, the process that reports never loads this folder's conftest.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.scim.checklists.lines import ALL, NOT_TESTED, PARTLY_TESTED
from tests.scim.checklists.origins import MARK, Origin

_ORIGIN, _REASON = "origin of the shape", "expected to fail"


def pytest_configure(config: pytest.Config) -> None:
    """Announce the mark; unknown ones are refused."""
    config.addinivalue_line("markers", f"{MARK}(origin, source): where the shape of a checklist's test comes from")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Write the origin where it reaches the report, whichever process runs the test."""
    mark = item.get_closest_marker(MARK)
    if mark is None:
        return
    item.user_properties.append((_ORIGIN, Origin(mark.args[0]).value))
    failing = item.get_closest_marker("xfail")
    if failing is not None:
        item.user_properties.append((_REASON, failing.kwargs["reason"]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests ran by origin, which are expected to fail, and which lines have none."""
    origins: dict[str, str] = {}
    failing: dict[str, str] = {}
    for reports in list(terminalreporter.stats.values()):
        for report in reports:
            properties = dict(getattr(report, "user_properties", ()))
            if _ORIGIN in properties:
                test = report.nodeid.partition("::")[2].partition("[")[0]
                origins[test] = properties[_ORIGIN]
                failing |= {test: properties[_REASON]} if _REASON in properties else {}
    if not origins:
        return
    counted = Counter(origins.values())
    terminalreporter.section("SCIM checklists")
    terminalreporter.write_line(f"{len(origins)} tests ran, for {len(ALL)} lines. Their shapes come from:")
    for origin in Origin:
        terminalreporter.write_line(f"{counted[origin]:5}  {origin}")
    _list(terminalreporter, "expected to fail", failing)
    _list(terminalreporter, "lines without a test", NOT_TESTED)
    _list(terminalreporter, "lines of which a part is not tested", PARTLY_TESTED)


def _list(reporter: pytest.TerminalReporter, title: str, reasons: dict[str, str]) -> None:
    if reasons:
        reporter.write_line(f"{len(reasons)} {title}:")
    for name, reason in sorted(reasons.items()):
        reporter.write_line(f"       {name}: {reason}")
