"""The tokens of a directory: made, shown once, revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.rules.actor import ActorKind
from app.rules.decisions import Refused
from app.rules.directories import TokenStanding, token_standing
from app.rules.errors import InvalidInputError, NotFoundError
from app.rules.events import EventType
from app.rules.holds import refusal_for
from app.rules.ids import Prefix
from app.rules.organizations import read_text
from app.services import directories
from app.services.unit_of_work import UnitOfWork
from app.store import directories as rows
from app.store import members
from app.store.directories import DirectoryToken

TOKEN_PREFIX = "scim_"  # noqa: S105 (makes leaked tokens recognisable; not one itself)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made: `secret` is shown once and stored nowhere."""

    row: DirectoryToken
    secret: str


def add(
    unit: UnitOfWork, organization_id: str, directory_id: str, *, label: str = "", expires_at: datetime | None = None
) -> NewToken | Refused:
    """A bearer token of 256 bits; several may live at a time.

    Refused to whoever is on hold or in a recovery session, whatever the state of the directory: with a token they could
    push themselves back in as soon as it is active. An organization key may be theirs, so it makes none while anybody
    is on hold.
    """
    unit.lock(organization_id)
    directory = directories.read(unit, organization_id, directory_id)
    if _could_readmit_themselves(unit, organization_id):
        return unit.refuse(organization_id, "directory.token_created", refusal_for(unit.actor), subject=directory_id)
    if expires_at is not None and expires_at <= unit.now:
        raise InvalidInputError("A token cannot expire in the past.", field="expires_at")
    secret = TOKEN_PREFIX + unit.ports.randomness.token()
    row = DirectoryToken(
        id=unit.id(Prefix.TOKEN),
        directory_id=directory.id,
        digest=unit.ports.sealing.digest(secret),
        label=read_text(label, field="label") if label else "",
        hint=secret[-4:],
        created_at=unit.now,
        expires_at=expires_at,
    )
    unit.session.add(row)
    unit.audit(organization_id, "directory.token_created", subject=directory.id, after={"token": row.id})
    unit.event(organization_id, EventType.DIRECTORY_TOKEN_CREATED, subject=directory.id, token=row.id)
    return NewToken(row, secret)


def all_of(unit: UnitOfWork, organization_id: str, directory_id: str) -> Sequence[DirectoryToken]:
    """The directory's tokens, revoked ones included."""
    return rows.tokens(unit.session, directories.read(unit, organization_id, directory_id).id)


def revoke(unit: UnitOfWork, organization_id: str, directory_id: str, token_id: str) -> None:
    """The token is refused from the next request on. Raises NotFoundError."""
    unit.lock(organization_id)
    directory = directories.read(unit, organization_id, directory_id)
    row = rows.token(unit.session, directory.id, token_id)
    if row is None:
        raise NotFoundError("There is no such token.")
    if row.revoked_at is None:
        row.revoked_at = unit.now
        unit.audit(organization_id, "directory.token_revoked", subject=directory.id, before={"token": row.id})
        unit.event(organization_id, EventType.DIRECTORY_TOKEN_REVOKED, subject=directory.id, token=row.id)


def standing(unit: UnitOfWork, token: DirectoryToken) -> TokenStanding:
    """Whether a token works, and whether it is about to stop."""
    return token_standing(expires_at=token.expires_at, revoked_at=token.revoked_at, now=unit.now)


def _could_readmit_themselves(unit: UnitOfWork, organization_id: str) -> bool:
    held = {admin.id for admin in members.administrators(unit.session, organization_id) if admin.held}
    if unit.actor.kind is ActorKind.API_KEY:
        return bool(held)  # the one on hold may have the key in their hands
    return unit.actor.kind is ActorKind.RECOVERY or unit.actor.id in held
