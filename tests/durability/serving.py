"""Real gunicorn in a process of its own: started, watched, killed, and never left behind."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil

from tests.durability import tied

HOST = "127.0.0.1"
#: Below the ports that the kernel hands out for outgoing connections, so that nobody takes one between two starts.
_PORTS = range(20_000, 30_000)
_SECONDS = 30.0
_STOP_SECONDS = 10.0
_T = TypeVar("_T")


def wait_until(condition: Callable[[], _T], what: str, *, seconds: float = _SECONDS) -> _T:
    """What the condition says as soon as it holds. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not (said := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.01)
    return said


def free_port() -> int:
    """A port that nobody listens on."""
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as trial, contextlib.suppress(OSError):
            trial.bind((HOST, port))
            return port
    raise RuntimeError("no port is free")


class GunicornServer:
    """One gunicorn with Doorward's own configuration; it can be started again on the same port after it was killed."""

    def __init__(
        self, application: str, *, environment: Mapping[str, str], log: Path, arguments: Sequence[str] = ()
    ) -> None:
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}
        address = {"DOORWARD_BIND": f"{HOST}:{self.port}", "DOORWARD_BASE_URL": self.url}
        self._environment = kept | address | dict(environment)
        self._arguments = ["gunicorn", "--config", "python:config.gunicorn", *arguments, application]
        self._log = log
        self._master: subprocess.Popen[bytes] | None = None

    @property
    def master(self) -> psutil.Process:
        """The process that starts the workers."""
        assert self._master is not None, "not started"
        return psutil.Process(self._master.pid)

    @property
    def log(self) -> str:
        """What gunicorn and the application said."""
        return self._log.read_text("utf-8", "replace")

    def start(self, *, path: str = "/readyz", seconds: float = _SECONDS) -> None:
        """Return when the path answers. Raises with the log when it does not."""
        with self._log.open("ab") as log:
            self._master = tied.start(self._arguments, output=log, errors=log, environment=self._environment)
        try:
            wait_until(lambda: self._answers(path), "gunicorn answers", seconds=seconds)
        except BaseException as error:
            self.kill_everything()
            raise RuntimeError(f"gunicorn did not start:\n{self.log[-4000:]}") from error

    def workers(self) -> list[psutil.Process]:
        """The worker processes that live."""
        living = {psutil.STATUS_RUNNING, psutil.STATUS_SLEEPING, psutil.STATUS_DISK_SLEEP}
        found = []
        for child in self.master.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [child] if child.status() in living else []
        return found

    def kill_worker(self, chance: random.Random) -> None:
        """SIGKILL a worker that clients are connected to; return when gunicorn has put another in its place."""
        victim = chance.choice(wait_until(self._connected, "a worker has a client"))
        before = len(self.workers())
        victim.kill()
        victim.wait(_SECONDS)
        wait_until(lambda: len(self.workers()) == before, "gunicorn replaces the worker")

    def kill_everything(self) -> None:
        """SIGKILL the master and its workers at once; return when they are gone."""
        if self._master is None:
            return
        group = self._group()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._master.pid, signal.SIGKILL)
        self._master.wait(_SECONDS)
        _, alive = psutil.wait_procs(group, timeout=_SECONDS)
        self._master = None
        assert not alive, f"still there: {alive}"

    def stop(self) -> None:
        """End it in good order, and in bad order when it takes too long."""
        if self._master is None:
            return
        self._master.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._master.wait(_STOP_SECONDS)
        self.kill_everything()

    def _group(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            return self.master.children(recursive=True)
        return []

    def _connected(self) -> list[psutil.Process]:
        """Workers that hold a connection of a client."""
        found = []
        for worker in self.workers():
            with contextlib.suppress(psutil.NoSuchProcess):
                held = worker.net_connections("tcp4")
                if any(one.status == psutil.CONN_ESTABLISHED and one.laddr.port == self.port for one in held):
                    found.append(worker)
        return found

    def _answers(self, path: str) -> bool:
        assert self._master is not None
        if self._master.poll() is not None:
            raise RuntimeError(f"gunicorn ended with {self._master.returncode}")
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()


@contextmanager
def serving(
    application: str,
    *,
    environment: Mapping[str, str],
    log: Path,
    arguments: Sequence[str] = (),
    path: str = "/readyz",
    seconds: float = _SECONDS,
) -> Iterator[GunicornServer]:
    """Start a server, hand it out, and leave nothing of it behind."""
    server = GunicornServer(application, environment=environment, log=log, arguments=arguments)
    server.start(path=path, seconds=seconds)
    try:
        yield server
    finally:
        server.stop()
