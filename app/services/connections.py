"""Connections: created, edited as revisions, tested, activated (which is requiring single sign-on), deactivated,
deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from app.rules import prerequisites
from app.rules.connections import ConnectionState, SettingsRead
from app.rules.decisions import Allowed, Decision
from app.rules.errors import ConflictError, NotFoundError
from app.rules.events import EventType
from app.rules.following import metadata_url
from app.rules.ids import Prefix
from app.rules.organizations import read_text
from app.rules.prerequisites import Acting, SignInProof
from app.rules.setup_links import may_add, may_touch_connection
from app.services import authority, connection_settings, key_pairs, policy, recovery
from app.services.authority import Change, Proposal
from app.services.plans import Planned, Proof
from app.services.unit_of_work import UnitOfWork
from app.store import connection_setups, connections, following, organizations, revisions, sign_ins
from app.store.connections import Connection
from app.store.members import Member
from app.store.organizations import Organization


def all_of(unit: UnitOfWork, organization_id: str) -> Sequence[Connection]:
    """The organization's connections, oldest first."""
    return connections.all_of(unit.session, organization_id)


def read(unit: UnitOfWork, organization_id: str, connection_id: str) -> Connection:
    """One connection. Raises NotFoundError."""
    connection = connections.one(unit.session, organization_id, connection_id)
    if connection is None:
        raise NotFoundError("There is no such connection.")
    return connection


def to_create(
    unit: UnitOfWork,
    organization_id: str,
    *,
    protocol: str,
    name: str,
    read: SettingsRead,
    acting: Acting | None,
    connection_id: str | None = None,
) -> Planned[Connection]:
    """A connection with its first revision, ready to be tested.

    `connection_id` is that of a guided setup, which ends with it. Raises ConflictError when it has ended already.
    """
    unit.lock(organization_id)
    setup = connection_setups.one(unit.session, organization_id, connection_id) if connection_id else None
    if connection_id is not None and setup is None:
        raise ConflictError("This setup has ended already.")
    connection = Connection(
        id=connection_id or unit.id(Prefix.CONNECTION),
        organization_id=organization_id,
        protocol=protocol,
        name=read_text(name, field="name"),
        state=ConnectionState.VALIDATING,
        created_at=unit.now,
        latest_revision=unit.id(Prefix.REVISION),
    )

    def write(_proof: Proof) -> Connection:
        if setup is not None:
            unit.session.delete(setup)
        unit.session.add(connection)
        unit.session.flush()
        connection_settings.add_revision(unit, connection, read)
        key_pairs.make_first(unit, organization_id)
        what = {"protocol": protocol, "name": connection.name}
        unit.audit(organization_id, "connection.created", subject=connection.id, after=what)
        unit.event(organization_id, EventType.CONNECTION_CREATED, subject=connection.id, **what)
        return connection

    judged = may_set_up(unit, organization_id, acting=acting)
    return Planned(unit, organization_id, "connection.created", write, judged=judged, about=connection.name)


def to_edit(
    unit: UnitOfWork,
    organization_id: str,
    connection_id: str,
    *,
    name: str | None,
    settings: SettingsRead | None,
    acting: Acting | None,
    based_on: str | None = None,
) -> Planned[Connection]:
    """Rename, or make a new revision, which never changes what is in force until it was tested and activated.

    Raises ConflictError where new settings were `based_on` a revision that is not the latest any more.
    """
    unit.lock(organization_id)
    connection = read(unit, organization_id, connection_id)
    if settings is not None and based_on not in {None, connection.latest_revision}:
        raise ConflictError("Somebody else has changed the settings of this connection meanwhile.")
    name = connection.name if name is None else read_text(name, field="name")
    # Renaming is always possible, and mending what is in force: whoever cannot sign in waits for it.
    needs_set_up = settings is not None and connection.state != ConnectionState.ACTIVE

    def write(_proof: Proof) -> Connection:
        before = {"name": connection.name, "revision": connection.latest_revision}
        connection.name = name
        if settings is not None:
            connection.latest_revision = unit.id(Prefix.REVISION)
            connection_settings.add_revision(unit, connection, settings)
            if connection.state != ConnectionState.ACTIVE:
                connection.state = ConnectionState.VALIDATING
        after = {"name": connection.name, "revision": connection.latest_revision}
        unit.audit(organization_id, "connection.updated", subject=connection_id, before=before, after=after)
        unit.event(organization_id, EventType.CONNECTION_UPDATED, subject=connection_id, **after)
        return connection

    revisions = connections.latest_number(unit.session, connection.id)
    judged = may_touch_connection(unit.actor, is_active=_is_active(connection), revisions=revisions)
    if isinstance(judged, Allowed) and needs_set_up:
        judged = _set_up(unit, organization_id, acting)
    return Planned(unit, organization_id, "connection.updated", write, judged=judged, subject=connection_id)


