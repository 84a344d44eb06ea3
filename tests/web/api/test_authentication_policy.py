"""The authentication policy over the API: read, required, released, held to its plan; with factors and sessions."""

from __future__ import annotations

from tests.application import World
from tests.authenticator import Authenticator
from tests.scenes import ADA, GRACE
from tests.services.test_factors import check
from tests.services.test_sign_in import add_member
from tests.web.api.scenes import Scene, begin, with_key


def enrolled(world: World) -> tuple[Scene, Authenticator]:
    """An organization whose administrator has just typed a code of her app, with recovery codes stored."""
    scene = begin(world)
    scene.organization.store_recovery_codes()
    app = scene.organization.enroll()
    check(scene.organization, app.code())
    return scene, app


def required(scene: Scene, **body: str) -> None:
    answer = scene.api.patch(f"{scene.path}/authentication-policy", {"mfa": "required", **scene.by_admin, **body})
    assert answer["mfa"] == "required"


def test_policy_says_how_people_sign_in_and_why_a_control_is_not_available(world: World) -> None:
    scene = begin(world, verified=False)

    policy = scene.api.get(f"{scene.path}/authentication-policy", **scene.by_admin)

    assert policy["sso"] == {"active": False, "connection_id": None}
    assert policy["mfa"] == "off"
    assert {name: control["code"] for name, control in policy["available"].items()} == {
        "set_up_sso": "verified_domain_required",
        "set_up_directory": "verified_domain_required",
        "require_mfa": "mfa_enrollment_required",
        "release_mfa": None,
    }
    assert "authenticator app" in policy["available"]["require_mfa"]["reason"]


def test_program_that_names_nobody_is_told_so(world: World) -> None:
    scene, _ = enrolled(world)

    problem = scene.api.refused("PATCH", f"{scene.path}/authentication-policy", {"mfa": "required"}, status=409)

    assert problem["code"] == "acting_admin_required"


def test_plan_of_the_requirement_lists_who_enrolls_and_names_who_still_gets_in(world: World) -> None:
    scene, _ = enrolled(world)
    add_member(scene.organization, GRACE)

    plan = scene.api.plan("PATCH", f"{scene.path}/authentication-policy", {"mfa": "required", **scene.by_admin})

    assert plan["allowed"] is True
    assert plan["proof"]["email"] == ADA
    assert plan["totals"]["must_enroll"] == 1
    assert [(person["email"], person["after"]["second_step"]) for person in plan["people"]] == [(GRACE, "enroll")]
    assert [person["loses"] for person in plan["people"]] == [[]]


def test_requirement_is_made_told_and_taken_back(world: World) -> None:
    scene, _ = enrolled(world)

    required(scene)
    again = scene.api.patch(f"{scene.path}/authentication-policy", {"mfa": "required"})
    off = scene.api.patch(f"{scene.path}/authentication-policy", {"mfa": "off"})

    assert (again["mfa"], off["mfa"]) == ("required", "off")
    told = [event.type for event in scene.organization.events() if ".mfa_" in event.type]
    assert told == ["organization.mfa_required", "organization.mfa_released"]
    entries = scene.api.get(f"{scene.path}/audit", limit=100)["data"]
    (entry,) = [entry for entry in entries if entry["action"] == "organization.mfa_required"]
    assert (entry["before"], entry["after"]) == ({"mfa": "off"}, {"mfa": "required"})
    assert entry["proof"]["email"] == ADA


def test_administrator_who_typed_no_code_lately_does_not_count(world: World) -> None:
    scene, _ = enrolled(world)
    world.clock.advance(minutes=16)
    body = {"mfa": "required", **scene.by_admin}

    assert scene.api.refused("PATCH", f"{scene.path}/authentication-policy", body, status=409)["code"] == (
        "mfa_proof_required"
    )


def test_requirement_is_kept_through_single_sign_on_and_applies_again_after_it(world: World) -> None:
    scene, _ = enrolled(world)
    required(scene)
    connection = scene.require_sign_on()["id"]
    path = f"{scene.path}/authentication-policy"

    refused = scene.api.refused("PATCH", path, {"mfa": "off"}, status=409)

    assert refused["code"] == "mfa_with_single_sign_on"
    assert scene.api.get(path)["mfa"] == "required"
    add_member(scene.organization, GRACE)
    off = scene.api.plan("POST", f"{scene.path}/connections/{connection}/deactivate", {})
    steps = {person["email"]: person["after"]["second_step"] for person in off["people"]}
    assert steps == {ADA: "code", GRACE: "enroll"}
    scene.api.post_as_planned(f"{scene.path}/connections/{connection}/deactivate", {})
    world.browser().sign_in(GRACE)
    assert scene.api.get(path)["available"]["release_mfa"]["allowed"] is True


def test_factor_is_listed_and_reset_with_a_key_of_the_organization(world: World) -> None:
    scene, _ = enrolled(world)
    add_member(scene.organization, GRACE)
    scene.organization.enroll(GRACE)
    path = f"{scene.path}/members/{scene.organization.member(GRACE).id}/factors"
    key = with_key(world, scene.organization.id)

    (factor,) = key.get(path)["data"]
    assert (factor["backup_codes_left"], factor["backup_codes_confirmed"], factor["locked"]) == (10, False, False)
    key.delete(f"{path}/{factor['id']}")

    assert key.get(path)["data"] == []
    assert key.refused("DELETE", f"{path}/{factor['id']}", status=404)["code"] == "not_found"


def test_session_is_listed_with_where_it_comes_from_and_ended_at_once(world: World) -> None:
    scene = begin(world)
    browser = world.browser()
    browser.sign_in(ADA)
    browser.get("/profile", **{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"})

    session = scene.api.get(f"{scene.path}/sessions")["data"][-1]

    assert (session["member_id"], session["kind"], session["opened_by"]) == (scene.admin, "full", "email_code")
    assert session["address"] == "127.0.0.1"
    assert "Firefox" in session["user_agent"]
    scene.api.delete(f"{scene.path}/sessions/{session['id']}")
    assert browser.get("/profile").headers["Location"] == "/sign-in"
    assert session["id"] not in {row["id"] for row in scene.api.get(f"{scene.path}/sessions")["data"]}
    ended = [event.data["reason"] for event in scene.organization.events() if event.type == "session.ended"]
    assert ended == ["ended_by_administrator"]
