"""Whether the time of an answer tells which addresses are known: `python -m bench.enumeration --database sqlite`.

A real gunicorn with two workers is asked everything a stranger can ask without a code, about addresses of each kind in
turn, each by a browser that was never here before and about an address that nobody has asked about. Every other kind is
set beside unknown addresses, and one column sets unknown addresses beside other unknown ones. It exits with 1 when
answers differ, medians by five milliseconds, or times in any way of which chance would make one run in a hundred show
as much.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from bench.client import Connection
from bench.databases import KINDS, analyze, fresh_database, opened, start_postgres, temporary_directory
from bench.table import machine
from bench.two_samples import kolmogorov_smirnov
from tests.application import SECRET_KEY
from tests.durability.serving import GunicornServer, serving
from tests.scenes import found_organization
from tests.web.addresses import Kind, Question, Seen, ask_everything, people

_WARM_UP = 20
#: What the medians of two kinds may differ by, in milliseconds, and how improbable a difference by chance may be.
_GOAL, _IMPROBABLE = 5.0, 0.01
_KNOWN = (Kind.MEMBER, Kind.ADMINISTRATOR, Kind.SUSPENDED)

Times = dict[tuple[Kind, Question], list[float]]


class _Stranger:
    """A browser that was never here before: its own connection, client address and cookie."""

    def __init__(self, port: int, chance: random.Random) -> None:
        address = ".".join(["10", *(str(chance.randrange(100, 200)) for _ in range(3))])
        headers = {
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": address,
        }
        first = Connection(port, headers)
        cookie = re.search(rb"(?i)set-cookie: ([^;]+)", first.exchange("GET", "/sign-in", b"").head)
        assert cookie is not None
        first.close()
        self.connection = Connection(port, {**headers, "Cookie": cookie.group(1).decode()})

    def get(self, path: str) -> Seen:
        return self._seen("GET", path, b"")

    def post(self, path: str, fields: Mapping[str, str]) -> Seen:
        return self._seen("POST", path, urlencode(fields).encode())

    def _seen(self, method: str, path: str, body: bytes) -> Seen:
        answer = self.connection.exchange(method, path, body)
        lines = answer.head.decode("latin-1").split("\r\n")[1:]
        headers = tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))
        return Seen(answer.status, headers, answer.body.decode(), answer.seconds)


def main() -> None:
    """Ask, compare, print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.enumeration", description=__doc__)
    parser.add_argument("--samples", type=int, default=2_000, help="addresses of each kind, each asked about once")
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with temporary_directory() as directory:
        sys.exit(_measure(directory, options))


def _measure(directory: Path, options: argparse.Namespace) -> int:
    with _served(directory, options) as (server, addresses):
        times, differing = _ask(server, addresses, random.Random(options.seed))
    print(f"{options.database}, {options.samples:,} addresses of each kind. {machine()}.\n")
    print(table(times))
    print(*differing, sep="\n")
    difference, probability = largest_difference(times), least_probability(times)
    print(
        f"Largest difference of medians: {difference:.2f} ms. Probability that chance alone shows as much in some cell"
    )
    print(f"of a known address: {probability:.2g}.")
    return 1 if differing or difference >= _GOAL or probability < _IMPROBABLE else 0


@contextmanager
def _served(directory: Path, options: argparse.Namespace) -> Iterator[tuple[GunicornServer, dict[Kind, list[str]]]]:
    postgres = start_postgres(directory) if options.database == "postgresql" else None
    url = fresh_database(options.database, directory, postgres)
    with opened(url) as world:
        organization = found_organization(world)
        organization.verify_domain()
        organization.store_recovery_codes()
        addresses = people(organization, options.samples + _WARM_UP, seed=options.seed)
    if postgres is not None:
        analyze(url)
    environment = {
        "DOORWARD_DATABASE_URL": url,
        "DOORWARD_SECRET_KEYS": SECRET_KEY,
        "DOORWARD_SMTP_URL": "smtp://127.0.0.1:9",
        "DOORWARD_WORKERS": "2",
        "DOORWARD_TRUSTED_PROXIES": "1",
        "DOORWARD_LOG_FORMAT": "json",
    }
    log = directory / "server.log"
    with serving("wsgi:application", environment=environment, log=log, arguments=("--max-requests", "0")) as server:
        yield server, addresses


def _ask(server: GunicornServer, addresses: Mapping[Kind, list[str]], chance: random.Random) -> tuple[Times, list[str]]:
    """Seconds of every answer, the first few left out; and which answers were not those to an unknown address."""
    times: Times = defaultdict(list)
    told: dict[tuple[Kind, Question], set[str]] = defaultdict(set)
    for number in range(len(addresses[Kind.UNKNOWN])):
        for kind in chance.sample(list(Kind), len(Kind)):
            address = addresses[kind][number]
            stranger = _Stranger(server.port, chance)
            for question, seen in ask_everything(stranger, address).items():
                told[kind, question].add(seen.told(address))
                if number >= _WARM_UP:
                    times[kind, question].append(seen.seconds)
            stranger.connection.close()
    return times, [
        f"The answer to {question} is another one for: {kind}."
        for (kind, question), answers in told.items()
        if answers != told[Kind.UNKNOWN, question]
    ]


def table(times: Times) -> str:
    """A row for each question: the median for unknown addresses, then what each other kind differs by."""
    others = [kind for kind in Kind if kind is not Kind.UNKNOWN]
    rows = [("ms", Kind.UNKNOWN, *others), ("---", *["---:"] * len(Kind))]
    for question in Question:
        unknown = times[Kind.UNKNOWN, question]
        cells = [f"{_median(unknown):.2f}"]
        for kind in others:
            distance, probability = kolmogorov_smirnov(unknown, times[kind, question])
            difference = _median(times[kind, question]) - _median(unknown)
            cells.append(f"{difference:+.2f}, D {distance:.3f}, p {probability:.2g}")
        rows.append((question, *cells))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def largest_difference(times: Times) -> float:
    """In milliseconds, of any kind from unknown addresses."""
    return max(
        abs(_median(seconds) - _median(times[Kind.UNKNOWN, question])) for (_, question), seconds in times.items()
    )


def least_probability(times: Times) -> float:
    """How probable the least probable cell of a known address is among as many (Bonferroni)."""
    found = [
        kolmogorov_smirnov(times[Kind.UNKNOWN, question], times[kind, question])[1]
        for kind in _KNOWN
        for question in Question
    ]
    return min(1.0, min(found) * len(found))


def _median(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1000


if __name__ == "__main__":
    main()
