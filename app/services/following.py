"""Metadata that connections follow: read on schedule and when a key is unknown, kept while it is good, taken over by a
person.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from app.rules import following as rules
from app.rules.certificates import Certificate, read_certificates
from app.rules.connections import Revision, Settings, SettingsRead
from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.errors import InvalidInputError, UnreachableError
from app.rules.events import EventType
from app.rules.following import Published, ReadMetadata, Stated, Untaken
from app.services import connection_settings, connections
from app.services.plans import Planned
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import connections as connection_rows
from app.store import following as rows
from app.store.connections import Connection, ConnectionRevision
from app.store.following import FollowedMetadata

log = logging.getLogger("doorward.following")

_BATCH = 10  # read side by side, so that slow servers hold the worker's other jobs up for one time limit, not for ten
_LEASE = timedelta(minutes=10)
_NOTHING_NEW = Refused(Code.NOTHING_TO_TAKE_OVER, "The metadata says nothing that is not in force already.")
_WAITS = Refused(
    Code.NOTHING_TO_TAKE_OVER,
    "The settings that wait say what the metadata says.",
    fix="Test them, then put them in force.",
)
_OTHERS_WAIT = Refused(
    Code.NOTHING_TO_TAKE_OVER,
    "Other settings wait, which taking over would drop.",
    fix="Put them in force or discard them first.",
)


@dataclass(frozen=True, slots=True)
class Following:
    """How a connection follows the metadata at `url`. `read_at` is when the last good reading was begun, None before
    the first; `next_read_at` None while it is not in force. `failure` says why it could not be followed
    `failing_since`, "" while it can. `untaken` is what waits for a person, and `becoming` the settings that they would
    make of it.
    """

    url: str
    read_at: datetime | None
    next_read_at: datetime | None
    failing_since: datetime | None
    failure: str
    untaken: Untaken | None
    becoming: Settings | None
    may_take_over: Decision


@dataclass(frozen=True, slots=True)
class _Reading:
    """One reading under way, of the metadata that a revision names, begun at `at`."""

    organization_id: str
    connection_id: str
    revision_id: str
    settings: Settings
    at: datetime
    is_scheduled: bool


def follow_due(transactions: Transactions, read: ReadMetadata) -> None:
    """Read all metadata whose time has come: leased in one transaction, read outside any, settled one by one."""
    due = _take_due(transactions)
    if not due:
        return
    with ThreadPoolExecutor(max_workers=len(due)) as pool:
        outcomes = list(pool.map(partial(_read, read), due))
    for reading, outcome in zip(due, outcomes, strict=True):
        try:
            with transactions.writing() as unit:
                _settle(unit, reading, outcome)
        except Exception:  # one connection must not stop the others; it comes again when its lease ends
            log.exception("metadata could not be settled", extra={"connection": reading.connection_id})


def follow_up(transactions: Transactions, revision: Revision, read: ReadMetadata) -> Revision | None:
    """The revision with certificates that its metadata has newly, because none that it knows verified an answer.

    The metadata is read for it once in `READ_INTERVAL` at most, over all workers; whoever comes in between gains by
    what another one has just read.
    """
    reading = _take_turn(transactions, revision)
    if reading is not None:
        outcome = _read(read, reading)
        with transactions.writing() as unit:
            _settle(unit, reading, outcome)
    with transactions.reading() as unit:
        row = connection_rows.revision(unit.session, revision.connection_id, revision.revision_id)
        followed = connection_settings.followed_by(unit, row) if row is not None else ()
    return replace(revision, followed=followed) if set(followed) - set(revision.followed) else None


def read(unit: UnitOfWork, connection: Connection) -> Following | None:
    """How the connection follows metadata with what is in force, else with its latest settings; None where not."""
    revision = shown_revision(unit, connection)
    url = rules.metadata_url(revision.settings)
    if url is None:
        return None
    row = rows.of_revision(unit.session, revision.id)
    if row is None:
        return Following(url, None, None, None, "", None, None, _NOTHING_NEW)
    stated = _stated(row)
    untaken = rules.untaken(revision.settings, stated) if row.read_at is not None else None
    return Following(
        url=url,
        read_at=row.read_at,
        next_read_at=row.next_read_at,
        failing_since=row.failing_since,
        failure=row.failure,
        untaken=untaken,
        becoming=rules.with_taken(revision.settings, stated) if untaken is not None else None,
        may_take_over=may_take_over(unit, connection),
    )


def shown_revision(unit: UnitOfWork, connection: Connection) -> ConnectionRevision:
    """The revision in force, else the latest."""
    shown = connection.revision_in_force or connection.latest_revision
    revision = connection_rows.revision(unit.session, connection.id, shown)
    assert revision is not None  # a connection has revisions, and they are deleted with it
    return revision


def may_take_over(unit: UnitOfWork, connection: Connection) -> Decision:
    """Whether the metadata says something that could wait to be put in force, and does not wait already."""
    stated = _stated_in_force(unit, connection)
    in_force = connection_settings.settings_in_force(unit, connection)
    if stated is None or rules.untaken(in_force, stated) is None:
        return _NOTHING_NEW
    latest = connection_settings.settings_of(unit, connection)
    is_waiting = rules.metadata_url(latest) is not None and rules.stated_by(latest).same_as(stated)
    if is_waiting:
        return _WAITS
    drops_something = rules.with_taken(latest, stated) != rules.with_taken(in_force, stated)
    return _OTHERS_WAIT if drops_something else Allowed()


def to_take_over(unit: UnitOfWork, organization_id: str, connection_id: str) -> Planned[Connection]:
    """What the metadata says as a new revision, which waits for its test. Raises NotFoundError."""
    unit.lock(organization_id)
    connection = connections.read(unit, organization_id, connection_id)
    judged = may_take_over(unit, connection)
    stated = _stated_in_force(unit, connection)
    settings = None
    if stated is not None and isinstance(judged, Allowed):
        in_force = shown_revision(unit, connection)
        secrets = connection_settings.unseal_secrets(unit, in_force)
        settings = SettingsRead(rules.with_taken(in_force.settings, stated), secrets)
    edit = connections.to_edit(unit, organization_id, connection_id, name=None, settings=settings, acting=None)
    return edit if settings is not None else replace(edit, judged=judged)


def _take_due(transactions: Transactions) -> Sequence[_Reading]:
    """Each is put off first, so that none can keep the others from their turn."""
    with transactions.writing() as unit:
        due = list[_Reading]()
        for row in rows.due(unit.session, unit.now, limit=_BATCH):
            row.next_read_at, row.tried_at = unit.now + _LEASE, unit.now
            reading = _reading(unit, row.connection_id, row.revision_id, is_scheduled=True)
            if reading is not None:
                due.append(reading)
        return due


def _take_turn(transactions: Transactions, revision: Revision) -> _Reading | None:
    """A reading, where none was begun a moment ago. Asked without writing first: anybody's answer may ask it."""
    with transactions.reading() as unit:
        row = rows.of_revision(unit.session, revision.revision_id)
        if row is not None and row.tried_at is not None and unit.now - row.tried_at < rules.READ_INTERVAL:
            return None
    with transactions.writing() as unit:
        connection = connection_rows.by_public_id(unit.session, revision.connection_id)
        if connection is None or unit.lock_if_there(connection.organization_id) is None:
            return None
        reading = _reading(unit, revision.connection_id, revision.revision_id, is_scheduled=False)
        if reading is None:
            return None
        rows.add_missing(unit.session, revision.connection_id, revision.revision_id)
        before = unit.now - rules.READ_INTERVAL
        is_ours = rows.take_turn(unit.session, revision.revision_id, before=before, now=unit.now)
        return reading if is_ours else None


