"""A peer's server: a process on loopback that dies with the one that started it, and is gone at the end."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.durability.serving import HOST, wait_until
from tests.durability.tied import ROOT

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0


@contextmanager
def running(
    arguments: Sequence[str], *, port: int, environment: Mapping[str, str], log: Path
) -> Iterator[psutil.Process]:
    """Start a program, hand it out when it answers on the port, and leave nothing of it behind."""
    tied = [sys.executable, "-m", "tests.durability.tied", str(os.getpid())]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*tied, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            cwd=ROOT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: _answers(process, port), f"{log.stem} answers", seconds=_START_SECONDS)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whatever it answers to somebody without a token; another server that has taken the port does not count."""
    if process.poll() is not None:
        raise RuntimeError(f"it ended with {process.returncode}")
    listening = psutil.Process(process.pid).net_connections("tcp4")
    if not any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in listening):
        return False
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except OSError:
        return False
    finally:
        connection.close()
    return True
