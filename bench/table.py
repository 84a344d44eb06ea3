"""The results as Markdown, one table for each operation, with ratios beside the figures."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from bench.measuring import Result, Target
from bench.targets import BARE, IN_MEMORY, NOOP

_PACKAGES = ("flask", "gunicorn", "sqlalchemy", "psycopg", "pydantic", "scim2-server", "scim2-models")
_HEAD = (
    *("answers/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms", "time x no-op", "CPU x no-op"),
    *("time x bare rows", "CPU x bare rows", "time x in memory"),
)
#: As much of a wrong answer as says what is wrong.
_SHOWN = 300


def tables(targets: Sequence[Target], operations: Iterable[str]) -> str:
    """Every operation."""
    return "\n\n".join(_table(targets, name) for name in operations)


def machine() -> str:
    """What the figures were obtained on."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{os.cpu_count()} cores of {_processor()}, {platform.system()} {platform.release()}, Python"
        f" {platform.python_version()}, {packages}; load average {load}"
    )


def _table(targets: Sequence[Target], name: str) -> str:
    by_name = {target.name: target.results[name] for target in targets if name not in target.failures}
    notes = [f"[{number}] {text}" for number, text in enumerate(_failures(targets, name).values(), 1)]
    numbers = {failed: number for number, failed in enumerate(_failures(targets, name), 1)}
    rows = [
        _row(target, by_name, name)
        if target.name in by_name
        else (f"{target.name} [{numbers[target.name]}]", *("-" for _ in _HEAD))
        for target in targets
    ]
    head = (name, *_HEAD)
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ("---", *["---:"] * len(_HEAD)), *rows)]
    return "\n".join([*lines, *(f"\n{note}" for note in notes)])


def _failures(targets: Sequence[Target], name: str) -> dict[str, str]:
    """What was answered wrongly, on one line, by the name of who did."""
    found = {target.name: target.failures[name] for target in targets if name in target.failures}
    return {who: " ".join(text.split())[:_SHOWN].replace("|", "\\|") for who, text in found.items()}


def _row(target: Target, by_name: dict[str, Result], name: str) -> tuple[str, ...]:
    """Time is the median: one slow answer of a busy machine must not decide a ratio."""
    result = target.results[name]
    no_operation, bare = by_name.get(NOOP), by_name.get(BARE.get(target.database, ""))
    return (
        target.name,
        f"{1 / result.mean:,.0f}",
        *(f"{result.percentile(percent):.2f}" for percent in (50, 95, 99)),
        f"{result.processor_milliseconds:.2f}",
        _time_ratio(result, no_operation),
        _processor_ratio(result, no_operation),
        _time_ratio(result, bare),
        _processor_ratio(result, bare),
        _time_ratio(result, by_name.get(IN_MEMORY)),
    )


def _time_ratio(result: Result, other: Result | None) -> str:
    return _ratio(result.percentile(50), other.percentile(50) if other else None)


def _processor_ratio(result: Result, other: Result | None) -> str:
    return _ratio(result.processor_milliseconds, other.processor_milliseconds if other else None)


def _ratio(value: float, other: float | None) -> str:
    return f"{value / other:.2f}" if other else ""


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
