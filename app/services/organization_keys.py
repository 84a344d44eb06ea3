"""The keys of an organization: made, shown once, recognised, revoked. With one a program acts for that organization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.rules.actor import Actor, ActorKind
from app.rules.decisions import Allowed, Decision, Refused
from app.rules.directories import TokenStanding, token_standing
from app.rules.errors import InvalidInputError, NotFoundError
from app.rules.events import EventType
from app.rules.holds import NO_KEY
from app.rules.ids import Prefix
from app.rules.organizations import read_text
from app.services.unit_of_work import UnitOfWork
from app.store import members
from app.store import organization_keys as rows
from app.store.organization_keys import OrganizationKey

KEY_PREFIX = "dw_"  # makes leaked keys recognisable
_NOTE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: `secret` is shown once and stored nowhere."""

    row: OrganizationKey
    secret: str


@dataclass(frozen=True, slots=True)
class Bearer:
    """A program that brought a key that works, as values that outlive the transaction they were read in."""

    key_id: str
    organization_id: str
    name: str
    wants_note: bool

    @property
    def actor(self) -> Actor:
        """Who acts when this program changes something."""
        return Actor(ActorKind.API_KEY, id=self.key_id, label=self.name)


def add(
    unit: UnitOfWork, organization_id: str, *, label: str = "", expires_at: datetime | None = None
) -> NewKey | Refused:
    """A key of 256 bits; several may live at a time.

    Refused to whoever is on hold or in a recovery session: a key would outlive both.
    """
    unit.lock(organization_id)
    decision = may_add(unit, organization_id)
    if isinstance(decision, Refused):
        return unit.refuse(organization_id, EventType.KEY_CREATED, decision)
    expires_at = _not_outliving(unit, organization_id, expires_at)
    if expires_at is not None and expires_at <= unit.now:
        raise InvalidInputError("A key cannot expire in the past.", field="expires_at")
    secret = KEY_PREFIX + unit.ports.randomness.token()
    row = OrganizationKey(
        id=unit.id(Prefix.KEY),
        organization_id=organization_id,
        digest=unit.ports.sealing.digest(secret),
        label=read_text(label, field="label") if label else "",
        hint=secret[-4:],
        created_by=unit.actor.label,
        created_at=unit.now,
        expires_at=expires_at,
    )
    unit.session.add(row)
    unit.audit(organization_id, EventType.KEY_CREATED, subject=row.id, after={"key": name_of(row)})
    unit.event(organization_id, EventType.KEY_CREATED, subject=row.id)
    return NewKey(row, secret)


def may_add(unit: UnitOfWork, organization_id: str) -> Decision:
    """Whether whoever acts may make a key."""
    acting = members.present(unit.session, organization_id, unit.actor.id or "")
    for_a_while_only = unit.actor.kind is ActorKind.RECOVERY or (acting is not None and acting.held)
    return NO_KEY if for_a_while_only or _may_be_theirs(unit, organization_id) else Allowed()


def _may_be_theirs(unit: UnitOfWork, organization_id: str) -> bool:
    """Whether a key is acting that may be in the hands of somebody on hold."""
    if unit.actor.kind is not ActorKind.API_KEY:
        return False
    return any(admin.held for admin in members.administrators(unit.session, organization_id))


def _not_outliving(unit: UnitOfWork, organization_id: str, expires_at: datetime | None) -> datetime | None:
    """A key that makes another one does not give it more time than it has itself."""
    if unit.actor.kind is not ActorKind.API_KEY:
        return expires_at
    maker = rows.one(unit.session, organization_id, unit.actor.id or "")
    ends = [at for at in (expires_at, maker.expires_at if maker is not None else None) if at is not None]
    return min(ends, default=None)


def all_of(unit: UnitOfWork, organization_id: str) -> Sequence[OrganizationKey]:
    """The organization's keys, revoked ones included, oldest first."""
    return rows.all_of(unit.session, organization_id)


def read(unit: UnitOfWork, organization_id: str, key_id: str) -> OrganizationKey:
    """One key of this organization. Raises NotFoundError."""
    row = rows.one(unit.session, organization_id, key_id)
    if row is None:
        raise NotFoundError("There is no such key.")
    return row


def revoke(unit: UnitOfWork, organization_id: str, key_id: str) -> None:
    """The key is refused from the next request on. Doing so again changes nothing. Raises NotFoundError."""
    unit.lock(organization_id)
    row = read(unit, organization_id, key_id)
    if row.revoked_at is None:
        row.revoked_at = unit.now
        unit.audit(organization_id, EventType.KEY_REVOKED, subject=row.id, before={"key": name_of(row)})
        unit.event(organization_id, EventType.KEY_REVOKED, subject=row.id)


def has_form(token: str) -> bool:
    """Whether a bearer token looks like a key; says nothing about whether there is one."""
    return token.startswith(KEY_PREFIX)


def recognise(unit: UnitOfWork, secret: str) -> Bearer | None:
    """Whose key this is, if it works now. Only reads, and asks by digest, so that no comparison takes longer the more
    of it is right.
    """
    row = rows.by_digest(unit.session, unit.ports.sealing.digest(secret))
    if row is None or standing(unit, row) in {TokenStanding.EXPIRED, TokenStanding.REVOKED}:
        return None
    due = row.last_used_at is None or unit.now - row.last_used_at >= _NOTE_EVERY
    return Bearer(row.id, row.organization_id, name_of(row), wants_note=due)


def note_use(unit: UnitOfWork, bearer: Bearer) -> None:
    """Remember that the key was used; asked for at most once a minute."""
    rows.note_use(unit.connection, bearer.key_id, now=unit.now)


def standing(unit: UnitOfWork, key: OrganizationKey) -> TokenStanding:
    """Whether a key works, and whether it is about to stop."""
    return token_standing(expires_at=key.expires_at, revoked_at=key.revoked_at, now=unit.now)


def name_of(key: OrganizationKey) -> str:
    """What a key is called: its label, else the end of it."""
    return key.label or f"…{key.hint}"
