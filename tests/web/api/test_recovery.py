"""Recovery codes: shown once, confirmed by an administrator, drilled without being spent."""

from __future__ import annotations

import json

from tests.application import World
from tests.web.api.scenes import begin


def test_codes_are_shown_once_confirmed_and_drilled(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/recovery-codes"

    made = scene.api.post(path)

    assert (len(set(made["codes"])), made["unused"], made["confirmed"]) == (10, 10, False)
    confirmed = scene.api.post(f"{path}/confirm", scene.by_admin)
    assert (confirmed["confirmed"], confirmed["confirmed_by"]) == (True, scene.admin)
    for _ in range(2):
        assert scene.api.post(f"{path}/drill", {"code": made["codes"][0]}) == {"good": True}
    assert scene.api.post(f"{path}/drill", {"code": "wrong"}) == {"good": False}
    proof = scene.api.get(f"{scene.path}/lockout-proof")
    assert (proof["recovery_codes"]["unused"], proof["recovery_codes"]["confirmed"]) == (10, True)
    shown = json.dumps([proof, scene.api.get(f"{scene.path}/audit", limit=100)])
    assert not any(code in shown for code in made["codes"])


def test_new_set_voids_the_old_one_and_its_confirmation(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/recovery-codes"
    old = scene.api.post(path)["codes"][0]
    scene.api.post(f"{path}/confirm", scene.by_admin)

    assert scene.api.post(path)["confirmed"] is False
    assert scene.api.post(f"{path}/drill", {"code": old}) == {"good": False}


def test_there_must_be_codes_to_confirm(world: World) -> None:
    made = begin(world).api.post("/organizations", {"name": "Other", "admin_email": "ann@other.test"})
    scene = begin(world, "eve@evil.test", "Evil")

    problem = scene.api.refused(
        "POST", f"/organizations/{made['id']}/recovery-codes/confirm", {"on_behalf_of": made["admin"]["id"]}
    )

    assert problem["code"] == "no_recovery_codes"


def test_sixth_wrong_drill_is_told_when_to_come_again(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/recovery-codes/drill"
    for _ in range(5):
        assert scene.api.post(path, {"code": "wrong"}) == {"good": False}

    answer = scene.api.send("POST", path, {"code": "wrong"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")


def test_lockout_proof_tells_when_a_code_last_worked_in_a_drill(world: World) -> None:
    scene = begin(world)
    made = scene.api.post(f"{scene.path}/recovery-codes")
    scene.api.post(f"{scene.path}/recovery-codes/drill", {"code": made["codes"][0]})

    codes = scene.api.get(f"{scene.path}/lockout-proof")["recovery_codes"]

    assert (codes["last_used_at"], codes["last_drilled_at"]) == (None, "2026-11-23T12:00:00Z")
