"""Revisions and readiness over the API: what is in force stays until it is replaced, and can be taken back."""

from __future__ import annotations

from typing import Any

from app.rules.actor import OPERATOR
from app.rules.connections import SettingsRead
from app.rules.decisions import Allowed, Refused
from app.services import connections, invitations, members, revisions
from tests.application import World
from tests.scenes import ADA, GRACE, HOST
from tests.web.api.scenes import Scene, begin, metadata
from tests.web.settings.scenes import Desk

BY_ADA = f"operator on behalf of {ADA}"
NOBODY = f"rev_{'0' * 26}"


def edit(scene: Scene, one: str, email: str = "mail") -> Any:
    """Another attribute for the address: new settings that wait."""
    body = {"protocol": "saml", "idp": {"metadata_xml": metadata()}, "attributes": {"email": email}, **scene.by_admin}
    return scene.api.patch(one, body)


def replaced(world: World) -> tuple[Scene, str]:
    """Single sign-on is required with the second revision of its connection; the path of that."""
    scene = begin(world)
    active = scene.require_sign_on()
    one = f"{scene.path}/connections/{active['id']}"
    edit(scene, one)
    scene.prove(active["id"])
    scene.api.post_as_planned(f"{one}/activate", scene.by_admin)
    return scene, one


def states(scene: Scene, one: str) -> list[str]:
    return [row["state"] for row in scene.api.get(f"{one}/revisions")["data"]]


def test_edit_waits_beside_what_is_in_force_with_what_it_changes(world: World) -> None:
    scene = begin(world)
    active = scene.require_sign_on()
    one = f"{scene.path}/connections/{active['id']}"

    edit(scene, one)

    first, second = scene.api.get(f"{one}/revisions")["data"]
    assert (first["state"], first["number"], first["created_by"], first["differences"]) == (
        "in_force",
        1,
        BY_ADA,
        [],
    )
    assert first["in_force"] == [
        {
            "since": "2026-11-23T12:00:00Z",
            "until": None,
            "by": BY_ADA,
            "proof": {"administrator": scene.admin, "email": ADA, "way_in": "single_sign_on", "second_step": None},
        }
    ]
    assert (first["proven_by"], second["proven_by"], second["in_force"]) == (1, 0, [])
    assert (second["state"], second["number"]) == ("waiting", 2)
    assert second["differences"] == [{"name": "attributes.email", "before": [], "after": ["mail"]}]


def test_waiting_revision_takes_over_with_its_own_proof_and_plan(world: World) -> None:
    scene = begin(world)
    active = scene.require_sign_on()
    one = f"{scene.path}/connections/{active['id']}"
    edited = edit(scene, one)
    assert scene.api.refused("POST", f"{one}/activate", scene.by_admin)["code"] == "test_sign_in_required"
    scene.prove(active["id"])
    assert scene.api.refused("POST", f"{one}/activate", scene.by_admin, status=428)["code"] == "plan_required"

    applied = scene.api.post_as_planned(f"{one}/activate", scene.by_admin)

    assert applied["revision_in_force"] == edited["latest_revision"] != active["revision_in_force"]
    assert states(scene, one) == ["previous", "in_force"]
    told = [event for event in scene.organization.events() if event.type == "connection.revision_applied"]
    assert [event.data for event in told] == [
        {"before": active["revision_in_force"], "after": edited["latest_revision"]}
    ]


def test_plan_of_one_revision_is_no_plan_of_the_next(world: World) -> None:
    scene = begin(world)
    active = scene.require_sign_on()
    one = f"{scene.path}/connections/{active['id']}"
    edit(scene, one)
    scene.prove(active["id"])
    plan = scene.api.plan("POST", f"{one}/activate", scene.by_admin)
    edit(scene, one, email="address")
    scene.prove(active["id"])

    problem = scene.api.refused(
        "POST", f"{one}/activate", scene.by_admin, status=412, headers={"If-Match": plan["hash"]}
    )

    assert problem["code"] == "plan_outdated"
    assert states(scene, one) == ["in_force", "earlier", "waiting"]


def test_going_back_needs_no_test_and_keeps_sessions(world: World) -> None:
    scene, one = replaced(world)
    first, second = scene.api.get(f"{one}/revisions")["data"]
    world.clock.advance(hours=25)
    sessions = scene.api.get(f"{scene.path}/sessions")["data"]

    back = scene.api.post(f"{one}/revisions/{first['id']}/restore")

    assert (back["revision_in_force"], back["latest_revision"]) == (first["id"], first["id"])
    assert states(scene, one) == ["in_force", "previous"]
    assert scene.api.get(f"{scene.path}/sessions")["data"] == sessions
    terms = [term["until"] for term in scene.api.get(f"{one}/revisions")["data"][0]["in_force"]]
    assert terms == ["2026-11-23T12:00:00Z", None]
    told = scene.organization.events()[-1]
    assert (told.type, told.data) == ("connection.revision_restored", {"before": second["id"], "after": first["id"]})
    assert scene.api.refused("POST", f"{one}/revisions/{first['id']}/restore", {})["code"] == "revision_in_force"


