"""`kill -9` in the middle of a push of 500 users: every acknowledged write is there, none is half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.application import World
from tests.durability.rounds import Scene, kill_master, kill_workers, scene
from tests.durability.serving import wait_until

USERS = 500


@pytest.fixture
def pushed_into(world: World, database_url: str) -> Scene:
    """An active directory; this process has no connection to its database left."""
    made = scene(world, database_url)
    world.transactions.database.engine.dispose()
    return made


def test_killed_workers_lose_nothing_and_leave_nothing_half_done(pushed_into: Scene, tmp_path: Path) -> None:
    report = kill_workers(pushed_into, directory=tmp_path, seed=1, users=USERS, kills=1)

    assert report.problems == ()
    assert (report.acknowledged, report.kills) == (USERS, 1)
    assert report.cut_off > 0


def test_killed_master_loses_nothing_and_leaves_nothing_half_done(pushed_into: Scene, tmp_path: Path) -> None:
    report = kill_master(pushed_into, directory=tmp_path, seed=2, users=USERS, kills=1)

    assert report.problems == ()
    assert (report.acknowledged, report.kills) == (USERS, 1)
    assert report.cut_off > 0


def test_killed_test_run_leaves_no_server_behind(tmp_path: Path) -> None:
    """A process that serves is killed, and gunicorn with its workers is gone a moment later."""
    story = (
        "import pathlib, signal, sys\n"
        "from tests.durability.serving import serving\n"
        "directory = pathlib.Path(sys.argv[1])\n"
        "with serving('bench.noop:application', environment={'DOORWARD_DATABASE_URL': f'sqlite:///{directory}/no.db',\n"
        "    'DOORWARD_SECRET_KEYS': 'k' * 32}, log=directory / 'log', path='/') as server:\n"
        "    pids = [server.master.pid, *(worker.pid for worker in server.workers())]\n"
        "    (directory / 'partial').write_text(' '.join(map(str, pids)))\n"
        "    (directory / 'partial').rename(directory / 'pids')\n"
        "    signal.pause()\n"
    )
    server = subprocess.Popen([sys.executable, "-c", story, str(tmp_path)], env=os.environ)
    try:
        wait_until(lambda: (tmp_path / "pids").exists() or server.poll() is not None, "the server serves")
        processes = [psutil.Process(int(pid)) for pid in (tmp_path / "pids").read_text().split()]
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()

    assert len(processes) > 1
    assert psutil.wait_procs(processes, timeout=30)[1] == []
