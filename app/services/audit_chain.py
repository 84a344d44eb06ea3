"""The chain that seals the audit log: it grows behind the entries, tells the log where it ends, and is walked to see
whether anything was done to it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from app.rules.audit_chain import (
    EMPTY,
    Finding,
    Genuine,
    Head,
    Link,
    beginning,
    canonical,
    end_text,
    examine,
    follow,
    left_waiting,
)
from app.rules.ids import Prefix, first_id, is_id, made_at
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import audit, audit_chain, audit_triggers

log = logging.getLogger("doorward.audit")

#: Short transactions: no push waits for more entries than these to be sealed.
_AT_ONCE = 250
_MOST_IN_A_RUN = 10_000
#: As long as a transaction may take from its first entry to its commit, for its entries to be found at once.
_STILL_OPEN = timedelta(minutes=1)
_PAGE = 500
#: The hourly run leaves nothing waiting for longer.
_OVERDUE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Figures:
    """How many entries of an organization are sealed, and how many wait to be."""

    sealed: int
    waiting: int


def seal(transactions: Transactions) -> int:
    """Seal what was written lately; how many entries it were.

    Looks no further back than a transaction may have been open when the last entry was sealed. What took longer is
    left to `seal_all`.
    """
    with transactions.reading() as unit:
        since = _look_from(audit_chain.newest(unit.session), now=unit.now)
    return _seal_from(transactions, since, most=_MOST_IN_A_RUN)


def seal_all(transactions: Transactions) -> int:
    """Seal everything that waits, however old it is; how many entries it were. Ends follow the newest key."""
    done = _seal_from(transactions, "", most=None)
    for organization_id in _ends_of_other_keys(transactions):
        with transactions.writing() as unit:
            audit_chain.take_turn(unit.session)
            head = _sure_head(unit, organization_id)
            if head is not None:
                _move(unit, organization_id, head.position, head.digest)
    return done


def tell(transactions: Transactions) -> None:
    """Tell the server's log where chains end that have grown: a witness that whoever changes the database cannot
    change with it.
    """
    with transactions.writing() as unit:
        for head in audit_chain.untold(unit.session, limit=_PAGE):
            seal_ = audit_chain.seal_at(unit.session, head.organization_id, head.position)
            told = {"organization": head.organization_id, "position": head.position, "seal": seal_}
            log.info("the audit log is sealed", extra=told)
            head.told_position = head.position


def verify(unit: UnitOfWork, organization_id: str) -> Iterator[Finding]:
    """Walk the chain of one organization; what is wrong, as it is found. The unit must see one moment throughout."""
    head = audit_chain.head(unit.session, organization_id)
    links = _links(unit, organization_id)
    yield from examine(organization_id, links, head, unit.ports.sealing.attested)
    overdue = audit_chain.waiting_of(unit.session, organization_id, before=unit.now - _OVERDUE)
    if overdue:
        yield left_waiting(overdue)
    if audit.is_empty(unit.session, organization_id):
        yield EMPTY


def is_as_told(unit: UnitOfWork, organization_id: str, position: int, seal_: str) -> bool:
    """Whether the chain still has at this position the seal that the log was told."""
    return audit_chain.seal_at(unit.session, organization_id, position) == seal_


def figures(unit: UnitOfWork, organization_id: str) -> Figures:
    """How far the chain of one organization has come."""
    return Figures(
        sealed=audit_chain.sealed(unit.session, organization_id),
        waiting=audit_chain.waiting_of(unit.session, organization_id),
    )


def missing_triggers(unit: UnitOfWork) -> Sequence[str]:
    """Triggers of the database that should keep entries as they are, and are not there."""
    return audit_triggers.missing(unit.connection)


def _look_from(newest: str, *, now: datetime) -> str:
    """The id to look from. One that was made while a clock was fast must not hide what is made afterwards."""
    if not newest:
        return ""
    is_past = is_id(newest, Prefix.AUDIT) and newest < first_id(Prefix.AUDIT, now)
    return first_id(Prefix.AUDIT, (made_at(newest) if is_past else now) - _STILL_OPEN)


def _seal_from(transactions: Transactions, since: str, *, most: int | None) -> int:
    done = 0
    while most is None or done < most:
        with transactions.reading() as unit:
            found = audit_chain.waiting(unit.session, since=since, limit=_AT_ONCE)
        ordered = sorted(found, key=lambda one: (one.organization_id, one.id))
        for organization_id, theirs in groupby(ordered, key=lambda one: one.organization_id):
            done += _seal_some(transactions, organization_id, [one.id for one in theirs])
        if len(found) < _AT_ONCE:
            break
        since = found[-1].id
    return done


def _seal_some(transactions: Transactions, organization_id: str, ids: Sequence[str]) -> int:
    """Seal these entries of one organization; one that cannot be must not keep the others waiting."""
    try:
        with transactions.reading() as unit:
            found = audit.read_all(unit.session, organization_id, ids)
        texts = [(id_, canonical(entry)) for id_ in ids if (entry := found.get(id_)) is not None]
        with transactions.writing() as unit:
            audit_chain.take_turn(unit.session)
            return _extend(unit, organization_id, texts)
    except Exception:  # its entries wait, and the next run may do better
        log.exception("audit entries were not sealed", extra={"organization": organization_id})
        return 0


def _extend(unit: UnitOfWork, organization_id: str, texts: Sequence[tuple[str, str]]) -> int:
    """Append what nobody has sealed meanwhile."""
    sealed = audit_chain.sealed_among(unit.session, [id_ for id_, _ in texts])
    left = [(id_, text) for id_, text in texts if id_ not in sealed]
    head = _sure_head(unit, organization_id) if left else None
    if head is None:
        return 0
    position, digest = head.position, head.digest
    links: list[Link] = []
    for position, (id_, text) in enumerate(left, start=head.position + 1):
        previous, digest = digest, follow(digest, text)
        links.append(Link(position, id_, previous, unit.ports.sealing.attest(digest), entry=None))
    if not _move(unit, organization_id, position, digest):
        return 0
    audit_chain.append(unit.session, organization_id, links)
    return len(links)


def _sure_head(unit: UnitOfWork, organization_id: str) -> Head | None:
    """Where to go on; None where the end of the chain is not as it was left: nothing is built upon that."""
    sealing = unit.ports.sealing
    head = audit_chain.head(unit.session, organization_id)
    if head is None:
        digest = beginning(organization_id)
        first = Head(0, digest, sealing.attest(end_text(organization_id, 0, digest)))
        audit_chain.begin(unit.session, organization_id, first, now=unit.now)
        log.info("an audit chain begins", extra={"organization": organization_id})
        return first
    genuine = sealing.attested(end_text(organization_id, head.position, head.digest), head.seal)
    if genuine is not Genuine.YES:
        told = {"organization": organization_id, "position": head.position, "reason": str(genuine)}
        log.error("the end of an audit chain is not as it was sealed; nothing more is sealed there", extra=told)
        return None
    return head


def _move(unit: UnitOfWork, organization_id: str, position: int, digest: str) -> bool:
    seal_ = unit.ports.sealing.attest(end_text(organization_id, position, digest))
    return audit_chain.move(unit.session, organization_id, Head(position, digest, seal_), now=unit.now)


def _ends_of_other_keys(transactions: Transactions) -> Sequence[str]:
    with transactions.reading() as unit:
        return audit_chain.heads_of_other_keys(unit.session, transactions.ports.sealing.key_ids[0])


def _links(unit: UnitOfWork, organization_id: str) -> Iterator[Link]:
    reached: int | None = None
    while page := audit_chain.links(unit.session, organization_id, after=reached, limit=_PAGE):
        yield from page
        reached = page[-1].position
