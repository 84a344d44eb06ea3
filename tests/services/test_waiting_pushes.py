"""A push that waits for the organization's lock is decided by what stands there after the wait, on both databases; so
is whoever takes its token away.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import TypeVar

import pytest
from sqlalchemy import select, text, update
from werkzeug.test import TestResponse

from app.services import directory_tokens
from app.services.unit_of_work import UnitOfWork
from app.store.audit import ENTRIES
from app.store.directories import Directory, DirectoryToken
from app.store.members import Member
from app.store.mirror_tables import DirectoryUser
from tests.application import World
from tests.scenes import Provisioned, provisioned

_WAITS_AT_MOST = 30.0
GRACE = "grace@acme.test"
T = TypeVar("T")


def _turn(state: str) -> Callable[[UnitOfWork, Provisioned], None]:
    def change(unit: UnitOfWork, made: Provisioned) -> None:
        unit.session.execute(update(Directory).where(Directory.id == made.directory_id).values(state=state))

    return change


def _delete(unit: UnitOfWork, made: Provisioned) -> None:
    unit.session.execute(update(Directory).where(Directory.id == made.directory_id).values(deleted_at=unit.now))


def _revoke(unit: UnitOfWork, made: Provisioned) -> None:
    mine = DirectoryToken.directory_id == made.directory_id
    unit.session.execute(update(DirectoryToken).where(mine).values(revoked_at=unit.now))


def _while_locked(
    world: World,
    made: Provisioned,
    change: Callable[[UnitOfWork, Provisioned], None],
    push: Callable[[], T],
) -> T:
    """Change something under the lock, with a push waiting behind it."""
    answers: list[T] = []
    pushing = Thread(target=lambda: answers.append(push()), daemon=True)
    with world.transactions.writing() as unit:
        unit.lock(made.organization.id)
        change(unit, made)
        unit.flush()
        pushing.start()
        pushing.join(0.5)
        assert pushing.is_alive(), "the push did not wait"
    pushing.join(_WAITS_AT_MOST)
    return answers[0]


def _post(made: Provisioned, email: str = GRACE) -> Callable[[], TestResponse]:
    body = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": email,
        "emails": [{"value": email, "primary": True}],
        "active": True,
    }
    return lambda: made.scim.request("POST", "/Users", body)


def _people(world: World) -> tuple[int, int]:
    """How many people named Grace are in the mirror, and among the members."""
    with world.transactions.reading() as unit:
        users = unit.session.scalars(select(DirectoryUser).where(DirectoryUser.email == GRACE)).all()
        members = unit.session.scalars(select(Member).where(Member.email == GRACE)).all()
        return len(users), len(members)


@pytest.mark.parametrize(
    ("change", "status"),
    [(_revoke, 401), (_delete, 404)],
    ids=["token-revoked", "directory-deleted"],
)
def test_push_that_may_not_be_made_any_more_writes_nothing(
    world: World, change: Callable[[UnitOfWork, Provisioned], None], status: int
) -> None:
    made = provisioned(world)

    answer = _while_locked(world, made, change, _post(made))

    assert answer.status_code == status
    assert _people(world) == (0, 0)


def test_push_into_a_directory_that_was_turned_off_makes_no_member(world: World) -> None:
    made = provisioned(world)

    answer = _while_locked(world, made, _turn("inactive"), _post(made))

    assert answer.status_code == 201
    assert _people(world) == (1, 0)


def test_push_into_a_directory_that_was_turned_on_is_followed(world: World) -> None:
    made = provisioned(world)
    grace = made.scim.add_user(GRACE)
    with world.transactions.writing() as unit:
        _turn("inactive")(unit, made)

    answer = _while_locked(world, made, _turn("active"), lambda: made.scim.set_active(grace, False))

    assert answer.status_code == 200
    with world.transactions.reading() as unit:
        states = unit.session.scalars(select(Member.state).where(Member.email == GRACE)).all()
        assert unit.session.scalar(text("SELECT count(*) FROM directory_users WHERE active")) == 1
    assert states == ["deactivated"]


def test_whoever_may_not_push_any_more_is_not_told_who_is_there(world: World) -> None:
    made = provisioned(world)

    answer = _while_locked(world, made, _revoke, _post(made, "ada@acme.test"))

    assert answer.status_code == 401


def test_token_revoked_while_somebody_else_revokes_it_is_written_down_once(world: World) -> None:
    made = provisioned(world)
    with world.transactions.reading() as unit:
        (token,) = directory_tokens.all_of(unit, made.organization.id, made.directory_id)

    def revoke(unit: UnitOfWork, made: Provisioned) -> None:
        directory_tokens.revoke(unit, made.organization.id, made.directory_id, token.id)

    def revoke_too() -> None:
        with world.transactions.writing() as unit:
            revoke(unit, made)

    _while_locked(world, made, revoke, revoke_too)

    with world.transactions.reading() as unit:
        entries = unit.connection.scalars(select(ENTRIES.c.action).where(ENTRIES.c.action == "directory.token_revoked"))
        assert len(entries.all()) == 1
