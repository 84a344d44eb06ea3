"""The demo as a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
_READY_SECONDS = 90
_ENDED_SECONDS = 30


@dataclass(frozen=True)
class Started:
    """`folder` is where its temporary folder is."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def told(self) -> str:
        return (self.folder.parent / "told").read_text("utf-8")

    def links(self) -> tuple[str, str]:
        """Wait until it is ready: the link to the settings, and that to the control page."""
        end = time.monotonic() + _READY_SECONDS
        while "Ctrl-C ends it" not in self.told:
            assert self.process.poll() is None, self.told
            assert time.monotonic() < end, self.told
            time.sleep(0.1)
        settings, control = re.findall(r"http://\S+", self.told)
        return settings, control

    def everything(self) -> list[psutil.Process]:
        """The process and whatever it has started."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Starts a demo with the arguments of the command; ends it if the test has not."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    begun: list[Started] = []

    def start_demo(*arguments: str) -> Started:
        with (tmp_path / "told").open("wb") as told:
            process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "demo", *arguments],
                cwd=tmp_path,
                env={**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)},
                stdout=told,
                stderr=subprocess.STDOUT,
            )
        begun.append(Started(process, folder))
        return begun[-1]

    yield start_demo
    for demo in begun:
        demo.process.send_signal(signal.SIGTERM)
        demo.process.wait(_ENDED_SECONDS)
