"""Which members the users of a directory are: existing ones, new ones, or nobody yet, and why; worked out before it is
written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from app.rules.directories import DirectoryEndpoint, Link
from app.rules.domains import host_of
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.rules.members import MemberState
from app.rules.roles import ADMIN, RoleSource
from app.services import guests
from app.services.authority import Change
from app.services.guests import Elsewhere
from app.services.policy import Policy
from app.services.unit_of_work import UnitOfWork
from app.store import connections, listings, people, sign_ins
from app.store.listings import ListedUser
from app.store.people import MemberFacts

#: Why a directory user is not a member, or does not follow in full.
NO_ADDRESS = "no_address"
UNVERIFIED_HOST = "unverified_host"
ADDRESS_IN_USE = "address_in_use"
INACTIVE = "inactive"
WAITS_FOR_HOLD = "waits_for_hold"
WAITS_FOR_PROOF = "waits_for_proof"
#: Why a member is not managed by the directory.
NOT_IN_DIRECTORY = "not_in_directory"


@dataclass
class Linking:
    """The users of one push beside the members they may be, and what is to be written and told.

    Read for all users at once: members by address, by earlier link, and who is linked by whom.
    """

    unit: UnitOfWork
    directory: DirectoryEndpoint
    users: Sequence[ListedUser]
    by_email: dict[str, MemberFacts]
    by_id: dict[str, MemberFacts]
    earlier: dict[str, str]
    listed: dict[str, bool]
    in_force: Policy = field(init=False)
    links: dict[str, Link] = field(default_factory=dict)
    created: list[MemberFacts] = field(default_factory=list)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)
    joining: set[str] = field(default_factory=set)
    #: Who of other organizations has one of the addresses, and of those whose membership there ends or has to go on.
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    leaving: dict[str, MemberFacts] = field(default_factory=dict)
    kept: dict[str, MemberFacts] = field(default_factory=dict)
    #: Members as they were before anything of them changed here.
    earlier_facts: dict[str, MemberFacts] = field(default_factory=dict)
    news: list[Callable[[], None]] = field(default_factory=list)

    @classmethod
    def of(cls, unit: UnitOfWork, directory: DirectoryEndpoint, users: Sequence[ListedUser]) -> Linking:
        connection = unit.connection
        unlinked = {user.external_id for user in users if user.external_id and not user.member_id}
        earlier_later = listings.earlier_members_later(connection, directory.id, unlinked)
        linked = {user.member_id for user in users if user.member_id}
        by_id = people.some(connection, directory.organization_id, linked)
        # An address that its user's own member has already needs no look-up.
        sought = {
            user.email for user in users if user.email and not _has_address(by_id.get(user.member_id or ""), user)
        }
        by_email = people.by_email(connection, sought)
        earlier = earlier_later()
        by_id |= people.some(connection, directory.organization_id, set(earlier.values()) - by_id.keys())
        candidates = {member.id for member in by_email.values()} | set(earlier.values())
        listed = listings.linked(connection, directory.id, candidates)
        return cls(unit, directory, users, by_email, by_id, earlier, listed)

    def change(self, later: Policy, *, others: frozenset[str] = frozenset()) -> Change:
        """What becoming these members means under the settings that will be in force then, before any of it is written.
        `others` are members who are touched beside them.
        """
        return Change(
            policy=later,
            touched=frozenset(self.concerned) | others,
            joining=frozenset(self.joining),
            earlier_facts=self.earlier_facts,
            linked=self.linked,
        )

    @property
    def concerned(self) -> dict[str, MemberFacts]:
        """The members that the users are, by id."""
        return {user.member_id: self.by_id[user.member_id] for user in self.users if user.member_id is not None}

    def follow_all(self, in_force: Policy) -> None:
        """Work out every user under these settings."""
        self.in_force = in_force
        self._look_elsewhere()
        for user in self.users:
            if user.deleted_at is None:
                self._follow(user)

    def _look_elsewhere(self) -> None:
        """Whoever is a member of another organization with an address that this directory brings was a guest there."""
        emails = {user.email for user in self.users if user.email and self._is_brought_from_elsewhere(user)}
        if not emails:
            return
        self.elsewhere = guests.look_up(self.unit, self.directory.organization_id, emails)
        for email in emails:
            self.by_email.pop(email)
        self.by_email |= self.elsewhere.people

    def _is_brought_from_elsewhere(self, user: ListedUser) -> bool:
        """Only an active user at a verified host takes an address from another organization."""
        holder = self.by_email.get(user.email or "")
        if holder is None or holder.removed_at is not None or not self._is_elsewhere(holder):
            return False
        is_owned = host_of(holder.email) in self.in_force.access.verified_hosts
        return is_owned and user.active and user.deleted_at is None

    def _is_elsewhere(self, member: MemberFacts) -> bool:
        return member.organization_id != self.directory.organization_id

    @property
    def linked(self) -> dict[str, ListedUser]:
        """The users whose member is not stored with them yet, by id."""
        return {user.id: user for user in self.users if user.id in self.links and user.member_id is not None}

    def _follow(self, user: ListedUser) -> None:
        was = (user.member_id, user.reason)
        if user.member_id is not None and self.by_id[user.member_id].removed_at is not None:
            user.member_id = None  # removed by hand while the directory was off: now the directory decides again
        if user.member_id is not None:
            self._lapse(self.by_id[user.member_id])
            user.reason = self._follow_profile(user, self.by_id[user.member_id])
        else:
            user.reason = self._obstacle(user)
            if user.reason is None:
                self._link(user)
        if (user.member_id, user.reason) != was:
            self.links[user.id] = Link(user.member_id, user.reason)

    def write(self) -> None:
        """Write the members, and tell what happened to them; who is whom is left to whoever writes the users."""
        connection = self.unit.connection
        guests.end(self.unit, self.leaving.values())
        guests.tell_kept(self.unit, self.kept.values())
        people.add(connection, self.created, now=self.unit.now)
        people.write(connection, self.changes)
        self.unit.keep_in_step(self.changes)
        if self.moved:
            sign_ins.end_sessions(connection, self.moved, now=self.unit.now, reason="address_changed")
        for tell in self.news:
            tell()

    def write_all(self) -> None:
        """Write the members, and who of the users they are."""
        self.write()
        listings.write_links(self.unit.connection, self.links)

    def _link(self, user: ListedUser) -> None:
        member = self._existing(user)
        if member is None and not user.active:
            user.reason = INACTIVE
            return
        if member is None:
            member = self._create(user)
        else:
            self._take_over(member, user)
        user.member_id = member.id
        self._take_address(member)
        self.by_id[member.id] = member
        self.listed[member.id] = True

    def _obstacle(self, user: ListedUser) -> str | None:
        """Why this user cannot be a member, or None."""
        if user.email is None:
            return NO_ADDRESS
        if host_of(user.email) not in self.in_force.access.verified_hosts:
            return UNVERIFIED_HOST
        holder = self.by_email.get(user.email)
        if holder is None or holder.removed_at is not None:
            return None
        if self._is_elsewhere(holder):
            return self._reason_to_stay(holder)
        return ADDRESS_IN_USE if self.listed.get(holder.id, False) else None

    def _reason_to_stay(self, holder: MemberFacts) -> str | None:
        """Why a member of another organization keeps their address, or None."""
        if holder.id in self.elsewhere.may_leave:
            return None
        if holder.email in self.elsewhere.people:
            self.kept[holder.id] = holder
        return ADDRESS_IN_USE

    def _take_address(self, member: MemberFacts) -> None:
        """The member has their address from now on, and whoever had it elsewhere is a member there no more."""
        holder = self.by_email.get(member.email)
        if holder is not None and holder.id in self.elsewhere.may_leave:
            self.leaving[holder.id] = holder
        self.by_email[member.email] = member

    def _existing(self, user: ListedUser) -> MemberFacts | None:
        """The member this user is: by address, else who a deleted user with the same externalId had been."""
        by_address = self.by_email.get(user.email or "")
        if by_address is not None and by_address.organization_id == self.directory.organization_id:
            if by_address.removed_at is None or user.active:
                return by_address
            return None
        earlier_id = self.earlier.get(user.external_id or "")
        earlier = self.by_id.get(earlier_id or "")
        if earlier is None or self.listed.get(earlier.id, False):
            return None
        return earlier

    def _take_over(self, member: MemberFacts, user: ListedUser) -> None:
        """From now on the directory manages this member. Whoever comes back after a deletion or removal has lost
        earlier grants.
        """
        self._lapse(member)
        if member.removed_at is not None or member.id in self.listed:
            self._change(member, granted_role=None, granted_origin=None)
        if member.removed_at is not None:
            # Deactivated, so that becoming active is told as the event it is.
            self._change(member, removed_at=None, state=MemberState.DEACTIVATED)
            # The address may be somebody else's by now, who has never come in.
            self._change(member, first_signed_in_at=None, last_signed_in_at=None, sign_in_groups=())
            self.news.append(partial(connections.forget_person, self.unit.connection, member.id))
            self.joining.add(member.id)
        if user.name and user.name != member.name:
            self._change(member, name=user.name)
        if user.email is not None and member.email != user.email:
            if self._would_close_their_door(member):
                user.reason = WAITS_FOR_PROOF
            else:
                self._change(member, email=user.email)
                self.moved.append(member.id)
        self._tell(EventType.MEMBER_LINKED, member.id, directory=self.directory.id)
        self._audit(EventType.MEMBER_LINKED, member.id, {"directory": self.directory.id})

    def _would_close_their_door(self, member: MemberFacts) -> bool:
        """Whether an administrator who comes in as a guest would have to come through the identity provider, where they
        never were: the address waits, since a push is not refused and no hold could keep an address.
        """
        access = self.in_force.access
        is_guest = access.sso_revision is not None and host_of(member.email) not in access.verified_hosts
        return is_guest and member.role == ADMIN and member.removed_at is None

    def _lapse(self, member: MemberFacts) -> None:
        """A role that was only kept from a directory that was turned off counts no longer: one decides again."""
        if member.granted_origin == "directory":
            self._change(member, granted_role=None, granted_origin=None)

    def _create(self, user: ListedUser) -> MemberFacts:
        member = MemberFacts(
            id=self.unit.id(Prefix.MEMBER),
            organization_id=self.directory.organization_id,
            email=str(user.email),
            name=user.name,
            state=MemberState.ACTIVE,
            suspended=False,
            granted_role=None,
            granted_origin=None,
            role=self.in_force.roles.default_role,
            role_source=RoleSource.DEFAULT,
            role_mapping_id=None,
            held=False,
            sign_in_groups=[],
            first_signed_in_at=None,
            last_signed_in_at=None,
            enrolled_at=None,
            removed_at=None,
        )
        self.created.append(member)
        self.joining.add(member.id)
        self._tell(EventType.MEMBER_CREATED, member.id, directory=self.directory.id)
        self._audit(EventType.MEMBER_CREATED, member.id, {"email": member.email})
        return member

    def _follow_profile(self, user: ListedUser, member: MemberFacts) -> str | None:
        """Name and address of a managed member follow the directory; the reason where the address cannot."""
        if user.name and user.name != member.name:
            self._change(member, name=user.name)
            self._tell(EventType.MEMBER_UPDATED, member.id, name=member.name)
        if user.email is None or user.email == member.email:
            return None
        if member.held:
            return WAITS_FOR_HOLD
        if host_of(user.email) not in self.in_force.access.verified_hosts:
            return UNVERIFIED_HOST
        holder = self.by_email.get(user.email)
        if holder is not None and holder.removed_at is None:
            reason = self._reason_to_stay(holder) if self._is_elsewhere(holder) else ADDRESS_IN_USE
            if reason is not None:
                return reason
        if self._would_close_their_door(member):
            return WAITS_FOR_PROOF
        changed = {"before": member.email, "after": user.email}
        self.by_email.pop(member.email, None)
        self._change(member, email=user.email)
        self._take_address(member)
        self._tell(EventType.MEMBER_UPDATED, member.id, email=changed)
        self._audit(EventType.MEMBER_UPDATED, member.id, changed)
        self.moved.append(member.id)
        return None

    def _change(self, member: MemberFacts, **columns: Any) -> None:
        if member.id not in self.earlier_facts:
            self.earlier_facts[member.id] = people.copy_of(member)
        for name, value in columns.items():
            setattr(member, name, value)
        self.changes.setdefault(member.id, {}).update(columns)

    def _tell(self, event: EventType, member_id: str, **data: Any) -> None:
        self.news.append(partial(self.unit.event, self.directory.organization_id, event, subject=member_id, **data))

    def _audit(self, event: EventType, member_id: str, after: dict[str, Any]) -> None:
        self.news.append(
            partial(self.unit.audit, self.directory.organization_id, event, subject=member_id, after=after)
        )


def _has_address(member: MemberFacts | None, user: ListedUser) -> bool:
    return member is not None and member.removed_at is None and member.email == user.email
