"""The settings of connections: revisions written with their secrets sealed, and read as their protocols want them."""

from __future__ import annotations

import json
from typing import Any

from app.ports.sealing import SealBrokenError
from app.rules.actor import ActorKind
from app.rules.certificates import Certificate, read_certificates
from app.rules.connections import Revision, SettingsRead
from app.rules.errors import ConflictError, NotFoundError
from app.rules.following import added, metadata_url, own_certificates
from app.rules.ids import ConnectionId, RevisionId
from app.services import key_pairs
from app.services.unit_of_work import UnitOfWork
from app.store import connection_setups, connections, following, organizations, revisions, setup_links
from app.store.connections import Connection, ConnectionRevision
from app.store.setup_links import SetupLink


def settings_of(unit: UnitOfWork, connection: Connection, revision: str | None = None) -> dict[str, Any]:
    """The settings of a revision, by default the latest, without secrets."""
    row = connections.revision(unit.session, connection.id, revision or connection.latest_revision)
    return dict(row.settings) if row else {}


def in_force(unit: UnitOfWork, connection_id: str, *, protocol: str) -> Revision | None:
    """The settings that people sign in through at this connection of this protocol; None where it has none."""
    connection = connections.by_public_id(unit.session, connection_id)
    if connection is None or connection.protocol != protocol or connection.revision_in_force is None:
        return None
    return load_revision(unit, connection, connection.revision_in_force)


def stored(unit: UnitOfWork, connection: Connection, revision: str) -> SettingsRead:
    """A revision as it was read. Without secrets where the key that sealed them is gone, and for the holder of a setup
    link through which it did not come: what they write must not be vouched for by somebody else's secret.
    """
    row = connections.revision(unit.session, connection.id, revision)
    assert row is not None  # a connection has revisions, and they are deleted with it
    is_holder = unit.actor.kind is ActorKind.SETUP_LINK
    is_theirs = not is_holder or row.setup_link_id == unit.actor.id
    return SettingsRead(row.settings, (readable_secrets(unit, row) or {}) if is_theirs else {})


def settings_in_force(unit: UnitOfWork, connection: Connection) -> dict[str, Any]:
    """The settings of the revision in force, without secrets; empty where none is."""
    row = connections.revision(unit.session, connection.id, connection.revision_in_force or "")
    return dict(row.settings) if row else {}


def came_by_link(unit: UnitOfWork, connection: Connection) -> SetupLink | None:
    """The setup link through which the latest settings came, if they did."""
    row = connections.revision(unit.session, connection.id, connection.latest_revision)
    if row is None or row.setup_link_id is None:
        return None
    return setup_links.one(unit.session, connection.organization_id, row.setup_link_id)


def load_revision(unit: UnitOfWork, connection: Connection, revision_id: str) -> Revision:
    """A revision as its protocol reads it, secrets unsealed. Raises NotFoundError."""
    row = connections.revision(unit.session, connection.id, revision_id)
    if row is None:
        raise NotFoundError("There is no such revision.")
    return Revision(
        connection_id=ConnectionId(connection.id),
        revision_id=RevisionId(row.id),
        settings=row.settings,
        secrets=unseal_secrets(unit, row),
        verified_hosts=organizations.verified_hosts(unit.session, connection.organization_id),
        own_keys=key_pairs.of(unit, connection.organization_id),
        followed=followed_by(unit, row),
    )


def followed_by(unit: UnitOfWork, row: ConnectionRevision) -> tuple[Certificate, ...]:
    """The certificates that stand beside a revision's own in the metadata that it follows."""
    return added(own_certificates(row.settings), _published(unit, row))


def signed_with(unit: UnitOfWork, row: ConnectionRevision) -> tuple[Certificate, ...]:
    """The certificates that the provider may sign with: those in the metadata that the revision follows, else its
    own.
    """
    return _published(unit, row) or own_certificates(row.settings)


def described(unit: UnitOfWork, connection_id: str, *, protocol: str) -> Revision:
    """The settings that a connection of this protocol is being set up with, none in a guided setup. Raises
    NotFoundError.
    """
    connection = connections.by_public_id(unit.session, connection_id)
    if connection is not None and connection.protocol == protocol:
        return load_revision(unit, connection, connection.latest_revision)
    setup = connection_setups.by_public_id(unit.session, connection_id)
    if setup is None or setup.protocol != protocol:
        raise NotFoundError("There is no such connection.")
    # What identity providers read of us before we know anything of them.
    return Revision(
        connection_id=ConnectionId(setup.id),
        revision_id=RevisionId(""),
        settings={},
        own_keys=key_pairs.of(unit, setup.organization_id),
    )


def unseal_secrets(unit: UnitOfWork, row: ConnectionRevision) -> dict[str, str]:
    """The secrets of a revision by name. Raises ConflictError where the key that sealed them is gone."""
    try:
        return dict(json.loads(unit.ports.sealing.unseal(row.sealed_secrets, place=_place(row.id))))
    except SealBrokenError as error:
        raise ConflictError(
            "The key that sealed the settings of this connection is gone. An administrator mends it by editing it and "
            "entering them again."
        ) from error


def readable_secrets(unit: UnitOfWork, row: ConnectionRevision) -> dict[str, str] | None:
    """The same; None where the key that sealed them is gone, for the pages on which that is mended."""
    try:
        return unseal_secrets(unit, row)
    except ConflictError:
        return None


def add_revision(unit: UnitOfWork, connection: Connection, read: SettingsRead) -> None:
    """What was read as the latest revision, under the id that the connection names; its secrets sealed."""
    sealed = unit.ports.sealing.seal(json.dumps(read.secrets), place=_place(connection.latest_revision))
    unit.session.add(
        ConnectionRevision(
            id=connection.latest_revision,
            connection_id=connection.id,
            settings=read.settings,
            sealed_secrets=sealed,
            created_at=unit.now,
            setup_link_id=unit.actor.id if unit.actor.kind is ActorKind.SETUP_LINK else None,
            number=revisions.next_number(unit.session, connection.id),
            made_by=unit.actor.label,
        )
    )
    unit.session.flush()


def _published(unit: UnitOfWork, row: ConnectionRevision) -> tuple[Certificate, ...]:
    """The certificates in the metadata that a revision follows, as it was last read; none before that."""
    followed = following.of_revision(unit.session, row.id) if metadata_url(row.settings) is not None else None
    return read_certificates(followed.certificates) if followed is not None else ()


def _place(revision_id: str) -> str:
    return f"connection_revisions/{revision_id}"
