"""Guest memberships that end because the organization that has verified the host brings the address: whose they are,
and what becomes of them where they were.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from app.rules.actor import Actor, ActorKind
from app.rules.decisions import Code
from app.rules.domains import host_of
from app.rules.events import EventType
from app.rules.guests import CLAIMED, leaving
from app.services import alarms, authority, factors, invitations, policy, standings
from app.services.authority import Change
from app.services.policy import Policy
from app.services.unit_of_work import UnitOfWork
from app.store import audit, listings, members, people
from app.store.people import MemberFacts

_TELL_AGAIN = timedelta(days=1)
_UNVERIFIED_HOST = "unverified_host"  # as in `linking`, which asks here


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Members of other organizations by address, and the ids of those whose membership there may end."""

    people: Mapping[str, MemberFacts] = field(default_factory=dict)
    may_leave: frozenset[str] = frozenset()


def look_up(unit: UnitOfWork, owner_id: str, emails: Collection[str]) -> Elsewhere:
    """Who has these addresses in other organizations than the owner of their hosts, whose lock is held; theirs are
    taken. Writes nothing.
    """
    found = _locked(unit, owner_id, emails)
    by_organization: dict[str, set[str]] = {}
    for member in found.values():
        by_organization.setdefault(member.organization_id, set()).add(member.id)
    may_leave: frozenset[str] = frozenset()
    for organization_id, ids in by_organization.items():
        standing = authority.standings(unit, organization_id)
        may_leave |= leaving(standing.stored, standing.worked_out, ids)
    return Elsewhere(found, may_leave)


def _locked(unit: UnitOfWork, owner_id: str, emails: Collection[str]) -> dict[str, MemberFacts]:
    """Read again after each wait: whoever had an address may be gone by then, or in yet another organization."""
    asked_for: set[str] = set()
    while True:
        unit.flush()
        by_email = people.by_email(unit.connection, emails)
        found = {
            email: member
            for email, member in by_email.items()
            if member.removed_at is None and member.organization_id != owner_id
        }
        missing = {member.organization_id for member in found.values()} - asked_for
        if not missing:
            return found
        for organization_id in sorted(missing):
            unit.lock_if_there(organization_id)
        asked_for |= missing


def end(unit: UnitOfWork, guests: Collection[MemberFacts]) -> None:
    """Their membership is over, of those who `may_leave`: removed, signed out, told of where they were."""
    by_organization: dict[str, list[MemberFacts]] = {}
    for guest in guests:
        by_organization.setdefault(guest.organization_id, []).append(guest)
    for organization_id, leaving_it in sorted(by_organization.items()):
        _end_in(unit, organization_id, leaving_it)


def _end_in(unit: UnitOfWork, organization_id: str, guests: Collection[MemberFacts]) -> None:
    in_force = policy.current(unit.session, unit.lock(organization_id))
    with _acting_for_owner(unit):
        change = Change(removed=frozenset(guest.id for guest in guests))
        proposal = authority.propose(unit, organization_id, policy=in_force, change=change, by_person=True)
        assert proposal.refused is None  # asked before; fewer may leave than were asked for, never more
        for guest in guests:
            _forget(unit, in_force, guest)
            reason = f"{CLAIMED}: The organization that has verified {host_of(guest.email)} manages this address now."
            unit.audit(organization_id, EventType.MEMBER_REMOVED, subject=guest.id, reason=reason, proof=proposal.proof)
            unit.event(organization_id, EventType.MEMBER_REMOVED, subject=guest.id, reason=CLAIMED)
        standings.write(unit, organization_id, proposal)


def _forget(unit: UnitOfWork, in_force: Policy, guest: MemberFacts) -> None:
    """Nothing is left for whoever comes back one day: no factor, no invitation, and no user of a directory there."""
    member = members.present(unit.session, guest.organization_id, guest.id)
    if member is not None:
        factors.forget(unit, member)
    invitations.supersede(unit, guest.organization_id, guest.email)
    user = listings.user_of_member(unit.session, in_force.directory_id or "", guest.id)
    if user is not None:
        user.member_id, user.reason = None, _UNVERIFIED_HOST


def tell_kept(unit: UnitOfWork, guests: Collection[MemberFacts]) -> None:
    """Their organization has to do something before they can go; it is told so, once a day however often they are
    brought.
    """
    for guest in guests:
        since = unit.now - _TELL_AGAIN
        told = unit.session, guest.organization_id, EventType.MEMBER_REMOVED, guest.id
        if audit.refused_since(*told, actor_kind=ActorKind.SYSTEM, since=since):
            continue
        host = host_of(guest.email)
        reason = (
            f"{Code.LAST_ADMINISTRATOR}: The organization that has verified {host} manages this address now, but "
            "nobody else here is an administrator who can sign in. Make another member an administrator."
        )
        with _acting_for_owner(unit):
            unit.audit(
                guest.organization_id, EventType.MEMBER_REMOVED, subject=guest.id, reason=reason, outcome="refused"
            )
        alarms.guest_kept(unit, guest.organization_id, email=guest.email, host=host)


@contextmanager
def _acting_for_owner(unit: UnitOfWork) -> Iterator[None]:
    """Where they were, nobody learns who or which organization it was that brought them."""
    actor, unit.actor = unit.actor, Actor(ActorKind.SYSTEM, label="the owner of the email domain")
    try:
        yield
    finally:
        unit.actor = actor
