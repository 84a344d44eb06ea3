"""`python -m bench.push --users 10000`: what a server does when a whole directory arrives, and in the days after.

An identity provider looks up and creates every user, makes groups and fills them in batches of 100, changes some users
and memberships, and reads everything again. Every answer is checked, and at the end what the server holds is compared
with what it has acknowledged.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.databases import KINDS, start_postgres, temporary_directory
from bench.measuring import Target
from bench.operations import SEED
from bench.peers.targets import CHOICES, PEERS, serving_peer
from bench.push import plan, report
from bench.push.ledger import Ledger
from bench.push.running import Phase, Task, run
from bench.table import machine
from bench.targets import ours

#: Problems and wrong answers that are printed; the rest is counted.
_SHOWN = 10


def main() -> None:
    """Push, change, read, compare; exit with 1 when an answer was wrong or anything differs."""
    options = _options()
    with temporary_directory() as directory, _target(options, directory) as target:
        before = report.memory(target)
        ledger = Ledger(earlier=frozenset(_read(target, Ledger())[0].people))
        phases, found = _push(target, ledger, options)
        after = report.memory(target)
    print(f"{target.name}: {options.users:,} users over {options.connections} connections. {machine()}.\n")
    print(report.table(phases), "", report.told(before, after), sep="\n")
    failures = [sentence for phase in phases for sentence in phase.failures]
    problems = list(ledger.problems(found.people, found.groups))
    for name, sentences in (("wrong answers", failures), ("differences from what was acknowledged", problems)):
        print(f"{name}: {len(sentences):,}", *(f"- {sentence}" for sentence in sentences[:_SHOWN]), sep="\n")
    print(f"sent again after 429 or 503: {sum(phase.again for phase in phases):,}")
    sys.exit(bool(failures or problems))


def _push(target: Target, ledger: Ledger, options: argparse.Namespace) -> tuple[list[Phase], plan.Reading]:
    chance, users = random.Random(SEED), options.users
    changes = options.changes or max(users // 20, 100)

    def phase(name: str, tasks: Iterator[Task] | list[Task]) -> Phase:
        sys.stderr.write(f"{name}\n")
        return run(target, name, tasks, connections=options.connections)

    phases = [
        phase("first push", plan.first_push(ledger, range(users))),
        phase("groups", plan.make_groups(ledger, users)),
    ]
    phases.append(phase("memberships", plan.fill_groups(ledger, chance)))
    phases.append(phase("daily churn", plan.churn(ledger, chance, changes, plan.newcomers_of(users, changes))))
    found, reconciliation = _read(target, ledger)
    return [*phases, reconciliation], found


def _read(target: Target, ledger: Ledger) -> tuple[plan.Reading, Phase]:
    """Over one connection, page by page."""
    reading = plan.Reading({}, {})
    return reading, run(target, "reconciliation", reading.tasks(list(ledger.groups)), connections=1)


@contextmanager
def _target(options: argparse.Namespace, directory: Path) -> Iterator[Target]:
    """Doorward or a durable peer, with nobody in it but whom it needs itself."""
    if options.peer:
        peer = next(one for one in PEERS if one.choice == options.peer and one.database)
        postgres = start_postgres(directory) if peer.database == "postgresql" else None
        with serving_peer(peer, directory, postgres, users=0) as target:
            yield target
        return
    postgres = start_postgres(directory) if options.database == "postgresql" else None
    with ours(options.database, directory, postgres, users=0) as target:
        yield target


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.push", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000)
    parser.add_argument("--database", choices=KINDS, default="sqlite", help="of Doorward; a peer has its own")
    parser.add_argument("--peer", choices=CHOICES, help="push into this one instead, on its database")
    parser.add_argument("--connections", type=int, default=4, help="requests the provider has under way at once")
    parser.add_argument(
        "--changes", type=int, default=0, help="of the daily churn; a twentieth of the users by default"
    )
    options = parser.parse_args()
    if options.users < plan.BATCH:
        parser.error(f"--users must be at least {plan.BATCH}, the size of a batch")
    return options


if __name__ == "__main__":
    main()