def test_only_the_previous_revision_is_taken_back(world: World) -> None:
    scene, one = replaced(world)
    edit(scene, one, email="address")
    scene.prove(one.rpartition("/")[2])
    first = scene.api.get(f"{one}/revisions")["data"][0]["id"]
    scene.api.post_as_planned(f"{one}/activate", scene.by_admin)

    assert scene.api.refused("POST", f"{one}/revisions/{first}/restore", {})["code"] == "revision_not_previous"
    assert scene.api.refused("POST", f"{one}/revisions/{NOBODY}/restore", {}, status=404)["code"] == "not_found"
    scene.api.post(f"{one}/deactivate")
    assert scene.api.refused("POST", f"{one}/revisions/{first}/restore", {})["code"] == "connection_not_active"


def test_going_back_asks_the_guard(world: World) -> None:
    scene, one = replaced(world)
    first = scene.api.get(f"{one}/revisions")["data"][0]["id"]
    Desk(world, world.browser(), scene.organization).member(GRACE, role="admin")
    scene.prove(one.rpartition("/")[2], GRACE)
    scene.api.patch(f"{scene.path}/members/{scene.admin}", {"suspended": True})

    plan = scene.api.plan("POST", f"{one}/revisions/{first}/restore")
    problem = scene.api.refused("POST", f"{one}/revisions/{first}/restore", {})

    assert (plan["allowed"], problem["code"]) == (False, "last_administrator")
    assert states(scene, one) == ["previous", "in_force"]


def test_what_waits_goes_on_waiting_when_one_goes_back(world: World) -> None:
    scene, one = replaced(world)
    edit(scene, one, email="address")
    first = scene.api.get(f"{one}/revisions")["data"][0]["id"]

    scene.api.post(f"{one}/revisions/{first}/restore")

    assert states(scene, one) == ["in_force", "previous", "waiting"]


def test_discarded_revision_leaves_what_is_in_force_and_stays_in_the_history(world: World) -> None:
    scene = begin(world)
    active = scene.require_sign_on()
    one = f"{scene.path}/connections/{active['id']}"
    waiting = edit(scene, one)["latest_revision"]
    assert scene.api.refused("DELETE", f"{one}/revisions/{active['latest_revision']}")["code"] == "revision_in_force"

    scene.api.delete(f"{one}/revisions/{waiting}")

    now = scene.api.get(one)
    assert now["latest_revision"] == now["revision_in_force"] == active["latest_revision"]
    assert states(scene, one) == ["in_force", "discarded"]
    assert scene.organization.events()[-1].type == "connection.revision_discarded"
    assert scene.api.refused("DELETE", f"{one}/revisions/{waiting}")["code"] == "revision_not_waiting"
    assert scene.api.refused("POST", f"{one}/activate", scene.by_admin)["code"] == "connection_active"


def test_connection_turned_off_ends_the_term_of_its_revision(world: World) -> None:
    scene, one = replaced(world)
    world.clock.advance(hours=1)

    scene.api.post(f"{one}/deactivate")

    (term,) = scene.api.get(f"{one}/revisions")["data"][1]["in_force"]
    assert (term["since"], term["until"]) == ("2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z")
    assert states(scene, one) == ["earlier", "waiting"]


def test_swap_leaves_sessions_of_guests_alone(world: World) -> None:
    scene = begin(world)
    scene.api.patch(scene.path, {"guests": "email_code"})
    active = scene.require_sign_on()
    Desk(world, world.browser(), scene.organization).member("guest@elsewhere.test")
    scene.organization.open_session("guest@elsewhere.test")
    one = f"{scene.path}/connections/{active['id']}"
    edit(scene, one)
    scene.prove(active["id"])

    scene.api.post_as_planned(f"{one}/activate", scene.by_admin)

    assert "email_code" in {session["opened_by"] for session in scene.api.get(f"{scene.path}/sessions")["data"]}


def test_of_secrets_only_the_names_of_those_that_changed_are_told(world: World) -> None:
    scene = begin(world)
    idp = {"idp": {"entity_id": "https://idp.test", "sso_url": "https://idp.test/sso", "certificates": []}}
    with world.transactions.writing(OPERATOR) as unit:
        acting = connections.acting_of(members.read(unit, scene.organization.id, scene.admin))
        made = connections.to_create(
            unit,
            scene.organization.id,
            protocol="saml",
            name="Okta",
            read=SettingsRead(idp, {"first": "one", "second": "two"}),
            acting=acting,
        )
        assert isinstance(made.decision, Allowed)
        connection = made.apply()
        assert not isinstance(connection, Refused)
        again = SettingsRead(idp, {"first": "one", "second": "another"})
        connections.to_edit(
            unit, scene.organization.id, connection.id, name=None, settings=again, acting=acting
        ).apply()

        found = revisions.all_of(unit, scene.organization.id, connection.id)

    assert [row.other_secrets for row in found] == [{"second"}, set()]
    answer = scene.api.get(f"{scene.path}/connections/{connection.id}/revisions")
    assert answer["data"][0]["differences"] == [{"name": "second", "before": [], "after": []}]
    assert "another" not in str(answer)