def _reading(unit: UnitOfWork, connection_id: str, revision_id: str, *, is_scheduled: bool) -> _Reading | None:
    connection = connection_rows.by_public_id(unit.session, connection_id)
    revision = connection_rows.revision(unit.session, connection_id, revision_id)
    if connection is None or revision is None:
        return None
    return _Reading(
        connection.organization_id, connection_id, revision_id, revision.settings, unit.now, is_scheduled=is_scheduled
    )


def _read(read: ReadMetadata, reading: _Reading) -> Published | str:
    """What is published, or why it cannot be followed, as a sentence."""
    try:
        published = read(rules.metadata_url(reading.settings) or "")
    except (InvalidInputError, UnreachableError) as error:
        return error.sentence
    except Exception:  # whatever is wrong with one document must not keep the others from being read
        log.exception("metadata could not be read", extra={"connection": reading.connection_id})
        return "It could not be read; the server's log says why."
    return rules.fault_of(reading.settings, published) or published


def _settle(unit: UnitOfWork, reading: _Reading, outcome: Published | str) -> None:
    """Write down what came of a reading, unless the connection is gone or a later one was quicker."""
    if unit.lock_if_there(reading.organization_id) is None:
        return
    row = rows.of_revision(unit.session, reading.revision_id)
    if row is None or (row.read_at is not None and row.read_at > reading.at):
        return
    if isinstance(outcome, str):
        _fail(unit, reading, row, outcome)
    else:
        _keep(unit, reading, row, outcome)


