"""What a directory's tokens and an organization's keys have in common: who may make one, the secret, how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from app.rules.actor import ActorKind
from app.rules.directories import TokenStanding, token_standing
from app.rules.errors import InvalidInputError
from app.rules.organizations import read_text
from app.services.unit_of_work import UnitOfWork
from app.store import members
from app.store.bearer_tokens import BearerToken

T = TypeVar("T", bound=BearerToken)


@dataclass(frozen=True, slots=True)
class Issued(Generic[T]):
    """One just made: `secret` is shown once and stored nowhere."""

    row: T
    secret: str


def is_here_for_a_while(unit: UnitOfWork, organization_id: str) -> bool:
    """Whether whoever acts is on hold or in a recovery session: what they make would outlive both. A key or a setup
    link may be in the hands of whoever is on hold.
    """
    held = {admin.id for admin in members.administrators(unit.session, organization_id) if admin.held}
    if unit.actor.kind in {ActorKind.API_KEY, ActorKind.SETUP_LINK}:
        return bool(held)
    return unit.actor.kind is ActorKind.RECOVERY or unit.actor.id in held


def issue(unit: UnitOfWork, row: T, *, prefix: str, label: str, expires_at: datetime | None) -> Issued[T]:
    """Give a new row a secret of 256 bits after `prefix`, by which leaked ones are recognised, and add it.

    Raises InvalidInputError.
    """
    if expires_at is not None and expires_at <= unit.now:
        raise InvalidInputError("The end cannot be in the past.", field="expires_at")
    secret = prefix + unit.ports.randomness.token()
    row.digest, row.hint = unit.ports.sealing.digest(secret), secret[-4:]
    row.label = read_text(label, field="label") if label else ""
    row.created_at, row.expires_at = unit.now, expires_at
    unit.session.add(row)
    return Issued(row, secret)


def standing(unit: UnitOfWork, token: BearerToken) -> TokenStanding:
    """Whether one works, and whether it is about to stop."""
    return token_standing(expires_at=token.expires_at, revoked_at=token.revoked_at, now=unit.now)
