"""`python -m tests.durability.tied PARENT PROGRAM ...` becomes a program that dies with the process that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
_PR_SET_PDEATHSIG = 1


def start(
    arguments: Sequence[str], *, output: IO[bytes] | int, errors: IO[bytes], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a module of Python that the kernel kills when this process ends, however that happens.

    It leads a process group of its own, so that whatever it starts can be killed with it.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "tests.durability.tied", str(os.getpid()), sys.executable, "-m", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        env=dict(environment),
        cwd=ROOT,
        start_new_session=True,
    )


def main() -> None:
    """Ask the kernel for the signal, then become the program."""
    parent = int(sys.argv[1])
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        sys.exit(f"prctl failed: {os.strerror(ctypes.get_errno())}")
    # The parent may have ended before the kernel was asked.
    if os.getppid() == parent:
        os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
