"""Setup links over the API: made on behalf of an administrator, shown once, revoked."""

from __future__ import annotations

import json

from tests.application import World
from tests.web.api.scenes import begin, with_key
from tests.web.setup.scenes import open_link, token_of


def test_link_is_shown_once_opens_and_is_revoked(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/setup-links"

    made = scene.api.post(path, {"scope": "sso", "note": "Kim", **scene.by_admin})

    assert (made["scope"], made["state"], made["email"], made["last_used_at"]) == ("sso", "open", None, None)
    kim = open_link(world, made["url"])
    (listed,) = scene.api.get(path)["data"]
    assert listed["last_used_at"] is not None
    assert scene.api.get(f"{path}/{made['id']}") == listed
    scene.api.delete(f"{path}/{made['id']}")
    scene.api.delete(f"{path}/{made['id']}")
    assert kim.get("/setup/sso").headers["Location"] == "/setup?ended"
    assert scene.api.get(f"{path}/{made['id']}")["state"] == "revoked"
    world.work()
    told = json.dumps([listed, scene.api.get(f"{scene.path}/audit", limit=100), scene.api.get(f"{scene.path}/events")])
    assert token_of(made["url"]) not in told
    assert told.count("setup_link.revoked") == 2  # an audit entry and an event, although it was revoked twice


def test_mailed_link_is_not_in_the_answer(world: World) -> None:
    scene = begin(world)

    made = scene.api.post(
        f"{scene.path}/setup-links", {"scope": "directory", "email": "kim@consulting.test", **scene.by_admin}
    )

    assert (made["url"], made["note"]) == (None, "kim@consulting.test")
    world.work()
    assert "/setup#" in world.post.to("kim@consulting.test")[-1].text


def test_link_needs_an_administrator_behind_it(world: World) -> None:
    scene = begin(world)
    key = with_key(world, scene.organization.id)

    for api in (scene.api, key):
        told = api.refused("POST", f"{scene.path}/setup-links", {"scope": "sso", "note": "Kim"}, status=409)
        assert told["code"] == "acting_admin_required"
    assert scene.api.get(f"{scene.path}/setup-links")["data"] == []


def test_link_for_something_else_is_refused_by_name(world: World) -> None:
    scene = begin(world)

    body = {"scope": "everything", "note": "Kim", **scene.by_admin}
    told = scene.api.refused("POST", f"{scene.path}/setup-links", body, status=400)

    assert told["field"] == "scope"
