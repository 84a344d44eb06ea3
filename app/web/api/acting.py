"""For whom a program acts: the administrator whose own facts count, named by `on_behalf_of`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.rules.actor import ActorKind
from app.rules.errors import InvalidInputError, NotFoundError
from app.rules.members import MemberState
from app.rules.roles import ADMIN
from app.services import members
from app.services.rows import Member
from app.services.unit_of_work import UnitOfWork
from app.web import request as current


def name_admin(unit: UnitOfWork, organization_id: str, member_id: str | None) -> Member | None:
    """The administrator the caller names, if any; audit entries then name both. Raises InvalidInputError for anybody
    else.
    """
    if member_id is None:
        return None
    admin = find_admin(unit, organization_id, member_id)
    unit.actor = unit.actor.on_behalf_of(admin.email)
    return admin


def find_admin(unit: UnitOfWork, organization_id: str, member_id: str) -> Member:
    """An active administrator of the organization. Raises InvalidInputError."""
    try:
        member = members.read(unit, organization_id, member_id)
    except NotFoundError as error:
        raise _not_an_admin() from error
    if member.role != ADMIN or member.state != MemberState.ACTIVE or member.suspended:
        raise _not_an_admin()
    return member


def whose_address_is_proven(admin: Member | None) -> Member | None:
    """The same administrator, where what counts is that the address is theirs.

    An operator vouches for it; with a key of the organization the administrator has to have signed in once. Raises
    InvalidInputError.
    """
    if admin is not None and admin.first_signed_in_at is None and current.actor().kind is not ActorKind.OPERATOR:
        raise InvalidInputError(
            "This administrator has never signed in, so nobody knows whether the address is theirs.",
            field="on_behalf_of",
        )
    return admin


@contextmanager
def writing(organization_id: str, member_id: str | None) -> Iterator[tuple[UnitOfWork, Member | None]]:
    """A unit that may write, for calls that talk to the network first; the organization is locked."""
    with current.writing() as unit:
        unit.lock(organization_id)
        yield unit, name_admin(unit, organization_id, member_id)


def _not_an_admin() -> InvalidInputError:
    return InvalidInputError("This is not an active administrator of the organization.", field="on_behalf_of")
