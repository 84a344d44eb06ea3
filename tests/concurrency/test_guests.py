"""Two organizations at the same moment: what one brings is a member of the other, and both change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from app.rules.actor import OPERATOR
from app.services import members
from app.store.members import Member
from tests.application import OPERATOR_TOKEN, World
from tests.concurrency.putting_back import Saved
from tests.concurrency.rivals import Call, Processes, Request
from tests.concurrency.test_conflicting_changes import held, usable
from tests.concurrency.test_interleavings import LIN, Scene, Stands
from tests.scenes import Organization, ScimClient, found_organization
from tests.services.test_sign_in import add_member, set_columns

OTHER_HOST = "other.test"
BOSS, KIM = f"boss@{OTHER_HOST}", f"kim@{OTHER_HOST}"
#: Which organization was founded first: its id is the smaller one, and its lock the first in the order.
ORDERS = ("Acme is the older", "Other is the older")


@dataclass
class Other:
    """An organization whose directory makes Boss its administrator."""

    organization: Organization
    scim: ScimClient
    group: str
    boss: str

    def api(self, method: str, path: str, body: dict[str, object] | None = None) -> Call:
        return Call(method, f"/api/v1/organizations/{self.organization.id}{path}", body, OPERATOR_TOKEN)

    def remove(self, email: str) -> Call:
        return self.api("DELETE", f"/members/{self.organization.member(email).id}")

    def push_out(self) -> Call:
        """Its directory takes Boss out of the group."""
        path = f'members[value eq "{self.boss}"]'
        body: dict[str, object] = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "remove", "path": path}],
        }
        base = self.scim.base_url.partition(".test")[2]
        return Call("PATCH", f"{base}/Groups/{self.group}", body, self.scim.token, "application/scim+json")

    def create(self, email: str) -> Call:
        body: dict[str, object] = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": email,
            "emails": [{"value": email, "primary": True}],
            "active": True,
        }
        base = self.scim.base_url.partition(".test")[2]
        return Call("POST", f"{base}/Users", body, self.scim.token, "application/scim+json")


class Meeting(Scene):
    """Acme as in the other tests, and beside it Other. Lin of Acme is a guest in Other, Kim of Other one in Acme."""

    def __init__(self, world: World, order: str) -> None:
        world.clock.time = datetime.now(UTC)
        is_older = order == ORDERS[1]
        other = found_organization(world, BOSS, "Other") if is_older else None
        super().__init__(world, directory=True)
        self.other = _provisioned(other or found_organization(world, BOSS, "Other"))
        assert (self.other.organization.id < self.organization.id) is is_older
        add_member(self.other.organization, LIN)
        add_member(self.organization, KIM)

    def make_administrator(self, email: str = LIN) -> None:
        """Of Other, who has signed in."""
        known = {"role": "admin", "granted_role": "admin", "first_signed_in_at": self.world.clock.now()}
        set_columns(self.other.organization, email, **known)

    def check_guards(self) -> None:
        """In both somebody is usable, or else exactly one on hold."""
        for organization in (self.organization, self.other.organization):
            assert (len(held(organization)) == 1) is not bool(usable(organization))


def _provisioned(organization: Organization) -> Other:
    organization.verify_domain(OTHER_HOST)
    organization.store_recovery_codes()
    directory_id, scim = organization.add_directory()
    boss = scim.add_user(BOSS)
    group = scim.add_group("Admins", boss)
    organization.map_group(group)
    organization.activate_directory(directory_id)
    with organization.world.transactions.writing(OPERATOR) as unit:
        members.read(unit, organization.id, organization.admin_id).granted_role = None
    return Other(organization, scim, group, boss)


def _last_but_one(it: Meeting) -> tuple[Request, Request]:
    it.make_administrator()
    return it.create(LIN), it.other.push_out()


def _boss_suspended(it: Meeting) -> tuple[Request, Request]:
    it.make_administrator()
    boss = it.other.organization.member(BOSS).id
    return it.create(LIN), it.other.api("PATCH", f"/members/{boss}", {"suspended": True})


def _through_provider(it: Meeting) -> tuple[Request, Request]:
    scene = it.require_single_sign_on()
    it.now(it.api("POST", f"/directories/{it.directory_id}/deactivate", {}))
    return it.arrive(scene, LIN), it.other.remove(LIN)


BROUGHT_AND_REMOVED = "a guest brought by the owner, and removed"
BOTH_BRING = "two organizations that bring each other's guests"
MEETINGS: dict[str, Callable[[Meeting], tuple[Request, Request]]] = {
    BROUGHT_AND_REMOVED: lambda it: (it.create(LIN), it.other.remove(LIN)),
    "a guest who comes through the owner's provider, and is removed": _through_provider,
    "a guest brought by the owner, who signs in": lambda it: (it.create(LIN), it.sign_in(LIN)),
    "an address moved to that of a guest, who is removed": lambda it: (it.move(1, LIN), it.other.remove(LIN)),
    "an administrator brought by the owner, and the other one demoted by a push": _last_but_one,
    "an administrator brought by the owner, and the other one suspended": _boss_suspended,
    BOTH_BRING: lambda it: (it.create(LIN), it.other.create(KIM)),
}


#: The other order of locks only where both want the other's, or one comes when the other is about to commit.
CASES = [(name, ORDERS[0]) for name in MEETINGS] + [(name, ORDERS[1]) for name in (BROUGHT_AND_REMOVED, BOTH_BRING)]


@pytest.mark.parametrize(("name", "order"), CASES)
def test_what_two_organizations_do_at_once_is_decided_one_after_the_other(
    world: World, processes: Processes, name: str, order: str
) -> None:
    scene = Meeting(world, order)
    requests = MEETINGS[name](scene)
    saved = Saved(world.transactions.database.engine)

    with processes.meet(world.program.settings.database_url) as both:
        for first, second in (requests, requests[::-1]):
            saved.put_back()
            expected = (first.make(world.program), second.make(world.program)), Stands.of(world)
            scene.check_guards()
            saved.put_back()
            codes = both.play_in_order(first, second)
            assert (codes, Stands.of(world)) == expected
            scene.check_guards()


@pytest.mark.parametrize("order", ORDERS)
def test_two_organizations_that_wait_for_each_other_go_on_and_the_later_one_is_asked_to_come_again(
    world: World, processes: Processes, order: str
) -> None:
    """Each holds its own lock, and wants the other's."""
    if world.program.settings.database_url.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time: nobody holds one lock and waits for another")
    scene = Meeting(world, order)
    requests = scene.create(LIN), scene.other.create(KIM)

    with no_deadlock_found_by_the_server(world), processes.meet(world.program.settings.database_url) as both:
        codes = both.play_across(*requests)

    assert codes == ((201, 503) if order == ORDERS[0] else (503, 201))
    scene.now(requests[codes.index(503)])
    with world.transactions.reading() as unit:
        rows = unit.session.scalars(select(Member).where(Member.email.in_([LIN, KIM]), Member.removed_at.is_(None)))
        assert {row.email: row.organization_id for row in rows} == {
            LIN: scene.organization.id,
            KIM: scene.other.organization.id,
        }
    scene.check_guards()


@contextmanager
def no_deadlock_found_by_the_server(world: World) -> Iterator[None]:
    """PostgreSQL would end one of the two after a second, whichever."""
    engine = world.transactions.database.engine
    name = engine.url.database
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"ALTER DATABASE \"{name}\" SET deadlock_timeout = '60s'"))
    yield
