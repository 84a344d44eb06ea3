"""Random lives of real organizations: after every step everybody stands as worked out from the promises alone."""

from __future__ import annotations

import random
from itertools import count

from tests.application import World
from tests.model.lives import begin, walk

STEPS = 120


def test_everybody_stands_as_the_promises_say_after_every_step(world: World) -> None:
    dice, numbers = random.Random(1), count(1)
    for _ in range(2):
        walk([begin(world, next(numbers)), begin(world, next(numbers))], steps_taken=STEPS, dice=dice)
