"""The long form of tests/scim/fire: `python -m bench.fire --examples 20000 --database sqlite`.

Every property gets that many examples, drawn from a seed; a life of the state machine counts as its 25 steps. The first
example that breaks a property is shrunk and shown with its traceback, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from bench.databases import KINDS, fresh_database, start_postgres, temporary_directory
from tests.scim.application import Installation
from tests.scim.fire import test_filters, test_machine, test_patches
from tests.scim.fire.population import populated
from tests.scim.fire.running import Amount

Run = Callable[[Installation, Amount], None]


def main() -> None:
    """Try every property, or those with `--only` in their name."""
    parser = argparse.ArgumentParser(prog="python -m bench.fire", description=__doc__)
    parser.add_argument("--examples", type=int, default=20_000, help="for each property")
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    parser.add_argument("--only", default="", help="only properties with this in their name")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chosen = {name: run for name, run in _properties().items() if options.only in name}
    if not chosen:
        sys.exit(f"no property has {options.only!r} in its name: {', '.join(_properties())}")
    with temporary_directory() as directory:
        postgres = start_postgres(directory) if options.database == "postgresql" else None
        installation = Installation.at(fresh_database(options.database, directory, postgres))
        try:
            for name, run in chosen.items():
                _try(name, run, installation, options)
        finally:
            installation.close()


def _properties() -> dict[str, Run]:
    """Name -> how it is tried."""
    searches = {one.__name__: _on_a_population(one) for one in test_filters.PROPERTIES}
    patches = {one.__name__: one for one in test_patches.PROPERTIES}
    return {**searches, **patches, test_machine.lives_go_as_the_model_says.__name__: _lives}


def _on_a_population(search: test_filters.Property) -> Run:
    def run(installation: Installation, amount: Amount) -> None:
        pushing = installation.directory()
        search((pushing, populated(pushing)), amount)

    return run


def _lives(installation: Installation, amount: Amount) -> None:
    lives = max(1, amount.examples // test_machine.STEPS)
    test_machine.lives_go_as_the_model_says(installation, Amount(lives, amount.seed))


def _try(name: str, run: Run, installation: Installation, options: argparse.Namespace) -> None:
    print(f"{options.database:10s}  {name:48s}", end="", flush=True)
    began = time.monotonic()
    run(installation, Amount(options.examples, options.seed))
    print(f"  {options.examples:6,d} examples  {time.monotonic() - began:6.0f} s", flush=True)


if __name__ == "__main__":
    main()