def test_readiness_counts_each_person_by_the_reason(world: World) -> None:
    scene = begin(world)
    desk = Desk(world, world.browser(), scene.organization)
    for email in (GRACE, "guest@elsewhere.test", f"gone@{HOST}", f"out@{HOST}"):
        desk.member(email)
    connection = scene.connect()
    one = f"{scene.path}/connections/{connection['id']}"
    scene.api.patch(f"{scene.path}/members/{scene.organization.member(f'out@{HOST}').id}", {"suspended": True})
    scene.api.delete(f"{scene.path}/members/{scene.organization.member(f'gone@{HOST}').id}")
    with world.transactions.writing(OPERATOR) as unit:
        invitations.invite(unit, scene.organization.id, email=f"new@{HOST}", role="member")
    scene.prove(connection["id"])

    counted = scene.api.get(f"{one}/readiness")

    assert counted == {
        "revision": connection["latest_revision"],
        "in_force": False,
        "people": 4,
        "ready": 1,
        "reasons": {"invited": 1, "never_seen": 1, "other_domain": 1, "proven": 1},
    }
    people = scene.api.get(f"{one}/readiness/people")["data"]
    assert {(one["email"], one["ready"], one["way_in"], one["reason"]) for one in people} == {
        (ADA, True, "single_sign_on", "proven"),
        (GRACE, False, "single_sign_on", "never_seen"),
        ("guest@elsewhere.test", False, None, "other_domain"),
        (f"new@{HOST}", False, "single_sign_on", "invited"),
    }
    world.clock.advance(days=8)  # the invitation has expired
    assert scene.api.get(f"{one}/readiness")["people"] == 3


def test_readiness_is_listed_page_by_page_and_filtered(world: World) -> None:
    scene = begin(world)
    desk = Desk(world, world.browser(), scene.organization)
    for number in range(4):
        desk.member(f"person{number}@{HOST}")
    scene.connect()
    connection = scene.connect()
    scene.prove(connection["id"])
    path = f"{scene.path}/connections/{connection['id']}/readiness/people"

    first = scene.api.get(path, limit=3)
    rest = scene.api.get(path, limit=3, cursor=first["next_cursor"])

    assert (len(first["data"]), len(rest["data"]), rest["next_cursor"]) == (3, 2, None)
    assert len({one["email"] for one in first["data"] + rest["data"]}) == 5
    assert [one["email"] for one in scene.api.get(path, ready="true")["data"]] == [ADA]
    assert len(scene.api.get(path, ready="false")["data"]) == 4
    assert len(scene.api.get(path, reason="never_seen", text="PERSON1")["data"]) == 1
    assert scene.api.get(path, text="%")["data"] == []


def test_who_came_in_at_the_same_provider_is_ready_for_other_settings_of_it(world: World) -> None:
    scene = begin(world)
    active = scene.require_sign_on()
    Desk(world, world.browser(), scene.organization).member(GRACE)
    scene.prove(active["id"], GRACE)
    one = f"{scene.path}/connections/{active['id']}"
    waiting = edit(scene, one)["latest_revision"]
    assert scene.api.get(f"{one}/readiness")["ready"] == 0

    scene.prove(active["id"])

    assert scene.api.get(f"{one}/readiness")["reasons"] == {"proven": 1, "seen": 1}
    now = scene.api.get(f"{one}/readiness", revision=active["revision_in_force"])
    assert (now["in_force"], now["reasons"]) == (True, {"proven": 2})
    assert scene.api.get(f"{one}/readiness")["revision"] == waiting


def test_active_directory_tells_who_is_ready_and_who_is_not_listed(world: World) -> None:
    scene = begin(world)
    scene.organization.store_recovery_codes()
    connection = scene.connect()
    Desk(world, world.browser(), scene.organization).member(f"alone@{HOST}")
    directory_id, scim = scene.organization.add_directory()
    ada = scim.add_user(ADA)
    scim.add_user(GRACE)
    scene.organization.map_group(scim.add_group("Admins", ada))
    one = f"{scene.path}/connections/{connection['id']}"
    assert "listed" not in scene.api.get(f"{one}/readiness")["reasons"]

    scene.organization.activate_directory(directory_id)

    assert scene.api.get(f"{one}/readiness")["reasons"] == {"listed": 2, "not_in_directory": 1}


def test_readiness_of_a_revision_that_is_not_there_is_not_found(world: World) -> None:
    scene = begin(world)
    one = f"{scene.path}/connections/{scene.connect()['id']}"

    assert (
        scene.api.refused("GET", f"{one}/readiness", status=404, query_string={"revision": NOBODY})["code"]
        == "not_found"
    )
    assert (
        scene.api.refused("GET", f"{one}/readiness/people", status=400, query_string={"reason": "tired"})["field"]
        == "reason"
    )
