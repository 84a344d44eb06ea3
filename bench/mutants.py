"""Whether the tests would notice: `python -m bench.mutants` breaks the authority rules in every small way, one at a
time.

Conditions are negated, taken for true and for false; comparisons changed; operands of `and` and `or` left out; returned
values lost. Each broken module is run against the tests that promise something about it, in a process of its own.
Prints every mutant with what became of it; the exit code is 1 if one survives that is not listed as no change at all.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import hypothesis.stateful  # noqa: F401 (once, not in every child)
import pytest

from bench.mutated_imports import replace_module
from bench.mutations import ROOT, Mutant, mutants_of

RULES = (
    *("lockout", "roles", "role_order", "members", "prerequisites", "plans", "factors", "invitations", "limits"),
    "guests",
)
#: What promises something about them. The file named for a module is run first, then the others, the slow one last.
QUICK = tuple(f"tests/rules/test_{name}.py" for name in RULES)
SLOW = ("tests/model/test_model_check.py",)
#: Mutants that behave like the original, each with the reason.
NO_CHANGE: dict[str, str] = {
    "roles.effective_role: granted is not None and granted in policy.priorities  ->  granted in policy.priorities": (
        "None is no role's slug; the first operand is for the type checker"
    ),
    "plans._step: [_ for side in (outlook.before, outlook.after) if side is not None]  ->  "
    "[_ for side in (outlook.before, outlook.after)]": (
        "whoever loses something was there before; the condition is for the type checker"
    ),
    "role_order.deal: True  ->  False": "strict: there are as many numbers as roles by then",
}
#: No plugin and no fixture is needed, and most of what a run costs would be theirs.
_OPTIONS = ("-x", "-q", "-c", os.devnull, "--rootdir", str(ROOT), "--noconftest", "-p", "no:cacheprovider")
_AT_ONCE = 2
_LONGEST = 120


@dataclass(frozen=True)
class Fate:
    """What became of a mutant."""

    mutant: Mutant
    word: str
    seconds: float


def main() -> None:
    """Try every mutant, or those of one module, and print the list."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutants", description=__doc__)
    parser.add_argument("--only", choices=RULES, help="mutants of this module only")
    options = parser.parse_args()
    began = time.monotonic()
    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    if _run_tests() != 0:
        sys.exit("the tests fail as the rules stand")
    chosen = [mutant for name in RULES if options.only in (None, name) for mutant in mutants_of(f"app.rules.{name}")]
    fates = []
    for fate in _try_all(chosen):
        fates.append(fate)
        print(f"{fate.word:9s} {fate.seconds:5.1f} s  {fate.mutant}", flush=True)
    counted = Counter(fate.word for fate in fates)
    told = ", ".join(f"{number} {word}" for word, number in sorted(counted.items()))
    print(f"{len(fates)} mutants: {told}; {time.monotonic() - began:.0f} s")
    if counted["SURVIVED"]:
        sys.exit(1)


def _try_all(mutants: Sequence[Mutant]) -> Iterator[Fate]:
    """At most two at once, each in a child that has imported no rule yet."""
    running: dict[int, tuple[Mutant, float]] = {}
    waiting = list(reversed(mutants))
    while waiting or running:
        while waiting and len(running) < _AT_ONCE:
            mutant = waiting.pop()
            running[_start(mutant)] = (mutant, time.monotonic())
        process, status = os.wait()
        mutant, began = running.pop(process)
        yield Fate(mutant, _word(mutant, status), time.monotonic() - began)


def _word(mutant: Mutant, status: int) -> str:
    if status != 0:
        return "killed"
    return "no change" if mutant.name in NO_CHANGE else "SURVIVED"


def _start(mutant: Mutant) -> int:
    process = os.fork()
    if process:
        return process
    replace_module(mutant.module, mutant.source)
    os._exit(_run_here(mutant.module.rpartition(".")[2]))


def _run_tests() -> int:
    process = os.fork()
    if process == 0:
        os._exit(_run_here(RULES[0]))
    return os.waitpid(process, 0)[1]


def _run_here(name: str) -> int:
    """Run the tests silently in this process; a mutant that never comes to an end is ended, and killed with that."""
    signal.alarm(_LONGEST)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    own = f"tests/rules/test_{name}.py"
    for paths in ((own,), tuple(path for path in QUICK if path != own), SLOW):
        code = int(pytest.main([*_OPTIONS, *paths]))
        if code != 0:
            return code
    return 0


if __name__ == "__main__":
    main()
