"""Random lives of real organizations: after every step everybody stands as worked out from the promises alone."""

from __future__ import annotations

import random
from collections import Counter
from itertools import count

import pytest

from app.services import authority
from tests.application import World
from tests.model.lives import YOUTHS, begin, grown_up, walk
from tests.model.test_model_check import holds_nobody

STEPS = 140


def test_everybody_stands_as_the_promises_say_after_every_step(world: World) -> None:
    numbers = count(1)
    lives = [grown_up(begin(world, next(numbers)), youth) for youth in YOUTHS]

    walk(lives, steps_taken=STEPS, dice=random.Random(1))

    lived = sum((life.figures for life in lives), Counter[str]())
    assert {"put on hold", "released", "refused", "asked by somebody on hold"} <= lived.keys()


def test_application_whose_guard_forgets_holds_is_found_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    life = grown_up(begin(world, 1), YOUTHS[1])
    leaves = next(step for step in life.choices() if step.action == ("leave", 0, 0))
    monkeypatch.setattr(authority, "settle", holds_nobody)

    with pytest.raises(AssertionError, match="Ada is stored as"):
        life.take(leaves)
