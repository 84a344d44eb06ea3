"""The long form of tests/durability: `python -m bench.durability --rounds 1000 --database sqlite`.

A round is a kill. Each push of 500 users is killed several times, on a database of its own, alternately a worker that
is being talked to and the master with its workers; afterwards every row is compared with what was acknowledged.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from bench.databases import KINDS, fresh_database, opened, start_postgres, temporary_directory
from tests.durability.rounds import Report, kill_master, kill_workers, scene
from tests.servers.postgres import PostgresServer


def main() -> None:
    """Kill until the rounds are done; exit with 1 at the first push that lost something."""
    parser = argparse.ArgumentParser(prog="python -m bench.durability", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1_000, help="how many kills")
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    parser.add_argument("--users", type=int, default=500, help="users of one push")
    parser.add_argument("--kills", type=int, default=5, help="kills during one push")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with temporary_directory() as directory:
        postgres = start_postgres(directory) if options.database == "postgresql" else None
        sys.exit(_kill_often(options, directory, postgres))


def _kill_often(options: argparse.Namespace, directory: Path, postgres: PostgresServer | None) -> int:
    began = time.monotonic()
    kills = users = cut_off = carried_out = push = 0
    while kills < options.rounds:
        url = fresh_database(options.database, directory, postgres)
        due = min(options.kills, options.rounds - kills)
        report = _one_push(url, directory, master=push % 2 == 1, seed=options.seed + push, users=options.users, due=due)
        if postgres is not None:
            postgres.drop_database(url)
        push, kills, users = push + 1, kills + report.kills, users + report.acknowledged
        cut_off, carried_out = cut_off + report.cut_off, carried_out + report.carried_out
        print(f"{kills:5d} kills  {users:7d} users acknowledged  {time.monotonic() - began:6.0f} s", flush=True)
        if report.problems:
            print(*report.problems, f"seed {options.seed + push - 1}", sep="\n")
            return 1
    print(
        f"{options.database}: {kills} kills in {push} pushes, {users} users acknowledged; {cut_off} requests cut"
        f" off, {carried_out} of them carried out: 0 lost, 0 half done, {time.monotonic() - began:.0f} s"
    )
    return 0


def _one_push(url: str, directory: Path, *, master: bool, seed: int, users: int, due: int) -> Report:
    with opened(url) as world:
        made = scene(world, url)
    kill = kill_master if master else kill_workers
    return kill(made, directory=directory, seed=seed, users=users, kills=due)


if __name__ == "__main__":
    main()
