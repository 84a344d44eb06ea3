"""The chain that shows what was done to the audit log.

Each entry follows the one sealed before it: the digest of an entry covers the digest before, and so all entries before.
The seal of an entry is made of its digest with a key that the database does not hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC
from enum import StrEnum

from app.rules.audit import AuditRecord


class Genuine(StrEnum):
    """Whether a seal was made of exactly this text by one of our keys."""

    YES = "yes"
    NO = "no"
    UNKNOWN_KEY = "unknown_key"


@dataclass(frozen=True, slots=True)
class Seal:
    """HMAC-SHA-256 as 64 hex digits, and which key made it."""

    key_id: str
    value: str


@dataclass(frozen=True, slots=True)
class Link:
    """One position of a chain as it is stored. `previous` is the digest before it.

    `entry` is None where it is gone, or stored in a way that can no longer be read.
    """

    position: int
    entry_id: str
    previous: str
    seal: Seal
    entry: AuditRecord | None
    is_readable: bool = True


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: the last position with its digest, sealed too, so that it cannot end earlier unnoticed."""

    position: int
    digest: str
    seal: Seal


class Fault(StrEnum):
    """What was done to a chain."""

    ALTERED = "altered"
    INSERTED = "inserted"
    OUT_OF_ORDER = "out_of_order"
    REMOVED = "removed"
    TRUNCATED = "truncated"
    END = "end"
    EMPTY = "empty"
    UNSEALED = "unsealed"
    UNKNOWN_KEY = "unknown_key"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, as a sentence that names position and entry."""

    fault: Fault
    sentence: str
    position: int | None = None
    entry_id: str | None = None


#: Founding an organization writes the first entry, so that none is ever without.
EMPTY = Finding(Fault.EMPTY, "There is no entry at all, not even that of the founding: all of them were removed.")

Check = Callable[[str, Seal], Genuine]

_PARTS = tuple(field.name for field in fields(AuditRecord) if field.name != "position")


def canonical(record: AuditRecord) -> str:
    """The entry as text that is the same wherever and whenever it is read: JSON with sorted names and nothing more.

    An address that there is not is left out, as in what was sealed before there were any.
    """
    parts = {name: getattr(record, name) for name in _PARTS}
    if record.network_address is None:
        del parts["network_address"]
    parts["at"] = record.at.astimezone(UTC).isoformat(timespec="microseconds")
    return json.dumps(parts, sort_keys=True, separators=(",", ":"))


def beginning(organization_id: str) -> str:
    """The digest that the first entry of a chain follows."""
    return _sha256(f"The audit log of {organization_id}")


def follow(previous: str, entry: str) -> str:
    """The digest of an entry, given as canonical text, behind the one before it."""
    return _sha256(f"{previous}\n{entry}")


def end_text(organization_id: str, position: int, digest: str) -> str:
    """What the seal of a chain's end is made of."""
    return f"end of {organization_id}\n{position}\n{digest}"


def examine(organization_id: str, links: Iterable[Link], head: Head | None, check: Check) -> Iterator[Finding]:
    """Everything that is wrong with a chain, told while it is walked: `links` come in the order of their positions.

    A position speaks for itself: its entry and the digest before it must give what its seal was made of. It must also
    follow the position before it. Where a seal's key is no longer configured, the digest that the next position
    follows takes its place, and in the end any later seal that is genuine vouches for it.
    """
    walk = _Walk(organization_id, head, check)
    waiting: Link | None = None
    for link in links:
        if waiting is not None:
            yield from walk.step(waiting, following=link.previous if link.position == waiting.position + 1 else None)
        waiting = link
    if waiting is not None:
        ends_here = head is not None and head.position == waiting.position
        yield from walk.step(waiting, following=head.digest if head is not None and ends_here else None)
    yield from walk.end()


