"""One push of an identity provider: its transaction, the directory under the lock, and whom it touches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.rules.actor import Actor, ActorKind
from app.rules.directories import DirectoryEndpoint
from app.rules.errors import NotFoundError
from app.services import effects
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import mirror as rows
from app.store.directories import Directory


@dataclass
class Push:
    """One write of an identity provider: its unit of work, the directory as it is under the lock, and who is touched.

    `touched` collects the ids of directory users whose membership or roles may have to follow; `unknown_members` the
    member ids that no living user has, which were left out.
    """

    unit: UnitOfWork
    directory: Directory
    touched: set[str] = field(default_factory=set)
    unknown_members: set[str] = field(default_factory=set)


@contextmanager
def open_push(transactions: Transactions, endpoint: DirectoryEndpoint) -> Iterator[Push]:
    """Open one push. What follows from it is written in the same transaction, just before the commit.

    The organization's lock comes first: concurrent pushes to one group, the activation of the directory and the guard
    are decided one after the other. Raises NotFoundError when the directory was deleted meanwhile.
    """
    actor = Actor(ActorKind.DIRECTORY, id=endpoint.id, label=endpoint.name)
    with transactions.writing(actor) as unit:
        organization = unit.lock(endpoint.organization_id)
        current = rows.living_directory(unit.session, endpoint.id)
        if current is None:
            raise NotFoundError("This directory was deleted in Doorward.")
        opened = Push(unit=unit, directory=current)
        yield opened
        if opened.touched:
            effects.follow_push(unit, organization, current, opened.touched)
