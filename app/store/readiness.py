"""Queries: how many people have the same traits, and who they are, for the list of who could sign in. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    case,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.rules.readiness import Traits
from app.store.connections import ConnectionRevision, Proof
from app.store.invitations import Invitation
from app.store.members import Member
from app.store.mirror_tables import DirectoryUser


@dataclass(frozen=True, slots=True)
class Asked:
    """Of whom, and by what they are told apart: the revision they would come through, the verified hosts, the active
    directory if there is one.
    """

    organization_id: str
    connection_id: str
    revision_id: str
    hosts: Collection[str]
    directory_id: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class PersonTraits:
    """One person: the id of the member, or of the invitation. `traits` is as `rules.readiness.number_of` says."""

    id: str
    email: str
    name: str
    traits: int


def counts(session: Session, asked: Asked) -> dict[int, int]:
    """Traits -> how many people have exactly these."""
    people = _people(asked).subquery()
    query = select(people.c.traits, func.count()).group_by(people.c.traits)
    return {int(traits): int(number) for traits, number in session.execute(query)}


def page(
    session: Session, asked: Asked, *, traits: Collection[int], text: str, after: str, limit: int
) -> Sequence[PersonTraits]:
    """Those who have one of these traits and this text in their name or address, by id, after one id."""
    people = _people(asked).subquery()
    query = select(people).where(people.c.traits.in_(traits), people.c.id > after)
    if text:
        like = {"autoescape": True}
        query = query.where(or_(people.c.email.icontains(text, **like), people.c.name.icontains(text, **like)))
    found = session.execute(query.order_by(people.c.id).limit(limit))
    return [PersonTraits(row.id, row.email, row.name, int(row.traits)) for row in found]


def _people(asked: Asked) -> CompoundSelect[Any]:
    """Everybody who may come in today or is invited, one row each."""
    return union_all(_members(asked), _invited(asked))


def _members(asked: Asked) -> Select[Any, Any, Any, Any]:
    traits = _number(
        is_member=true(),
        at_verified_host=_at(Member.email, asked),
        proven=Member.id.in_(select(Proof.member_id).where(Proof.revision_id == asked.revision_id)),
        seen=Member.id.in_(_seen(asked)),
        listed=Member.id.in_(_listed(asked.directory_id)) if asked.directory_id else false(),
    )
    return select(Member.id, Member.email, Member.name, traits).where(
        Member.organization_id == asked.organization_id,
        Member.removed_at.is_(None),
        Member.state == "active",
        Member.suspended.is_(False),
    )


def _invited(asked: Asked) -> Select[Any, Any, Any, Any]:
    """Who has not answered yet; whoever became a member otherwise is counted as one."""
    theirs = Member.organization_id == asked.organization_id, Member.removed_at.is_(None)
    traits = _number(
        is_member=false(),
        at_verified_host=_at(Invitation.email, asked),
        proven=false(),
        seen=false(),
        listed=false(),
    )
    return select(Invitation.id, Invitation.email, literal(""), traits).where(
        Invitation.organization_id == asked.organization_id,
        Invitation.closed_at.is_(None),
        Invitation.expires_at > asked.now,
        Invitation.email.not_in(select(Member.email).where(*theirs)),
    )


def _seen(asked: Asked) -> Select[Any]:
    """Who came in through any revision of the connection, at an issuer that this revision was proven with."""
    issuers = select(Proof.issuer).where(Proof.revision_id == asked.revision_id)
    return (
        select(Proof.member_id)
        .join(ConnectionRevision, ConnectionRevision.id == Proof.revision_id)
        .where(ConnectionRevision.connection_id == asked.connection_id, Proof.issuer.in_(issuers))
    )


def _listed(directory_id: str) -> Select[Any]:
    """Whom the directory lists as active."""
    return select(DirectoryUser.member_id).where(
        DirectoryUser.directory_id == directory_id,
        DirectoryUser.deleted_at.is_(None),
        DirectoryUser.active.is_(True),
        DirectoryUser.member_id.is_not(None),
    )


def _at(email: InstrumentedAttribute[str], asked: Asked) -> ColumnElement[bool]:
    """Whether an address is at a verified host; no host holds what LIKE would read as more than itself."""
    return or_(false(), *(email.endswith(f"@{host}", autoescape=True) for host in sorted(asked.hosts)))


def _number(**traits: ColumnElement[bool]) -> ColumnElement[int]:
    """As `rules.readiness.number_of`."""
    bits = (case((traits[one.name], 1 << place), else_=0) for place, one in enumerate(fields(Traits)))
    total: ColumnElement[int] = literal(0)
    for bit in bits:
        total = total + bit
    return total.label("traits")
