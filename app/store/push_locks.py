"""Queries: the lock a push begins with, and what it has to know once it holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.engine import Connection

from app.store.directories import DIRECTORIES, TOKENS
from app.store.organizations import ORGANIZATIONS
from app.store.prepared import Prepared


@dataclass(frozen=True, slots=True)
class LockedDirectory:
    """What a push needs to know of its directory and organization, under the lock."""

    state: str
    default_role: str
    guests: str
    mfa: str
    token_works: bool


def lock_later(
    connection: Connection, directory_id: str, token_id: str, *, now: datetime
) -> Callable[[], LockedDirectory | None]:
    """Lock the directory's organization, as `organizations.lock` does; None when the directory was deleted.

    On PostgreSQL what is read comes in a statement of its own: one that waits for the lock sees, beside the locked row,
    what stood there before the wait.
    """
    if connection.dialect.name != "sqlite":
        _LOCK.later(connection, {"directory": directory_id})
    answer = _LOCKED.later(connection, {"directory": directory_id, "token": token_id, "now": now})
    return lambda: next((LockedDirectory(*row) for row in answer.rows()), None)


_TOKEN_WORKS = exists(
    select(TOKENS.c.id).where(
        TOKENS.c.id == bindparam("token"),
        TOKENS.c.revoked_at.is_(None),
        or_(TOKENS.c.expires_at.is_(None), TOKENS.c.expires_at > bindparam("now", type_=TOKENS.c.expires_at.type)),
    )
)
_LOCK = Prepared(
    select(ORGANIZATIONS.c.id)
    .where(
        ORGANIZATIONS.c.id
        == select(DIRECTORIES.c.organization_id).where(DIRECTORIES.c.id == bindparam("directory")).scalar_subquery()
    )
    .with_for_update(key_share=True)
)
_LOCKED = Prepared(
    select(
        DIRECTORIES.c.state,
        ORGANIZATIONS.c.default_role,
        ORGANIZATIONS.c.guests,
        ORGANIZATIONS.c.mfa,
        _TOKEN_WORKS,
    )
    .select_from(DIRECTORIES.join(ORGANIZATIONS, ORGANIZATIONS.c.id == DIRECTORIES.c.organization_id))
    .where(DIRECTORIES.c.id == bindparam("directory"), DIRECTORIES.c.deleted_at.is_(None))
)
