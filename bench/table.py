"""The results as Markdown, one table for each operation, with ratios beside the figures."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from bench.measuring import Result, Target
from bench.targets import IN_MEMORY, NOOP

_PACKAGES = ("flask", "gunicorn", "sqlalchemy", "psycopg", "pydantic", "scim2-server", "scim2-models", "scim2-flask")
_HEAD = ("", "answers/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms", "time x no-op", "CPU x no-op", "time x in memory")


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
    by_name = {target.name: target.results[name] for target in targets}
    no_operation, in_memory = by_name.get(NOOP), by_name.get(IN_MEMORY)
    rows = [_row(target.name, target.results[name], no_operation, in_memory) for target in targets]
    head = (name, *_HEAD[1:])
    return "\n".join(["| " + " | ".join(cells) + " |" for cells in (head, ("---", *["---:"] * (len(head) - 1)), *rows)])


def _row(name: str, result: Result, no_operation: Result | None, in_memory: Result | None) -> tuple[str, ...]:
    """Time is the median: one slow answer of a busy machine must not decide a ratio."""
    median = result.percentile(50)
    return (
        name,
        f"{1 / result.mean:,.0f}",
        *(f"{result.percentile(percent):.2f}" for percent in (50, 95, 99)),
        f"{result.processor_milliseconds:.2f}",
        _ratio(median, no_operation.percentile(50) if no_operation else None),
        _ratio(result.processor_milliseconds, no_operation.processor_milliseconds if no_operation else None),
        _ratio(median, in_memory.percentile(50) if in_memory else None),
    )


def _ratio(value: float, other: float | None) -> str:
    return f"{value / other:.2f}" if other else ""


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
