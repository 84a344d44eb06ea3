"""Tells the story while it happens: a line for each step that went as it should, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click
import requests

from demo.api import ApiError
from demo.scim import PushRefusedError


class StoryFailedError(Exception):
    """A step did not go as it should; it was said why."""


def expect(holds: object, otherwise: object) -> None:
    """What a step promises. Raises StoryFailedError."""
    if not holds:
        raise StoryFailedError(str(otherwise))


@dataclass
class Story:
    """Counts the steps that went well."""

    passed: int = 0

    @contextmanager
    def step(self, sentence: str) -> Iterator[None]:
        """Everything in here is one step; the first that goes wrong is the last one told."""
        try:
            yield
        except (
            StoryFailedError,
            ApiError,
            PushRefusedError,
            requests.RequestException,
            LookupError,
            TimeoutError,
        ) as error:
            click.secho(f"fail {sentence}", fg="red")
            raise StoryFailedError(str(error)) from error
        self.passed += 1
        click.echo(f"{click.style('ok', fg='green')}   {sentence}")
