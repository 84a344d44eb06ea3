"""Two things that happen at the same moment, each in front of the other: whoever waits is decided by what stands there
after the wait, as if they had come later; and somebody is usable or on hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select

from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.services import answers, recovery, sign_in
from app.services.steps import AskCode
from app.store.connections import LinkedIdentity
from app.store.members import Member
from app.store.mirror_tables import DirectoryUser
from app.store.sign_ins import SignInSession
from app.web.request import SESSION_COOKIE
from tests.application import BASE_URL, OPERATOR_TOKEN, World
from tests.concurrency.putting_back import Saved
from tests.concurrency.rivals import Arrive, Call, Processes, Request
from tests.concurrency.test_conflicting_changes import Pair, held, usable
from tests.scenes import ADA, GRACE, HOST
from tests.services.single_sign_on import SingleSignOn, connect, identity_of

LIN = f"lin@{HOST}"
IN, CODE_ASKED, TURNED_AWAY = 303, 200, 403


class Scene(Pair):
    """Ada and Grace are administrators who have signed in, in an organization with a directory, which may be off."""

    def sign_in(self, email: str) -> Call:
        """A browser that has the emailed code and is about to send it."""
        browser = self.world.transactions.ports.randomness.token()
        with self.world.transactions.writing() as unit:
            step = sign_in.begin(unit, address=email, browser=browser)
            form_token = unit.ports.sealing.code_digests(browser, place="form")[0]
        assert isinstance(step, AskCode)
        self.world.work()
        form = {"form_token": form_token, "code": self.world.post.code_for(email)}
        return Call("POST", f"/sign-in/code?flow={step.flow_id}", None, browser, form=form)

    def require_single_sign_on(self) -> SingleSignOn:
        """As Ada tested it; both have come in through it."""
        scene = connect(self.organization)
        scene.come_back(identity_of(self.world, ADA), tester=True)
        assert not isinstance(scene.activate(), Refused)
        for email in (ADA, GRACE):
            step = scene.come_back(identity_of(self.world, email))
            if isinstance(step, AskCode):
                self.world.work()
                with self.world.transactions.writing() as unit:
                    code = self.world.post.code_for(email)
                    answers.enter_code(unit, step.flow_id, browser="browser-token", code=code)
        return scene

    def arrive(self, scene: SingleSignOn, email: str, **changes: object) -> Arrive:
        """A browser that comes back from the identity provider."""
        browser = self.world.transactions.ports.randomness.token()
        return Arrive(scene.leave(browser=browser), identity_of(self.world, email, **changes), browser)

    def recovery_session(self, email: str = ADA) -> dict[str, str]:
        """What a browser in a recovery session sends with each form."""
        with self.world.transactions.writing(OPERATOR) as unit:
            token = recovery.recovery_link(unit, email=email)
        browser = self.world.browser()
        browser.get(f"/recover/{token}")
        assert browser.submit(f"/recover/{token}").status_code == IN
        cookie = browser.client.get_cookie(SESSION_COOKIE, domain=BASE_URL.partition("//")[2])
        assert cookie is not None
        sealing = self.world.transactions.ports.sealing
        return {"session": cookie.value, "form_token": sealing.code_digests(cookie.value, place="form")[0]}

    def post(self, session: dict[str, str], path: str, **fields: str) -> Call:
        form = {"form_token": session["form_token"], **fields}
        return Call("POST", path, None, "browser", form=form, session=session["session"])

    def now(self, call: Call) -> None:
        """Have it happen before anything else."""
        assert call.make(self.world.program) in {200, 201, 204}

    def create(self, email: str) -> Call:
        """Push a new user."""
        body: dict[str, Any] = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": email,
            "emails": [{"value": email, "primary": True}],
            "active": True,
        }
        return replace(self.push("/Users"), method="POST", body=body)

    def delete(self, who: int) -> Call:
        return replace(self.push(f"/Users/{self.users[who]}"), method="DELETE", body=None)

    def move(self, who: int, email: str) -> Call:
        value = [{"value": email, "primary": True}]
        return self.push(f"/Users/{self.users[who]}", op="replace", path="emails", value=value)

    def push_in(self, who: int) -> Call:
        value = [{"value": self.users[who]}]
        return self.push(f"/Groups/{self.group}", op="add", path="members", value=value)

    def activate(self, directory_id: str) -> Call:
        return self.api("POST", f"/directories/{directory_id}/activate", {}, planned=True)

    def replace_directory(self) -> str:
        """Another directory in place of the one that was deleted, with both in a group that is mapped to admin."""
        directory_id, self.scim = self.organization.add_directory()
        self.users = (self.scim.add_user(ADA), self.scim.add_user(GRACE))
        self.group = self.scim.add_group("Admins", *self.users)
        self.mapping = self.organization.map_group(self.group)
        return directory_id


@dataclass(frozen=True)
class Stands:
    """How everything stands that the two could have changed; ids are left out, since they differ each time."""

    members: list[tuple[object, ...]]
    sessions: list[tuple[str, str]]
    users: list[tuple[object, ...]]
    links: list[tuple[str, str]]

    @classmethod
    def of(cls, world: World) -> Stands:
        with world.transactions.reading() as unit:
            people = {row.id: row for row in unit.session.scalars(select(Member))}
            alive = unit.session.scalars(select(SignInSession).where(SignInSession.ended_at.is_(None))).all()
            users = unit.session.scalars(select(DirectoryUser).where(DirectoryUser.deleted_at.is_(None))).all()
            links = unit.session.scalars(select(LinkedIdentity)).all()
            for session in alive:
                assert _may_have(session, people[session.member_id]), (
                    session.kind,
                    _standing(people[session.member_id]),
                )
            return cls(
                sorted((_standing(row) for row in people.values()), key=repr),
                sorted((people[session.member_id].email, session.kind) for session in alive),
                sorted(((one.email, one.active, one.reason, one.member_id is not None) for one in users), key=repr),
                sorted((people[link.member_id].email, link.subject) for link in links),
            )


def _may_have(session: SignInSession, member: Member) -> bool:
    is_present = member.state == "active" and not member.suspended and member.removed_at is None
    return is_present or (session.kind == "recovery" and member.held)


def _standing(row: Member) -> tuple[object, ...]:
    role = (row.role, row.role_source, row.held, row.granted_role)
    return (row.email, row.state, row.suspended, row.removed_at is not None, row.first_signed_in_at is not None, *role)


Requests = Callable[[Scene], tuple[Request, Request]]


def _only_ada(it: Scene) -> None:
    it.now(it.push_out(1))


def _held(it: Scene) -> None:
    """Ada is on hold: the directory has demoted them all."""
    _only_ada(it)
    it.now(it.push_out(0))


def _held_and_deactivated(it: Scene) -> None:
    _only_ada(it)
    it.now(it.push_inactive(0))


def _after(before: Callable[[Scene], None], requests: Requests) -> Requests:
    def begun(it: Scene) -> tuple[Request, Request]:
        before(it)
        return requests(it)

    return begun


def _through_provider(other: Callable[[Scene], Request]) -> Requests:
    return lambda it: (it.arrive(it.require_single_sign_on(), GRACE), other(it))


def _sign_on_off(it: Scene) -> tuple[Request, Request]:
    scene = it.require_single_sign_on()
    return it.arrive(scene, GRACE), it.api("POST", f"/connections/{scene.connection_id}/deactivate", {})


def _two_subjects(it: Scene) -> tuple[Request, Request]:
    scene = it.require_single_sign_on()
    return it.arrive(scene, LIN, subject="one"), it.arrive(scene, LIN, subject="another")


DIRECTORY_ON: dict[str, Requests] = {
    "a sign-in by code, a push that deactivates them": lambda it: (it.sign_in(GRACE), it.push_inactive(1)),
    "a sign-in by code, a push that deletes them": lambda it: (it.sign_in(GRACE), it.delete(1)),
    "a sign-in by code, a suspension": lambda it: (it.sign_in(GRACE), it.suspend(GRACE)),
    "the last administrator's sign-in by code, a push that deactivates them": _after(
        _only_ada, lambda it: (it.sign_in(ADA), it.push_inactive(0))
    ),
    "a sign-in that ends a hold, a push that deactivates whoever signs in": _after(
        _held, lambda it: (it.sign_in(GRACE), it.push_inactive(1))
    ),
    "a sign-in through the provider, a push that deactivates them": _through_provider(lambda it: it.push_inactive(1)),
    "a sign-in through the provider, a suspension": _through_provider(lambda it: it.suspend(GRACE)),
    "a push that takes the last administrator, another that deactivates them": _after(
        _only_ada, lambda it: (it.push_out(0), it.push_inactive(0))
    ),
    "a push that takes the last administrator, another that deletes them": _after(
        _only_ada, lambda it: (it.push_out(0), it.delete(0))
    ),
    "a push that takes the last administrator, another that moves their address": _after(
        _only_ada, lambda it: (it.push_out(0), it.move(0, f"lovelace@{HOST}"))
    ),
    "a push that takes the last administrator, another that makes a new one": _after(
        _only_ada, lambda it: (it.push_out(0), it.push_in(1))
    ),
    "a push that gives back whoever is on hold, another that deactivates them": _after(
        _held, lambda it: (it.push_in(0), it.push_inactive(0))
    ),
    "a push that gives back whoever is on hold, another that moves their address": _after(
        _held, lambda it: (it.push_in(0), it.move(0, f"lovelace@{HOST}"))
    ),
    "a push that makes another administrator, one that moves the address of whoever is on hold": _after(
        _held, lambda it: (it.push_in(1), it.move(0, f"lovelace@{HOST}"))
    ),
    "somebody made administrator by hand, a push that deletes whoever is on hold": _after(
        _held, lambda it: (it.api("PATCH", it.member(GRACE), {"role": "admin"}), it.delete(0))
    ),
    "the directory off in a recovery session, a push that makes another administrator": _after(
        _held_and_deactivated,
        lambda it: (
            it.post(it.recovery_session(), f"/settings/directories/{it.directory_id}/deactivate"), it.push_in(1),
        ),
    ),
    "somebody appointed in a recovery session, a push that makes them administrator": _after(
        _held_and_deactivated,
        lambda it: (
            it.post(it.recovery_session(), f"/settings{it.member(GRACE)}/role", role="admin"), it.push_in(1),
        ),
    ),
    "somebody appointed in a recovery session, a push that deactivates them": _after(
        _held_and_deactivated,
        lambda it: (
            it.post(it.recovery_session(), f"/settings{it.member(GRACE)}/role", role="admin"), it.push_inactive(1),
        ),
    ),
    "a recovery link that is used, a push that makes another administrator": _after(
        _held_and_deactivated, lambda it: (_recovery_link(it), it.push_in(1))
    ),
    "the directory deleted during a hold, a push that gives them back": _after(
        _held, lambda it: (it.api("DELETE", f"/directories/{it.directory_id}"), it.push_in(0))
    ),
    "the directory deleted during a hold, a push that deactivates them": _after(
        _held, lambda it: (it.api("DELETE", f"/directories/{it.directory_id}"), it.push_inactive(0))
    ),
    "the replacement of a directory turned on, a push there that demotes": lambda it: _replaced(
        it, lambda: it.push_out(0)
    ),
    "the replacement of a directory turned on, a push there that takes both": lambda it: _replaced(
        it, it.push_both_out
    ),
    "an unknown subject with somebody's address, a push that makes them administrator": lambda it: _stranger(
        it, it.push_out(1), it.push_in(1)
    ),
    "an unknown subject with an administrator's address, a push that demotes them": lambda it: _stranger(
        it, None, it.push_out(1)
    ),
    "an unknown subject with an administrator's address, a push that deactivates them": lambda it: _stranger(
        it, None, it.push_inactive(1)
    ),
    "two pushes that want one address": lambda it: (it.create(LIN), it.move(1, LIN)),
    "an address given up, and wanted by another": lambda it: (it.move(1, LIN), it.create(GRACE)),
}  # fmt: skip
DIRECTORY_OFF: dict[str, Requests] = {
    "a sign-in by code, a removal": lambda it: (it.sign_in(GRACE), it.remove(GRACE)),
    "a sign-in through the provider, a removal": _through_provider(lambda it: it.remove(GRACE)),
    "a sign-in through the provider, single sign-on turned off": _sign_on_off,
    "a recovery link that is used, a removal": lambda it: (_recovery_link(it), it.remove(ADA)),
    "two subjects of one address that nobody has": _two_subjects,
}


def _recovery_link(it: Scene) -> Call:
    with it.world.transactions.writing(OPERATOR) as unit:
        token = recovery.recovery_link(unit, email=ADA)
        browser = unit.ports.randomness.token()
        form_token = unit.ports.sealing.code_digests(browser, place="form")[0]
    return Call("POST", f"/recover/{token}", None, browser, form={"form_token": form_token})


def _replaced(it: Scene, push: Callable[[], Call]) -> tuple[Request, Request]:
    """A directory was deleted during a hold, and another one stands ready."""
    _held(it)
    it.now(it.api("DELETE", f"/directories/{it.directory_id}"))
    return it.activate(it.replace_directory()), push()


def _stranger(it: Scene, first: Call | None, push: Call) -> tuple[Request, Request]:
    """Grace has never come in through the provider; somebody does, as her."""
    scene = connect(it.organization)
    scene.come_back(identity_of(it.world, ADA), tester=True)
    assert not isinstance(scene.activate(), Refused)
    if first is not None:
        it.now(first)
    return it.arrive(scene, GRACE, subject="somebody"), push


@pytest.mark.parametrize("name", DIRECTORY_ON)
def test_whoever_waits_behind_a_push_or_before_one_is_decided_as_if_they_had_come_later(
    world: World, processes: Processes, name: str
) -> None:
    scene = Scene(world, directory=True)

    check_both_orders(scene, DIRECTORY_ON[name](scene), processes)


@pytest.mark.parametrize("name", DIRECTORY_OFF)
def test_whoever_waits_behind_a_change_is_decided_as_if_they_had_come_later(
    world: World, processes: Processes, name: str
) -> None:
    scene = Scene(world, directory=False)

    check_both_orders(scene, DIRECTORY_OFF[name](scene), processes)


def test_without_the_lock_somebody_who_is_deactivated_meanwhile_stays_signed_in(
    world: World, processes: Processes
) -> None:
    """Shows that the tests above can fail. SQLite is left out: there the lock is the writing transaction itself."""
    if world.program.settings.database_url.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time; its lock cannot be taken out")
    scene = Scene(world, directory=True)
    push, come = scene.push_inactive(1), scene.sign_in(GRACE)

    with processes.meet(world.program.settings.database_url, with_lock=False) as both:
        codes = both.play_in_order(push, come)

    assert codes == (200, IN)
    with pytest.raises(AssertionError, match="deactivated"):
        Stands.of(world)


def check_both_orders(scene: Scene, requests: tuple[Request, Request], processes: Processes) -> None:
    """Each in front of the other: the same comes of it as when the one is done before the other begins."""
    world = scene.world
    saved = Saved(world.transactions.database.engine)
    with processes.meet(world.program.settings.database_url) as both:
        for first, second in (requests, requests[::-1]):
            saved.put_back()
            expected = (first.make(world.program), second.make(world.program)), Stands.of(world)
            check_guard(scene)
            saved.put_back()
            codes = both.play_in_order(first, second)
            assert (codes, Stands.of(world)) == expected
            check_guard(scene)


def check_guard(scene: Scene) -> None:
    """Somebody is usable, or else exactly one on hold."""
    assert (len(held(scene.organization)) == 1) is not bool(usable(scene.organization))


def test_address_that_a_push_and_another_organization_want_is_one_persons(world: World, processes: Processes) -> None:
    scene = Scene(world, directory=True)
    body: dict[str, object] = {"name": "Other", "admin_email": LIN}
    requests = scene.create(LIN), Call("POST", "/api/v1/organizations", body, OPERATOR_TOKEN)
    saved = Saved(world.transactions.database.engine)

    with processes.meet(world.program.settings.database_url) as both:
        for first, second in (requests, requests[::-1]):
            saved.put_back()
            codes = both.play_in_order(first, second)
            pushed, founded = codes if first is requests[0] else codes[::-1]
            assert (pushed, founded) in {(201, 201), (201, 409), (503, 201)}
            if pushed == 503:
                scene.now(requests[0])  # an identity provider repeats it
            members, reasons = _lin(world)
            assert members == 1
            assert reasons == ([None] if founded == 409 else ["address_in_use"])


def _lin(world: World) -> tuple[int, list[str | None]]:
    """How many members have her address, and why her user in the directory is none."""
    with world.transactions.reading() as unit:
        rows = unit.session.scalars(select(Member).where(Member.email == LIN)).all()
        return len(rows), list(unit.session.scalars(select(DirectoryUser.reason).where(DirectoryUser.email == LIN)))
