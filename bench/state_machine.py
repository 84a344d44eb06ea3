"""The long form of tests/model/test_state_machine.py: `python -m bench.state_machine --steps 100000 --database sqlite`.

Organizations live two at a time in one database, each so many steps, and everybody's role, state, hold and explanation
is compared after each. What fails is told with the fewest steps it takes, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from itertools import count

from bench.databases import KINDS, fresh_database, opened, start_postgres, temporary_directory
from tests.application import World
from tests.model.lives import YOUTHS, Life, LifeFailedError, begin, grown_up, shrunk, walk

_LIFE = 150
_TELL_EVERY = 1_000


def main() -> None:
    """Live, and print what was lived through."""
    parser = argparse.ArgumentParser(prog="python -m bench.state_machine", description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with temporary_directory() as directory:
        postgres = start_postgres(directory) if options.database == "postgresql" else None
        with opened(fresh_database(options.database, directory, postgres)) as real:
            _live(real, steps=options.steps, dice=random.Random(options.seed))


def _live(real: World, *, steps: int, dice: random.Random) -> None:
    began, numbers, figures, taken = time.monotonic(), count(1), Counter[str](), 0
    while taken < steps:
        lives = [begin(real, next(numbers)) for _ in range(2)]
        try:
            for life in lives:
                grown_up(life, dice.choice(YOUTHS))
            walk(lives, steps_taken=2 * _LIFE, dice=dice)
        except LifeFailedError as failed:
            print(shrunk(real, failed.told, numbers))
            sys.exit(1)
        taken += 2 * _LIFE
        figures += _figures(lives)
        real.post.mails.clear()
        if taken // _TELL_EVERY > (taken - 2 * _LIFE) // _TELL_EVERY or taken >= steps:
            print(f"{taken:8,d} steps, {time.monotonic() - began:6.0f} s, {_told(figures)}", flush=True)


def _figures(lives: list[Life]) -> Counter[str]:
    return sum((life.figures for life in lives), Counter[str]())


def _told(figures: Counter[str]) -> str:
    return ", ".join(f"{what}: {number:,d}" for what, number in figures.most_common())


if __name__ == "__main__":
    main()
