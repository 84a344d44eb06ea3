"""Runs the demo until it is told to stop, or its whole story once."""

from __future__ import annotations

import signal
import tempfile
import time
from pathlib import Path
from types import FrameType

import click

from demo.building import built
from demo.check import play
from demo.server import DemoFailedError
from demo.setting_up import set_up
from demo.telling import Story, StoryFailedError
from demo.town import Town

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(*, check: bool) -> int:
    """The exit code: 0 when it went as it should. Everything it has made is gone afterwards."""
    for number in _ENDINGS:
        signal.signal(number, _stop)
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="doorward-demo-") as folder, built(Path(folder)) as town:
            try:
                _tell(town, check=check, began=began)
            finally:
                for number in _ENDINGS:
                    signal.signal(number, signal.SIG_IGN)  # impatience must not leave anything behind
    except KeyboardInterrupt:
        return 130 if check else 0
    except (StoryFailedError, DemoFailedError) as error:
        click.secho(str(error), fg="red", err=True)
        return 1
    return 0


def _tell(town: Town, *, check: bool, began: float) -> None:
    story = Story()
    set_up(story, town)
    if check:
        play(story, town)
        click.echo(f"\n{story.passed} steps passed in {time.monotonic() - began:.0f} s.")
        return
    click.secho("\nThe demo is ready. Nothing in it is real, and nothing of it stays.\n", bold=True)
    click.echo(f"  Doorward's settings, as their administrator     {town.settings_link}")
    click.echo(f"  The company around it: people, provider, mail   {town.control_link}\n")
    click.echo("Ctrl-C ends it and deletes everything.")
    while True:
        signal.pause()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
