"""Two changes at the same moment, each harmless by itself: the first is made, the second is decided by what stands
there then, and somebody can still administer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from app.rules.actor import OPERATOR
from app.services import explanation, members
from tests.application import OPERATOR_TOKEN, World
from tests.concurrency.putting_back import Saved
from tests.concurrency.rivals import Call, Processes, send
from tests.scenes import ADA, GRACE, Organization, found_organization
from tests.services.single_sign_on import connect, identity_of

#: By the guard, because it has come to take more than was shown, or because who is acted for is no administrator now.
REFUSED = {409, 412, 400}
TAKEN = {200, 204}


class Pair:
    """An organization with two administrators, Ada and Grace, who have both signed in."""

    def __init__(self, world: World, *, directory: bool) -> None:
        self.world, self.ada, self.grace = world, ADA, GRACE
        world.clock.time = datetime.now(UTC)  # the rivals live in real time
        self.organization = found_organization(world)
        self.organization.verify_domain()
        self.organization.store_recovery_codes()
        self.directory_id, self.scim = self.organization.add_directory()
        self.users = (self.scim.add_user(self.ada), self.scim.add_user(self.grace))
        self.group = self.scim.add_group("Admins", *self.users)
        self.mapping = self.organization.map_group(self.group)
        self.organization.activate_directory(self.directory_id)
        world.browser().sign_in(self.grace)
        if not directory:
            self._without_directory()
        else:
            self._without_grants()

    def _without_directory(self) -> None:
        """What the group gave is a grant now."""
        assert (
            send(self.world.program, self.api("POST", f"/directories/{self.directory_id}/deactivate", {})).status_code
            == 200
        )

    def _without_grants(self) -> None:
        """The founder's own grant would outlive every push."""
        with self.world.transactions.writing(OPERATOR) as unit:
            members.read(unit, self.organization.id, self.organization.admin_id).granted_role = None

    def member(self, email: str) -> str:
        return f"/members/{self.organization.member(email).id}"

    def api(self, method: str, path: str, body: dict[str, object] | None = None, *, planned: bool = False) -> Call:
        full = f"/api/v1/organizations/{self.organization.id}{path}"
        call = Call(method, full, body, OPERATOR_TOKEN)
        if not planned:
            return call
        shown = send(self.world.program, Call(method, f"{full}?dry_run=true", body, OPERATOR_TOKEN))
        assert shown.status_code == 200, shown.text
        return Call(method, full, body, OPERATOR_TOKEN, if_match=str(json.loads(shown.text)["hash"]))

    def push(self, below: str, **operation: object) -> Call:
        body: dict[str, object] = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [operation],
        }
        base = self.scim.base_url.partition(".test")[2]
        return Call("PATCH", f"{base}{below}", body, self.scim.token, "application/scim+json")

    def push_inactive(self, who: int) -> Call:
        return self.push(f"/Users/{self.users[who]}", op="replace", path="active", value=False)

    def push_out(self, who: int) -> Call:
        return self.push(f"/Groups/{self.group}", op="remove", path=f'members[value eq "{self.users[who]}"]')

    def push_both_out(self) -> Call:
        return self.push(f"/Groups/{self.group}", op="replace", path="members", value=[])

    def suspend(self, email: str) -> Call:
        return self.api("PATCH", self.member(email), {"suspended": True})

    def demote(self, email: str) -> Call:
        return self.api("PATCH", self.member(email), {"role": "member"})

    def remove(self, email: str) -> Call:
        return self.api("DELETE", self.member(email))

    def require_sign_on(self) -> Call:
        scene = connect(self.organization)
        scene.come_back(identity_of(self.world, self.ada), tester=True)
        body: dict[str, object] = {"on_behalf_of": self.organization.admin_id}
        return self.api("POST", f"/connections/{scene.connection_id}/activate", body, planned=True)

    def unmap(self) -> Call:
        """Only Grace stays an administrator, by a grant."""
        with self.world.transactions.writing(OPERATOR) as unit:
            members.read(unit, self.organization.id, self.organization.member(self.grace).id).granted_role = "admin"
        return self.api("DELETE", f"/role-mappings/{self.mapping}")

    def domain(self) -> str:
        found = send(self.world.program, self.api("GET", "/domains"))
        return str(json.loads(found.text)["data"][0]["id"])


