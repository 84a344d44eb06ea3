"""The only fakes there are: stand-ins for the outside world, as real classes with the ports' shapes."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.ports.dns import TxtAnswer
from app.ports.http import Http, HttpAnswer, HttpFailedError
from app.ports.key_pairs import KeyPair, SystemKeyPairs
from app.ports.mail import Mail


@dataclass
class HandClock:
    """Time that passes when a test says so."""

    time: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 12, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.time

    def advance(self, **parts: float) -> None:
        """Let time pass: `advance(minutes=5)`."""
        self.time += timedelta(**parts)


@dataclass
class Postbox:
    """Mail that was sent, for reading codes out of it."""

    mails: list[Mail] = field(default_factory=list)

    def send(self, mail: Mail) -> None:
        self.mails.append(mail)

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails if mail.to == address]

    def code_for(self, address: str) -> str:
        """The newest six-digit code mailed to `address`."""
        found = [re.search(r"\b(\d{6})\b", mail.text) for mail in self.to(address)]
        return [code.group(1) for code in found if code is not None][-1]


@dataclass
class ZoneDns:
    """TXT records by host; in `servers` those that each name server of a host's zone has, by the server's name."""

    records: dict[str, list[str]] = field(default_factory=dict)
    servers: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def txt(self, host: str) -> TxtAnswer:
        if host in self.servers:
            said = tuple(TxtAnswer(host, tuple(has), server=name) for name, has in self.servers[host].items())
            return TxtAnswer(host, tuple(value for one in said for value in one.values), servers=said)
        if host not in self.records:
            problem = f"the name {host} does not exist in DNS"
            return TxtAnswer(host=host, problem=problem, no_such_name=True, server="fake:53")
        return TxtAnswer(host=host, values=tuple(self.records[host]), server="fake:53")


class NoHttp:
    """A network in which nothing answers."""

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        raise HttpFailedError(f"{url} did not answer.")

    def post_form(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        raise HttpFailedError(f"{url} did not answer.")


@dataclass
class Switchboard:
    """An Http port whose other end changes with every case."""

    end: Http = field(default_factory=NoHttp)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        return self.end.get(url, headers=headers)

    def post_form(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        return self.end.post_form(url, fields, headers=headers)


class OneKeyPair:
    """Hands the same pair to everybody: making one takes a while."""

    def make(self, *, name: str, now: datetime) -> KeyPair:
        return _one_key_pair()


@functools.cache
def _one_key_pair() -> KeyPair:
    return SystemKeyPairs().make(name="the tests", now=datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