def _fail(unit: UnitOfWork, reading: _Reading, row: FollowedMetadata, sentence: str) -> None:
    """The last good reading stays. That it fails is told when it begins."""
    if row.next_read_at is None:  # a test of what is not in force; whoever makes it sees the answer refused
        return
    row.failure = sentence
    if reading.is_scheduled:
        row.failures += 1
        row.next_read_at = rules.next_try(row.failures, now=unit.now)
    if row.failing_since is None:
        row.failing_since = unit.now
        _tell(unit, reading, EventType.CONNECTION_METADATA_FAILED, reason=sentence)


def _keep(unit: UnitOfWork, reading: _Reading, row: FollowedMetadata, published: Published) -> None:
    """Certificates that appeared count from now on; every difference to the last reading is told."""
    now_stated = Stated(published.sso_url, published.certificates)
    before = _stated(row) if row.read_at is not None else rules.stated_by(reading.settings)
    row.sso_url, row.read_at = published.sso_url, reading.at  # when it was begun: of two, the later one counts
    row.certificates = [certificate.as_settings() for certificate in published.certificates]
    row.failures = 0
    if row.next_read_at is not None:
        row.next_read_at = rules.next_read(published, now=unit.now)
    if row.failing_since is not None:
        row.failing_since, row.failure = None, ""
        _tell(unit, reading, EventType.CONNECTION_METADATA_RECOVERED)
    if not now_stated.same_as(before):
        _tell_change(unit, reading, before, now_stated, is_in_force=row.next_read_at is not None)


def _tell_change(unit: UnitOfWork, reading: _Reading, before: Stated, after: Stated, *, is_in_force: bool) -> None:
    """Programs hear only of what is in force: nothing is trusted yet because settings that wait were tested."""
    moved = {"sso_url": after.sso_url} if after.sso_url != before.sso_url else {}
    unit.audit(
        reading.organization_id,
        EventType.CONNECTION_METADATA_CHANGED,
        subject=reading.connection_id,
        before=_in_words(before),
        after=_in_words(after),
    )
    if not is_in_force:
        return
    unit.event(
        reading.organization_id,
        EventType.CONNECTION_METADATA_CHANGED,
        subject=reading.connection_id,
        appeared=_fingerprints(rules.added(before.certificates, after.certificates)),
        vanished=_fingerprints(rules.added(after.certificates, before.certificates)),
        **moved,
    )


def _tell(unit: UnitOfWork, reading: _Reading, action: EventType, **data: Any) -> None:
    unit.audit(reading.organization_id, action, subject=reading.connection_id, after=data)
    unit.event(reading.organization_id, action, subject=reading.connection_id, **data)


def _in_words(stated: Stated) -> dict[str, object]:
    return {"sso_url": stated.sso_url, "certificates": _fingerprints(stated.certificates)}


def _fingerprints(certificates: Sequence[Certificate]) -> list[str]:
    return [certificate.fingerprint for certificate in certificates]


def _stated(row: FollowedMetadata) -> Stated:
    return Stated(row.sso_url, read_certificates(row.certificates))


def _stated_in_force(unit: UnitOfWork, connection: Connection) -> Stated | None:
    """What the metadata says that is followed with the revision in force; None where none is, or was read yet."""
    row = rows.of_revision(unit.session, connection.revision_in_force) if connection.revision_in_force else None
    return _stated(row) if row is not None and row.read_at is not None else None