def latest_proof(unit: UnitOfWork, connection: Connection, member: Member) -> SignInProof | None:
    """When this member last came in through exactly the latest revision, by a test or a sign-in."""
    proof = connections.proof(unit.session, connection.latest_revision, member.id)
    return SignInProof(proof.proven_at, proof.would_be_admin) if proof else None


def may_set_up(unit: UnitOfWork, organization_id: str, *, acting: Acting | None) -> Decision:
    """Whether a connection may be created or edited."""
    judged = may_add(unit.actor, there=len(connections.all_of(unit.session, organization_id)))
    return _set_up(unit, organization_id, acting) if isinstance(judged, Allowed) else judged


def may_touch(unit: UnitOfWork, connection: Connection) -> Decision:
    """Whether whoever acts may change this connection at all, or test it."""
    return may_touch_connection(unit.actor, is_active=_is_active(connection))


def _is_active(connection: Connection) -> bool:
    return connection.state == ConnectionState.ACTIVE


def may_activate(unit: UnitOfWork, connection: Connection, *, acting: Member | None) -> Decision:
    """Whether this connection's latest revision may be put in force."""
    proof = connections.proof(unit.session, connection.latest_revision, acting.id) if acting else None
    return prerequisites.activate_sso(
        state=ConnectionState(connection.state),
        in_force_is_latest=connection.revision_in_force == connection.latest_revision,
        set_up=_set_up(unit, connection.organization_id, acting_of(acting)),
        proof=SignInProof(proof.proven_at, proof.would_be_admin) if proof else None,
        recovery=recovery.state(unit, connection.organization_id),
        now=unit.now,
    )


def to_activate(
    unit: UnitOfWork,
    organization_id: str,
    connection_id: str,
    *,
    acting: Member | None,
    keep_session: str | None = None,
) -> Planned[Connection]:
    """Require single sign-on through the latest revision. Sessions opened otherwise end, except the acting one. Where
    another revision is in force already, this one takes its place, and sessions stay; where another connection is
    active, this one takes its place.
    """
    organization = unit.lock(organization_id)
    connection = read(unit, organization_id, connection_id)
    other = replaced_connection(unit, connection)
    revision, replaced = connection.latest_revision, connection.revision_in_force
    action = EventType.CONNECTION_ACTIVATED if replaced is None else EventType.CONNECTION_REVISION_APPLIED

    def write(proof: Proof) -> Connection:
        if other is not None:
            _turn_off(unit, other, proof)
            unit.session.flush()  # one is active at a time, at every moment that the database looks
        put_in_force(unit, connection, revision, proof)
        if replaced is not None:
            return replaced_by(unit, connection, replaced, action, proof)
        connection.state, connection.activated_at = ConnectionState.ACTIVE, unit.now
        sign_ins.end_sessions_opened_otherwise(
            unit.session, organization_id, connection_id=connection_id, keep=keep_session, now=unit.now
        )
        return _switched(unit, connection, action, proof)

    return Planned(
        unit,
        organization_id,
        action,
        write,
        propose=partial(propose_revision, unit, organization, revision),
        judged=may_activate(unit, connection, acting=acting),
        subject=connection_id,
        about=" ".join((connection_id, revision, *([other.id] if other is not None else ()))),
        shown_first=True,
    )


