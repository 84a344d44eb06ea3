"""The watch over certificates and client secrets that end: what is near, and telling administrators of it in time."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from app.rules import expiry as rules
from app.rules.connections import ConnectionKind, ConnectionState
from app.rules.events import EventType
from app.rules.expiry import Deadline, Expiring, Expiry, ExpiryWarning, Told
from app.services import alarms, following
from app.services.connection_settings import signed_with
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import connections, expiry_notices, key_pairs
from app.store.connections import Connection

log = logging.getLogger("doorward.worker")


@dataclass(frozen=True, slots=True)
class Outlook:
    """When what a connection relies on ends, the nearest first, and what is to be said of that by now."""

    deadlines: tuple[Deadline, ...]
    warnings: tuple[ExpiryWarning, ...]


def of_connection(unit: UnitOfWork, connection: Connection, kind: ConnectionKind) -> tuple[Expiry, ...]:
    """Everything that this connection relies on and that ends one day, each by itself: of the settings that are in
    force, else of the latest, and the certificate with which the organization signs.
    """
    revision = following.shown_revision(unit, connection)
    found = kind.expiries(revision.settings, signed_with(unit, revision))
    own = key_pairs.all_of(unit.session, connection.organization_id) if kind.uses_own_keys else ()
    return (*found, *(Expiry(Expiring.OWN_CERTIFICATE, pair.expires_at) for pair in own if pair.signs))


def outlook(unit: UnitOfWork, connection: Connection, kind: ConnectionKind) -> Outlook:
    """What page and API show of it."""
    found = rules.deadlines(of_connection(unit, connection, kind), now=unit.now)
    warnings = (rules.warning(deadline, connection=connection.name, now=unit.now) for deadline in found)
    return Outlook(found, tuple(filter(None, warnings)))


def tell_administrators(transactions: Transactions, kinds: Mapping[str, ConnectionKind]) -> None:
    """Tell the administrators of every active connection what has come to a mark that they do not know of.

    Looked at without writing first: almost always there is nothing. Whatever is wrong with one connection keeps the
    others from nothing.
    """
    with transactions.reading() as unit:
        active = [(row.organization_id, row.id) for row in expiry_notices.depended_on(unit.session)]
    for organization_id, connection_id in active:
        try:
            with transactions.reading() as unit:
                if not _due(unit, organization_id, connection_id, kinds):
                    continue
            with transactions.writing() as unit:
                # One after the other: of two workers, the second finds that it was told.
                unit.lock_if_there(organization_id)
                for warning in _due(unit, organization_id, connection_id, kinds):
                    _tell(unit, organization_id, connection_id, warning)
        except Exception:  # it comes again
            log.exception("the watch over what ends failed", extra={"connection": connection_id})


def _due(
    unit: UnitOfWork, organization_id: str, connection_id: str, kinds: Mapping[str, ConnectionKind]
) -> tuple[ExpiryWarning, ...]:
    """What is to be told now."""
    connection = connections.one(unit.session, organization_id, connection_id)
    if connection is None or connection.state != ConnectionState.ACTIVE:
        return ()
    near = outlook(unit, connection, kinds[connection.protocol]).warnings
    told = expiry_notices.told(unit.session, connection_id) if near else {}
    is_due = (rules.mark_due(warning.at, told=told.get(warning.what), now=unit.now) is not None for warning in near)
    return tuple(warning for warning, due in zip(near, is_due, strict=True) if due)


def _tell(unit: UnitOfWork, organization_id: str, connection_id: str, warning: ExpiryWarning) -> None:
    told = Told(warning.at, warning.mark)
    expiry_notices.tell(unit.session, connection_id, warning.what, told, now=unit.now)
    what = {"what": warning.what.value, "at": f"{warning.at:%Y-%m-%dT%H:%M:%SZ}", "days": warning.mark}
    unit.audit(organization_id, EventType.CONNECTION_EXPIRY_WARNED, subject=connection_id, after=what)
    unit.event(organization_id, EventType.CONNECTION_EXPIRY_WARNED, subject=connection_id, **what)
    alarms.expiry(unit, organization_id, connection_id, warning)
