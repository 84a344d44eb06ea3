"""The long form of tests/sign_in_fire: `python -m bench.sign_in_fire --inputs 200000`.

The inputs are shared out evenly among the properties and drawn from a seed. The first that breaks a property, or takes
more than a second of processor time to be answered, is shrunk and shown, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from typing import Any

from tests.scim.fire.running import Amount, hold
from tests.sign_in_fire.test_readers import PROPERTIES, Property

_LONGEST_SECONDS = 1.0


def main() -> None:
    """Try every property, or those with `--only` in their name."""
    parser = argparse.ArgumentParser(prog="python -m bench.sign_in_fire", description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000, help="for all properties together")
    parser.add_argument("--only", default="", help="only properties with this in their name")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chosen = {name: one for name, one in PROPERTIES.items() if options.only in name}
    if not chosen:
        sys.exit(f"no property has {options.only!r} in its name: {', '.join(PROPERTIES)}")
    for name, one in chosen.items():
        _try(name, one, Amount(options.inputs // len(chosen), options.seed))


def _try(name: str, one: Property, amount: Amount) -> None:
    tried = 0
    slowest = 0.0

    def timed(given: Any) -> None:
        nonlocal tried, slowest
        gc.disable()  # the garbage of all inputs before would be charged to the one that it meets
        began = time.thread_time()
        try:
            one.check(given)
        finally:
            spent = time.thread_time() - began
            gc.enable()
        tried, slowest = tried + 1, max(slowest, spent)
        assert spent < _LONGEST_SECONDS, f"{spent:.1f} s"

    print(f"{name:20s}", end="", flush=True)
    began = time.monotonic()
    hold(timed, amount, one.inputs())
    took = time.monotonic() - began
    print(f"  {tried:7,d} inputs  slowest {slowest * 1000:6.1f} ms  {took:6.0f} s", flush=True)


if __name__ == "__main__":
    main()