class _Walk:
    """Where a walk is: the position it reached, its digest where that is sure, and what nobody has vouched for yet."""

    def __init__(self, organization_id: str, head: Head | None, check: Check) -> None:
        self._organization_id = organization_id
        self._head = head
        self._check = check
        self._position = 0
        self._digest: str | None = beginning(organization_id)
        self._unvouched = 0

    def step(self, link: Link, *, following: str | None) -> Iterator[Finding]:
        """One position. `following` is the digest that the next position says it follows."""
        if link.position > self._position + 1:
            yield _gap(Fault.REMOVED, self._position + 1, link.position - 1)
            self._digest = None
        expected, self._position, self._digest = self._digest, link.position, None
        is_sealed = following is not None and self._check(following, link.seal) is Genuine.YES
        if link.entry is None:
            self._digest = following if is_sealed else None
            yield _gone(link)
            return
        digest = follow(link.previous, canonical(link.entry))
        genuine = self._check(digest, link.seal)
        if genuine is Genuine.UNKNOWN_KEY:
            self._unvouched += 1
        if genuine is Genuine.NO or (genuine is Genuine.UNKNOWN_KEY and following not in (None, digest)):
            self._digest = following if is_sealed else None
            yield _altered(link) if is_sealed or genuine is Genuine.UNKNOWN_KEY else _inserted(link)
            return
        self._digest = digest
        if expected is not None and link.previous != expected:
            yield _out_of_order(link)
        elif genuine is Genuine.YES:
            self._unvouched = 0

    def end(self) -> Iterator[Finding]:
        """Whether the chain ends where it was recorded to end."""
        head = self._head
        if head is None:
            if self._position:
                yield Finding(Fault.END, "The record of where the chain ends is missing.")
            return
        genuine = self._check(end_text(self._organization_id, head.position, head.digest), head.seal)
        if genuine is Genuine.NO:
            yield Finding(Fault.END, "The record of where the chain ends was altered.")
        if head.position > self._position:
            yield _gap(Fault.TRUNCATED, self._position + 1, head.position)
        elif head.position < self._position:
            yield _beyond(head.position + 1, self._position)
        elif genuine is Genuine.YES and self._digest not in (None, head.digest):
            yield Finding(Fault.END, "The chain does not end with the entry that it was recorded to end with.")
        elif genuine is Genuine.YES:
            self._unvouched = 0
        if self._unvouched:
            yield _unvouched(self._unvouched, self._position)
        elif genuine is Genuine.UNKNOWN_KEY:
            yield Finding(
                Fault.UNKNOWN_KEY, "The recorded end of the chain has a seal of a key that is not configured."
            )


def left_waiting(number: int) -> Finding:
    """Entries have waited for hours for what takes seconds."""
    what = "1 entry has" if number == 1 else f"{number} entries have"
    sentence = f"{what} waited for hours to be sealed: no worker runs, or their chain was removed or altered."
    return Finding(Fault.UNSEALED, sentence)


def _gap(fault: Fault, first: int, last: int) -> Finding:
    where = " at the end of the chain" if fault is Fault.TRUNCATED else ""
    what = f"Position {first} is" if first == last else f"Positions {first} to {last} are"
    return Finding(fault, f"{what} missing{where}: removed together with the seal.", first)


def _beyond(first: int, last: int) -> Finding:
    what = f"Position {first} stands" if first == last else f"Positions {first} to {last} stand"
    return Finding(Fault.INSERTED, f"{what} beyond the recorded end of the chain.", first)


def _gone(link: Link) -> Finding:
    if link.is_readable:
        sentence = f"Entry {link.entry_id} at position {link.position} was removed; its seal is still there."
        return Finding(Fault.REMOVED, sentence, link.position, link.entry_id)
    sentence = f"Entry {link.entry_id} at position {link.position} was altered: it can no longer be read."
    return Finding(Fault.ALTERED, sentence, link.position, link.entry_id)


def _altered(link: Link) -> Finding:
    sentence = f"Entry {link.entry_id} at position {link.position} was altered: something else was sealed there."
    return Finding(Fault.ALTERED, sentence, link.position, link.entry_id)


def _inserted(link: Link) -> Finding:
    sentence = (
        f"Entry {link.entry_id} at position {link.position} has a seal that this server did not make:"
        " it was inserted, or altered together with its seal."
    )
    return Finding(Fault.INSERTED, sentence, link.position, link.entry_id)


def _out_of_order(link: Link) -> Finding:
    sentence = (
        f"Entry {link.entry_id} at position {link.position} does not follow the one before it:"
        " the order was changed, or something between them was removed."
    )
    return Finding(Fault.OUT_OF_ORDER, sentence, link.position, link.entry_id)


def _unvouched(number: int, position: int) -> Finding:
    what = "1 entry" if number == 1 else f"{number} entries"
    sentence = (
        f"{what} up to position {position} cannot be checked: sealed with a key that is no longer configured,"
        " and no later seal vouches for them."
    )
    return Finding(Fault.UNKNOWN_KEY, sentence, position)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
