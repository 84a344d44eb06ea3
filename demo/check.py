"""The rest of the story: what becomes of sign-ins and of pushes, good ones and bad ones."""

from __future__ import annotations

from demo.telling import Story
from demo.town import Town


def play(story: Story, town: Town) -> None:
    """All of it, in an order in which each step builds on those before."""
