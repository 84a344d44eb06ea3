"""The product itself, as a child process: `doorward serve` with data in a folder of its own, on a free port."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

_ROOT = Path(__file__).parents[1]
_READY_SECONDS = 60
_STOP_SECONDS = 2  # no more, because nothing that it might still write is kept


class DemoFailedError(Exception):
    """The demo cannot go on; the message is a sentence for whoever started it."""


@dataclass(frozen=True)
class Doorward:
    """A running server, with the token that opens its JSON API."""

    base_url: str
    folder: Path
    operator_token: str = field(repr=False)


@contextmanager
def doorward(folder: Path, *, resolver: str, smtp_url: str, banner: str) -> Iterator[Doorward]:
    """Start it, wait until it answers, and end it with everything that it started."""
    base_url = f"http://127.0.0.1:{free_port()}"
    server = Doorward(base_url, folder, secrets.token_urlsafe(32))
    settings = {
        "BASE_URL": base_url,
        "BIND": base_url.removeprefix("http://"),
        "DATABASE_URL": f"sqlite:///{folder / 'doorward.db'}",
        "OPERATOR_TOKEN": server.operator_token,
        "SMTP_URL": smtp_url,
        "DNS_RESOLVERS": resolver,
        "ALLOW_PRIVATE_ADDRESSES": "true",
        "BANNER": banner,
        "WORKERS": "1",  # each takes its time to start, and somebody is waiting
    }
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve"],
            cwd=folder,
            env=_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours; the server is ended when everything else has let go of it
        )
        try:
            _wait_until_ready(server, process)
            yield server
        finally:
            _end(process)


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(settings: dict[str, str]) -> dict[str, str]:
    """Whatever is set for a real server on this machine counts for nothing here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}
    return kept | {f"DOORWARD_{name}": value for name, value in settings.items()} | {"PYTHONPATH": str(_ROOT)}


def _wait_until_ready(server: Doorward, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < end:
        with suppress(requests.RequestException), requests.Session() as session:
            session.trust_env = False  # no proxy stands between this machine and itself
            if session.get(f"{server.base_url}/readyz", timeout=5).ok:
                return
        time.sleep(0.1)
    log = (server.folder / "server.log").read_text("utf-8", "replace")
    raise DemoFailedError(f"The server did not start:\n{log}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end; whatever is left of its session after that is ended without being asked."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
