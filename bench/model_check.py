"""The long form of tests/model/test_model_check.py: `python -m bench.model_check --people 3 --depth 5`.

Every world within so many steps of a beginning is looked at, whatever is asked for, pushed or tried in it. Prints how
many there are at each depth; a broken promise is shown with the shortest way there, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
import time

from tests.model.beginnings import beginnings
from tests.model.search import Search, search
from tests.model.world import NAMES


def main() -> None:
    """Search, and print what was seen."""
    parser = argparse.ArgumentParser(prog="python -m bench.model_check", description=__doc__)
    parser.add_argument("--people", type=int, choices=range(1, len(NAMES) + 1), default=len(NAMES))
    parser.add_argument("--depth", type=int, default=5, help="steps from a beginning")
    options = parser.parse_args()
    began = time.monotonic()
    # Worlds are values without cycles, and all of them stay: the collector would only look at them again and again.
    gc.disable()

    def tell(found: Search) -> None:
        depth, seconds = len(found.by_depth), time.monotonic() - began
        print(
            f"depth {depth}: {found.by_depth[-1]:9,d} new worlds, {found.states:9,d} in all, {found.steps:11,d} steps",
            end="",
        )
        print(f", {seconds:6.0f} s, {_megabytes():5,d} MB", flush=True)

    start = beginnings(options.people)
    print(f"{options.people} people, 2 groups, 2 hosts; {len(start)} beginnings", flush=True)
    found = search(start, depth=options.depth, tell=tell)
    if found.counterexample is not None:
        print(found.counterexample)
        sys.exit(1)
    print("No promise is broken.")


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
