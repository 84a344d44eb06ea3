"""The keys of an organization: made, shown once, recognised, revoked. With one a program acts for that organization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.rules.actor import ON_BEHALF_OF, Actor, ActorKind
from app.rules.decisions import Decision, Refused
from app.rules.directories import TokenStanding
from app.rules.errors import InvalidInputError, NotFoundError
from app.rules.events import EventType
from app.rules.holds import NO_KEY
from app.rules.ids import Prefix
from app.services import bearer_tokens, recent_authentication
from app.services.bearer_tokens import Issued
from app.services.unit_of_work import UnitOfWork
from app.store import organization_keys as rows
from app.store.organization_keys import OrganizationKey

KEY_PREFIX = "dw_"  # makes leaked keys recognisable
_NOTE_EVERY = timedelta(minutes=1)


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
) -> Issued[OrganizationKey] | Refused:
    """A key; several may live at a time. Raises InvalidInputError.

    Refused to whoever is on hold or in a recovery session: a key would outlive both. And to a browser that was found
    open: with a key one does what its owner is asked for again.
    """
    unit.lock(organization_id)
    decision = may_add(unit, organization_id)
    if isinstance(decision, Refused):
        return unit.refuse(organization_id, EventType.KEY_CREATED, decision)
    if ON_BEHALF_OF.strip() in label:
        raise InvalidInputError("A label cannot say on whose behalf a key acts.", field="label")
    row = OrganizationKey(id=unit.id(Prefix.KEY), organization_id=organization_id, created_by=unit.actor.label)
    ends = _not_outliving(unit, organization_id, expires_at)
    issued = bearer_tokens.issue(unit, row, prefix=KEY_PREFIX, label=label, expires_at=ends)
    unit.audit(organization_id, EventType.KEY_CREATED, subject=row.id, after={"key": name_of(row)})
    unit.event(organization_id, EventType.KEY_CREATED, subject=row.id)
    return issued


def may_add(unit: UnitOfWork, organization_id: str) -> Decision:
    """Whether whoever acts may make a key."""
    if bearer_tokens.is_here_for_a_while(unit, organization_id):
        return NO_KEY
    return recent_authentication.judge(unit, EventType.KEY_CREATED)


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
    if row is None or bearer_tokens.standing(unit, row) in {TokenStanding.EXPIRED, TokenStanding.REVOKED}:
        return None
    due = row.last_used_at is None or unit.now - row.last_used_at >= _NOTE_EVERY
    return Bearer(row.id, row.organization_id, name_of(row), wants_note=due)


def note_use(unit: UnitOfWork, bearer: Bearer) -> None:
    """Remember that the key was used; asked for at most once a minute."""
    rows.note_use(unit.connection, bearer.key_id, now=unit.now)


def name_of(key: OrganizationKey) -> str:
    """What a key is called: its label, else the end of it."""
    return key.label or f"…{key.hint}"
