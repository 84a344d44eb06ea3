"""Random lives of real organizations: after every step everybody stands as worked out from the promises alone."""

from __future__ import annotations

import random
from collections import Counter
from itertools import count

import pytest

from app.services import authority
from tests.application import World
from tests.model.lives import YOUTHS, again, begin, grown_up, walk
from tests.model.steps import Action
from tests.model.test_model_check import holds_nobody
from tests.model.world import UNKNOWN

STEPS = 140


def test_everybody_stands_as_the_promises_say_after_every_step(world: World) -> None:
    numbers = count(1)
    lives = [grown_up(begin(world, next(numbers)), youth) for youth in YOUTHS]

    walk(lives, steps_taken=STEPS, dice=random.Random(1))

    lived = sum((life.figures for life in lives), Counter[str]())
    assert {"put on hold", "released", "refused", "asked by somebody on hold"} <= lived.keys()


#: What random lives have come upon in which the two sides went apart, each with the fault that was behind it.
STORIES: dict[str, list[tuple[str, Action]]] = {
    "a hold keeps the way in through what is being turned off in sight": [
        ("the operator", ("map", 0, "admin")),
        ("", ("create_active", 0)),
        ("", ("join", 0, 0)),
        ("the operator", ("directory_on",)),
        ("", ("test", 0, UNKNOWN)),
        ("the operator", ("sso_on", 0)),
        ("", ("deactivate", 0)),
        ("", ("create_active", 2)),
        ("", ("join", 2, 0)),
        ("", ("test", 2, UNKNOWN)),
        ("", ("deactivate", 2)),
        ("Edith, in a recovery session,", ("directory_off",)),
        ("the operator", ("activate", 2)),
        ("Edith, in a recovery session,", ("sso_off",)),
    ],
    "whoever was removed and is invited again tests the connection as themselves": [
        ("", ("test", 0, UNKNOWN)),
        ("the operator", ("sso_on", 0)),
        ("", ("through_provider", 0, 0b01)),
        ("the operator", ("sso_off",)),
        ("the operator", ("invite", 1, "admin")),
        ("", ("email", 1)),
        ("the operator", ("remove", 0)),
        ("the operator", ("invite", 0, "admin")),
        ("", ("email", 0)),
        ("", ("test", 0, 0b10)),
        ("the operator", ("sso_on", 0)),
    ],
    "a directory that would deactivate the only one on hold who can sign in is not turned on": [
        ("", ("create_active", 0)),
        ("", ("join", 0, 0)),
        ("the operator", ("map", 0, "admin")),
        ("the operator", ("directory_on",)),
        ("", ("create_active", 2)),
        ("", ("deactivate", 0)),
        ("Ada, in a recovery session,", ("directory_off",)),
        ("Ada, in a recovery session,", ("activate", 0)),
        ("", ("join", 2, 0)),
        ("Ada, in a recovery session,", ("directory_on",)),
    ],
}


@pytest.mark.parametrize("story", STORIES)
def test_story_in_which_the_two_once_went_apart_is_told_alike(world: World, story: str) -> None:
    life, problem = again(world, 1, STORIES[story])

    assert problem is None
    assert len(life.told) == len(STORIES[story])


def test_application_whose_guard_forgets_holds_is_found_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    life = grown_up(begin(world, 1), YOUTHS[1])
    leaves = next(step for step in life.choices() if step.action == ("leave", 0, 0))
    monkeypatch.setattr(authority, "settle", holds_nobody)

    with pytest.raises(AssertionError, match="Ada is stored as"):
        life.take(leaves)
