"""One directory for everything a test run shares between its processes, and a lock that says the run is alive."""

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import IO

import pytest

DIRECTORY = "DOORWARD_TEST_RUN"
PREFIX = "doorward-test-"
alive = pytest.StashKey[IO[bytes]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the directory in the process that the run belongs to; pytest-xdist's workers inherit its name."""
    if hasattr(config, "workerinput"):
        return
    # Directly under /tmp, because the path of a Unix socket may not be longer than about a hundred characters.
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))
    # PostgreSQL under root runs as another user, who has to get through here.
    directory.chmod(0o711)
    # The kernel lets go of the lock however this process ends: that is how others know that the run is over.
    file = (directory / "alive").open("wb")
    fcntl.flock(file, fcntl.LOCK_EX)
    config.stash[alive] = file
    os.environ[DIRECTORY] = str(directory)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what the run shared, then remove the directory."""
    if alive not in config.stash:
        return
    directory = Path(os.environ.pop(DIRECTORY))
    stop_keeper(directory)
    config.stash[alive].close()
    shutil.rmtree(directory, ignore_errors=True)


def shared_directory() -> Path:
    """Return the directory that all processes of this run share."""
    return Path(os.environ[DIRECTORY])


def stop_keeper(directory: Path) -> None:
    """End the process that keeps PostgreSQL for this run, if one was started, and wait until it has cleaned up."""
    if not (directory / "keeper").exists():
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(int((directory / "keeper").read_text("ascii")), signal.SIGTERM)
    with (directory / "keeping").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
