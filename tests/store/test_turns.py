"""Writers of SQLite take turns: in the order they came, across processes, and a killed one lets go."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from app.store.turns import Turns

HOLDER = """
import sys, time
from pathlib import Path
from app.store.turns import Turns
with Turns(Path(sys.argv[1])).turn():
    print("mine", flush=True)
    time.sleep(60)
"""


def test_threads_write_in_the_order_they_came(tmp_path: Path) -> None:
    (tmp_path / "doorward.db").touch()
    turns, order = Turns(tmp_path / "doorward.db"), []

    def write(number: int) -> None:
        with turns.turn():
            order.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    with turns.turn():
        for number, thread in enumerate(threads, start=1):
            thread.start()
            while len(turns._waiting) < number:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def test_a_process_waits_for_another_and_gets_its_turn_when_that_one_is_killed(tmp_path: Path) -> None:
    database = tmp_path / "doorward.db"
    database.touch()
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(database)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout, holder:
        assert holder.stdout.readline() == "mine\n"
        got = threading.Event()

        def write() -> None:
            with Turns(database).turn():
                got.set()

        waiting = threading.Thread(target=write)
        waiting.start()
        assert not got.wait(0.2)
        holder.kill()
        assert got.wait(10)
        waiting.join()


def test_a_turn_is_handed_on_when_the_writer_fails(tmp_path: Path) -> None:
    (tmp_path / "doorward.db").touch()
    turns = Turns(tmp_path / "doorward.db")
    with pytest.raises(ValueError, match="broken"), turns.turn():
        raise ValueError("broken")
    with turns.turn():
        assert turns._taken
    assert not turns._taken
