"""One push of an identity provider: its transaction, the directory under the lock, and whom it touches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.rules.actor import Actor, ActorKind
from app.rules.directories import DirectoryEndpoint, MembershipOutcome
from app.rules.errors import NotFoundError, UnauthenticatedError
from app.services import effects
from app.services.policy import Defaults
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import pushes as rows


@dataclass
class Push:
    """One write of an identity provider: its unit of work, the directory, and who is touched.

    `touched` collects the ids of directory users whose membership or roles may have to follow; `unknown_members` the
    member ids that no living user has, which were left out; `members` is what became of the latest change of a group's
    members; `users` and `groups` are how many more living ones there are.
    """

    unit: UnitOfWork
    directory: DirectoryEndpoint
    touched: set[str] = field(default_factory=set)
    unknown_members: set[str] = field(default_factory=set)
    users: int = 0
    groups: int = 0
    members: MembershipOutcome = field(default_factory=MembershipOutcome)


@contextmanager
def open_push(
    transactions: Transactions,
    endpoint: DirectoryEndpoint,
    *,
    token_id: str | None = None,
    last: Callable[[Push], None] | None = None,
) -> Iterator[Push]:
    """Open one push. What follows from it is written in the same transaction, just before the commit, and then what
    `last` has to write.

    The organization's lock comes first: concurrent pushes to one group, the activation of the directory and the guard
    are decided one after the other. A token is asked for again: whoever sends slowly gains no time by it. Raises
    NotFoundError or UnauthenticatedError when the directory was deleted, or the token revoked, meanwhile.
    """
    actor = Actor(ActorKind.DIRECTORY, id=endpoint.id, label=endpoint.name)
    with transactions.writing(actor) as unit:
        locked = rows.lock(unit.connection, endpoint.id, token_id or "", now=unit.now)
        if locked is None:
            raise NotFoundError("This directory was deleted in Doorward.")
        if token_id is not None and not locked.token_works:
            raise UnauthenticatedError("The bearer token was revoked or has expired: paste a current one.")
        opened = Push(unit=unit, directory=endpoint)
        yield opened
        if opened.users or opened.groups:
            rows.count_up(unit.connection, endpoint.id, users=opened.users, groups=opened.groups)
        if opened.touched and locked.state == "active":
            effects.follow_push(unit, endpoint, opened.touched, defaults=Defaults(locked.default_role, locked.guests))
        if last is not None:
            last(opened)
