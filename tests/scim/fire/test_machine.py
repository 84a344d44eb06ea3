"""Whole lives of a directory against the model: pushes in any order, replays among them."""

from __future__ import annotations

from tests.scim.application import Installation
from tests.scim.fire.machine import DirectoryMachine
from tests.scim.fire.running import Amount, walk

LIVES = 8
STEPS = 25


def lives_go_as_the_model_says(installation: Installation, amount: Amount) -> None:
    walk(lambda: DirectoryMachine(installation.directory()), amount, steps=STEPS)


def test_whole_directory_equals_the_model_after_every_step(installation: Installation) -> None:
    lives_go_as_the_model_says(installation, Amount(LIVES))