Calls = Callable[[Pair], tuple[Call, Call]]
BY_HAND: dict[str, Calls] = {
    "both are suspended": lambda it: (it.suspend(it.ada), it.suspend(it.grace)),
    "one is suspended, the other removed": lambda it: (it.suspend(it.ada), it.remove(it.grace)),
    "one is suspended, the other demoted": lambda it: (it.suspend(it.ada), it.demote(it.grace)),
    "one is removed, the other demoted": lambda it: (it.remove(it.ada), it.demote(it.grace)),
    "single sign-on is required, the domain removed": lambda it: (
        it.require_sign_on(), it.api("DELETE", f"/domains/{it.domain()}"),
    ),
    "single sign-on is required, its only tester suspended": lambda it: (it.require_sign_on(), it.suspend(it.ada)),
    "the directory is turned on, an administrator suspended": lambda it: (
        it.api("POST", f"/directories/{it.directory_id}/activate", {}, planned=True), it.suspend(it.ada),
    ),
}  # fmt: skip
PUSHED: dict[str, Calls] = {
    "one is suspended, the other pushed inactive": lambda it: (it.suspend(it.ada), it.push_inactive(1)),
    "one is pushed inactive, the other out of the group": lambda it: (it.push_inactive(1), it.push_out(0)),
    "one push takes both, another one of them": lambda it: (it.push_both_out(), it.push_inactive(0)),
    "the mapping goes, the one with a grant is pushed inactive": lambda it: (it.unmap(), it.push_inactive(1)),
    "the directory is turned off, one is pushed out": lambda it: (
        it.api("POST", f"/directories/{it.directory_id}/deactivate", {}), it.push_both_out(),
    ),
    "the directory is deleted, one is pushed inactive": lambda it: (
        it.api("DELETE", f"/directories/{it.directory_id}"), it.push_inactive(0),
    ),
    "single sign-on is required, its only tester pushed inactive": lambda it: (
        it.require_sign_on(), it.push_inactive(0),
    ),
    "single sign-on is required, its only tester pushed out": lambda it: (it.require_sign_on(), it.push_out(0)),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_of_two_changes_by_hand_the_second_may_be_refused_and_an_administrator_stays(
    world: World, processes: Processes, name: str
) -> None:
    pair = Pair(world, directory=False)

    for _, codes in in_both_orders(world, processes, BY_HAND[name](pair)):
        assert codes[0] in TAKEN, codes
        assert codes[1] in TAKEN | REFUSED, codes
        assert usable(pair.organization), codes
        assert not held(pair.organization)


@pytest.mark.parametrize("name", PUSHED)
def test_push_at_the_moment_of_a_change_is_taken_and_somebody_is_usable_orheld(
    world: World, processes: Processes, name: str
) -> None:
    pair = Pair(world, directory=True)

    for calls, codes in in_both_orders(world, processes, PUSHED[name](pair)):
        is_deletion = calls[0].method == "DELETE" and "/directories/" in calls[0].path
        may_answer = {404} if is_deletion else TAKEN if calls[1].path.startswith("/scim/") else TAKEN | REFUSED
        assert codes[0] in TAKEN, codes
        assert codes[1] in may_answer, codes
        assert bool(usable(pair.organization)) is not bool(held(pair.organization)), codes
        assert len(held(pair.organization)) <= 1


def in_both_orders(
    world: World, processes: Processes, calls: tuple[Call, Call]
) -> Iterator[tuple[tuple[Call, Call], tuple[int, int]]]:
    """The two, each once in front of the other, from the same beginning: as they were made, and what was answered."""
    saved = Saved(world.transactions.database.engine)
    with processes.meet(world.program.settings.database_url) as both:
        for in_order in (calls, calls[::-1]):
            saved.put_back()
            yield in_order, both.play_in_order(*in_order)


def usable(organization: Organization) -> list[str]:
    with organization.world.transactions.reading() as unit:
        return [person.email for person, _ in explanation.lockout_proof(unit, organization.id).usable]


def held(organization: Organization) -> list[str]:
    with organization.world.transactions.reading() as unit:
        return [person.email for person in explanation.lockout_proof(unit, organization.id).held]