def to_deactivate(
    unit: UnitOfWork, organization_id: str, connection_id: str, *, keep_session: str | None = None
) -> Planned[Connection]:
    """Turn single sign-on off: everyone falls back to email codes. Sessions opened through it end, except the acting
    one.
    """
    organization = unit.lock(organization_id)
    connection = read(unit, organization_id, connection_id)

    def write(proof: Proof) -> Connection:
        sign_ins.end_sessions_opened_through(unit.session, connection_id, keep=keep_session, now=unit.now)
        return _turn_off(unit, connection, proof)

    return Planned(
        unit,
        organization_id,
        EventType.CONNECTION_DEACTIVATED,
        write,
        propose=partial(propose_revision, unit, organization, None),
        judged=prerequisites.deactivate_sso(state=ConnectionState(connection.state)),
        subject=connection_id,
    )


def replaced_connection(unit: UnitOfWork, connection: Connection) -> Connection | None:
    """The active connection whose place this one takes when it is activated, if there is one."""
    active = connections.active(unit.session, connection.organization_id)
    return None if active is None or active.id == connection.id else active


def put_in_force(unit: UnitOfWork, connection: Connection, revision: str, proof: Proof) -> None:
    """From now on people sign in through this revision, and the metadata that it names is followed."""
    revisions.begin_term(unit.session, connection, revision, by=unit.actor.label, proof=proof, now=unit.now)
    following.end(unit.session, connection.id)
    if metadata_url(connection_settings.settings_in_force(unit, connection)) is not None:
        following.begin(unit.session, connection.id, revision, now=unit.now)


def replaced_by(unit: UnitOfWork, connection: Connection, replaced: str, action: EventType, proof: Proof) -> Connection:
    """Tell that another revision is in force than the one that was."""
    before, after = {"revision": replaced}, {"revision": connection.revision_in_force}
    unit.audit(connection.organization_id, action, subject=connection.id, before=before, after=after, proof=proof)
    unit.event(
        connection.organization_id,
        action,
        subject=connection.id,
        before=replaced,
        after=connection.revision_in_force,
    )
    return connection


def propose_revision(unit: UnitOfWork, organization: Organization, revision: str | None) -> Proposal:
    """What follows for people when this revision is in force; None: when single sign-on is off."""
    before = policy.current(unit.session, organization)
    change = Change(policy=before.with_access(sso_revision=revision))
    return authority.propose(unit, organization.id, policy=before, change=change, by_person=True)


def _turn_off(unit: UnitOfWork, connection: Connection, proof: Proof) -> Connection:
    connection.state = ConnectionState.INACTIVE
    revisions.end_term(unit.session, connection, now=unit.now)
    following.end(unit.session, connection.id)
    return _switched(unit, connection, EventType.CONNECTION_DEACTIVATED, proof)


def _switched(unit: UnitOfWork, connection: Connection, action: EventType, proof: Proof) -> Connection:
    unit.audit(connection.organization_id, action, subject=connection.id, proof=proof)
    unit.event(connection.organization_id, action, subject=connection.id)
    return connection


def to_delete(unit: UnitOfWork, organization_id: str, connection_id: str) -> Planned[None]:
    """Delete a connection nobody depends on."""
    unit.lock(organization_id)
    connection = read(unit, organization_id, connection_id)

    def write(_proof: Proof) -> None:
        unit.session.delete(connection)
        unit.audit(organization_id, "connection.deleted", subject=connection_id, before={"name": connection.name})
        unit.event(organization_id, EventType.CONNECTION_DELETED, subject=connection_id, name=connection.name)

    judged = prerequisites.delete_connection(state=ConnectionState(connection.state))
    return Planned(unit, organization_id, "connection.deleted", write, judged=judged, subject=connection_id)


def acting_of(member: Member | None) -> Acting | None:
    """The facts of the acting admin that prerequisites ask for."""
    return Acting(host=member.email.rpartition("@")[2]) if member is not None else None


def revision_for_sign_in(connection: Connection, *, is_test: bool) -> str | None:
    """The revision a browser is sent through: the one in force, or for a test the latest."""
    return connection.latest_revision if is_test else connection.revision_in_force


def _set_up(unit: UnitOfWork, organization_id: str, acting: Acting | None) -> Decision:
    hosts = organizations.verified_hosts(unit.session, organization_id)
    return prerequisites.set_up_sso(verified_hosts=hosts, acting=acting)
