"""One push of an identity provider: its transaction, the directory under the lock, and whom it touches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from app.rules.actor import Actor, ActorKind
from app.rules.directories import DirectoryEndpoint, DirectoryUserRecord, Link, MembershipOutcome
from app.rules.errors import ConflictError, DoorwardError, NotFoundError, UnauthenticatedError
from app.services import authority, effects, mass_changes, settlements
from app.services.authority import Change
from app.services.linking import Linking
from app.services.policy import Defaults
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import listings
from app.store import pushes as rows
from app.store.listings import ListedUser
from app.store.push_locks import LockedDirectory, lock_later

TAKEN = "Another resource of this directory already has one of these values."


@dataclass
class Push:
    """One write of an identity provider: its unit of work, the directory, and who is touched.

    `touched` collects the ids of directory users whose membership or roles may have to follow; `unknown_members` the
    member ids that no living user has, which were left out; `members` is what became of the latest change of a group's
    members; `users` and `groups` are how many more living ones there are.
    """

    unit: UnitOfWork
    directory: DirectoryEndpoint
    _token_id: str | None
    _locked_later: Callable[[], LockedDirectory | None]
    touched: set[str] = field(default_factory=set)
    unknown_members: set[str] = field(default_factory=set)
    users: int = 0
    groups: int = 0
    members: MembershipOutcome = field(default_factory=MembershipOutcome)
    #: Users among the touched whose present state the push itself has said, so that they need not be read.
    known: dict[str, ListedUser] = field(default_factory=dict)
    #: Users, by id, who are inserted once it is known which member they are, so that the row is written once.
    new: dict[str, DirectoryUserRecord] = field(default_factory=dict)
    _inserted: list[tuple[DirectoryUserRecord, Callable[[], bool]]] = field(default_factory=list)

    def insert_new(self, links: Mapping[str, Link] = MappingProxyType({})) -> None:
        """Insert the users that wait, with the members they are: before somebody looks, or when the push ends."""
        for user_id, record in self.new.items():
            inserted = rows.insert_user_later(
                self.unit.connection,
                self.directory.id,
                user_id,
                record,
                link=links.get(user_id, Link()),
                now=self.unit.now,
            )
            self._inserted.append((record, inserted))
        self.new = {}

    def verify(self) -> None:
        """Raise ConflictError when one was not inserted because a living user has the same userName or externalId."""
        for record, inserted in self._inserted:
            if not inserted():
                raise self.user_conflict(record) or ConflictError(TAKEN)

    def user_conflict(self, record: DirectoryUserRecord, *, other_than: str = "") -> ConflictError | None:
        """What is answered when another living user has the userName or externalId of this record."""
        holder = rows.user_holding(
            self.unit.connection,
            self.directory.id,
            user_name_key=record.user_name_key,
            external_id=record.external_id,
            other_than=other_than,
        )
        if holder is None:
            return None
        holder_id, user_name_key, _ = holder
        attribute = "userName" if user_name_key == record.user_name_key else "externalId"
        return ConflictError(
            f"Another user of this directory (id {holder_id}) already has this {attribute}. Find it with a filter on"
            f" {attribute} and update it, or give this user another {attribute} in the attribute mapping.",
            field=attribute,
        )

    def locked(self) -> LockedDirectory:
        """The directory under the lock, which travels with the first statement that is waited for.

        Raises NotFoundError or UnauthenticatedError when it was deleted, or the token revoked, meanwhile.
        """
        locked = self._locked_later()
        if locked is None:
            raise NotFoundError("This directory was deleted in Doorward.")
        if self._token_id is not None and not locked.token_works:
            raise UnauthenticatedError("The bearer token was revoked or has expired: paste a current one.")
        return locked


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
    are decided one after the other. A token is asked for again: whoever sends slowly gains no time by it.
    """
    actor = Actor(ActorKind.DIRECTORY, id=endpoint.id, label=endpoint.name)
    with transactions.writing(actor) as unit:
        locked_later = lock_later(unit.connection, endpoint.id, token_id or "", now=unit.now)
        unit.note_locked(endpoint.organization_id)
        opened = Push(unit, endpoint, token_id, locked_later)
        try:
            yield opened
        except DoorwardError:
            opened.locked()  # whoever may not push any more is told that, and nothing of what is there
            raise
        locked = opened.locked()
        if opened.users or opened.groups:
            rows.count_up(unit.connection, endpoint.id, users=opened.users, groups=opened.groups)
        if opened.touched and locked.state == "active":
            _follow(opened, Defaults(locked.default_role, locked.guests, locked.mfa))
        opened.insert_new()
        opened.verify()
        if last is not None:
            last(opened)


def _follow(push: Push, defaults: Defaults) -> None:
    """Make members and roles follow: who is whom, then the users with it, then what they may."""
    linking = effects.link_push(push.unit, push.directory, push.touched, known=push.known, defaults=defaults)
    new = set(push.new)
    push.insert_new(linking.links)
    listings.write_links(push.unit.connection, {id_: link for id_, link in linking.links.items() if id_ not in new})
    _settle(push, linking)


def _settle(push: Push, linking: Linking) -> None:
    """States and roles of the members concerned, once the mirror says who they are. Never refused, because identity
    providers repeat what was refused for ever: what would leave no usable administrator is held.
    """
    members = linking.concerned
    proposal = authority.propose(
        push.unit,
        push.directory.organization_id,
        policy=linking.in_force,
        change=Change(
            touched=frozenset(members), joining=frozenset(linking.joining), earlier_facts=linking.earlier_facts
        ),
        by_person=False,
        known=members,
    )
    settlements.carry_out(push.unit, push.directory.organization_id, proposal)
    mass_changes.watch(push.unit, push.directory, proposal)
