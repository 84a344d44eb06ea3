"""The phases as one Markdown table, and the memory of the workers."""

from __future__ import annotations

from collections.abc import Sequence

import psutil

from bench.measuring import Result, Target
from bench.push.running import Phase

_HEAD = ("", "requests", "a second", "p50 ms", "p95 ms", "p99 ms", "max ms", "over 1 s", "CPU ms")
_SLOW_SECONDS = 1.0


def table(phases: Sequence[Phase]) -> str:
    """A row for each phase and below it one for each kind of its requests; only a phase knows its processor time."""
    rows = [_HEAD, ("---", *["---:"] * (len(_HEAD) - 1))]
    for phase in phases:
        every = [seconds for kind in phase.seconds.values() for seconds in kind]
        processor = f"{phase.processor_seconds / len(every) * 1000:.2f}" if every else "-"
        rows.append((f"**{phase.name}**", *_figures(every, phase.elapsed), processor))
        if len(phase.seconds) > 1:
            rows += [(kind, *_figures(seconds, phase.elapsed), "") for kind, seconds in phase.seconds.items()]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def memory(target: Target) -> dict[int, float]:
    """Resident megabytes of each worker, or of a server that is one process."""
    server = target.processes[0]
    return {one.pid: one.memory_info().rss / 2**20 for one in server.children() or [server] if _lives(one)}


def told(before: dict[int, float], after: dict[int, float]) -> str:
    """One line."""
    return f"worker memory (RSS): {_sum(before)} before, {_sum(after)} after"


def _sum(sizes: dict[int, float]) -> str:
    each = " + ".join(f"{size:.0f}" for size in sizes.values())
    return f"{sum(sizes.values()):.0f} MiB ({each})"


def _figures(seconds: Sequence[float], elapsed: float) -> tuple[str, ...]:
    if not seconds:
        return ("0", *["-"] * 6)
    result = Result(list(seconds))
    return (
        f"{len(seconds):,}",
        f"{len(seconds) / elapsed:,.0f}",
        *(f"{result.percentile(percent):.2f}" for percent in (50, 95, 99)),
        f"{max(seconds) * 1000:.2f}",
        str(sum(one > _SLOW_SECONDS for one in seconds)),
    )


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
