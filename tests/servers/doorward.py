"""The product itself as people start it: `doorward serve` in a directory of its own, on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
_READY_SECONDS = 60
_STOP_SECONDS = 20


@dataclass(frozen=True)
class Served:
    """A running server: gunicorn, its workers and the background worker; its files are in `directory`."""

    base_url: str
    directory: Path
    process: subprocess.Popen[bytes]

    @property
    def start_link(self) -> str:
        """The one-time link of the first administrator."""
        return (self.directory / "var" / "start_link").read_text("utf-8").strip()

    @property
    def log(self) -> str:
        return (self.directory / "server.log").read_text("utf-8", "replace")

    def replace_web_workers(self) -> None:
        """Kill every process that answers requests (SIGKILL); return when others are there in their place."""
        (gunicorn,) = (child for child in psutil.Process(self.process.pid).children() if "gunicorn" in child.cmdline())
        before = gunicorn.children()
        for worker in before:
            worker.kill()
        psutil.wait_procs(before, timeout=_STOP_SECONDS)
        deadline = time.monotonic() + _READY_SECONDS
        while len(gunicorn.children()) < len(before) and time.monotonic() < deadline:
            time.sleep(0.05)
        _wait_until_ready(self)

    def command(self, *arguments: str, environment: dict[str, str]) -> str:
        """Run another `doorward` command on the same data, as an operator would on the host."""
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            cwd=self.directory,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment_for(base_url: str, database_url: str, /, **settings: str) -> dict[str, str]:
    """The environment of a server, without whatever DOORWARD_ variables this machine has.

    It listens at `base_url`; `settings` may name another one, at which people reach it.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DOORWARD_")}
    own = {
        "DOORWARD_BASE_URL": base_url,
        "DOORWARD_BIND": base_url.removeprefix("http://"),
        "DOORWARD_DATABASE_URL": database_url,
        "DOORWARD_SECRET_KEYS": "a-secret-key-for-tests-0123456789abcdef",
        "PYTHONPATH": str(ROOT),
    }
    return kept | own | {f"DOORWARD_{name.upper()}": value for name, value in settings.items()}


@contextmanager
def served(directory: Path, database_url: str, **settings: str) -> Iterator[Served]:
    """Start, wait until it answers, and stop it with everything it started."""
    base_url = f"http://127.0.0.1:{free_port()}"
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve"],
            cwd=directory,
            env=environment_for(base_url, database_url, **settings),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Served(base_url, directory, process)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        _stop(process)


def _wait_until_ready(server: Served) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.base_url}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            server.process.poll()
    raise AssertionError(f"the server did not come up:\n{server.log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # whatever is left of its session
