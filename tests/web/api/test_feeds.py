"""Feeds: oldest first, going on after the last entry seen."""

from __future__ import annotations

import pytest

from tests.application import World
from tests.web.api.scenes import begin

ROLE = {"slug": "editor", "name": "Editor", "priority": 10}


@pytest.mark.parametrize("feed", ["events", "audit", "sign-ins"])
def test_feed_goes_on_after_the_last_entry_seen(world: World, feed: str) -> None:
    scene = begin(world)
    for _ in range(2):
        world.browser().sign_in("ada@acme.test")
    world.work()  # events have a place in the feed once the worker has given it
    path = f"{scene.path}/{feed}"

    everything = scene.api.get(path, limit=100)
    seen: list[dict[str, object]] = []
    after: dict[str, str] = {}
    while page := scene.api.get(path, limit=1, **after):
        seen += page["data"]
        if page["next_cursor"] is None:
            break
        after = {"after": page["next_cursor"]}

    assert len(seen) > 1
    assert seen == everything["data"]
    assert scene.api.get(path, after=seen[-1]["id"]) == {"data": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ({"person": "ADA@acme"}, True),
        ({"person": "nobody"}, False),
        ({"outcome": "signed_in", "ending": "succeeded", "purpose": "start"}, True),
        ({"outcome": "signed_in", "ending": "failed"}, False),
        ({"ending": "timed_out"}, False),
        ({"since": "2000-01-01T00:00:00Z", "until": "2200-01-01T00:00:00Z"}, True),
        ({"until": "2000-01-01T00:00:00Z"}, False),
    ],
)
def test_attempts_are_found_by_what_they_were(world: World, query: dict[str, str], is_found: bool) -> None:
    scene = begin(world)

    found = scene.api.get(f"{scene.path}/sign-ins", **query)["data"]

    assert bool(found) is is_found
    assert {one["email"] for one in found} <= {"ada@acme.test"}


@pytest.mark.parametrize("query", ["ending=often", "outcome=", "since=yesterday", "connection_id=conn_x", "person="])
def test_filter_that_makes_no_sense_is_refused_by_the_name_of_its_field(world: World, query: str) -> None:
    scene = begin(world)

    problem = scene.api.refused("GET", f"{scene.path}/sign-ins", status=400, query_string=query)

    assert problem["field"] == query.partition("=")[0]


def test_events_are_shown_in_the_order_of_their_positions_once_the_worker_has_seen_them(world: World) -> None:
    scene = begin(world)
    world.work()
    path = f"{scene.path}/events"
    before = scene.api.get(path, limit=100)["data"]

    scene.api.patch(scene.path, {"default_role": scene.api.post(f"{scene.path}/roles", ROLE)["slug"]})
    waiting = scene.api.get(path, after=before[-1]["id"])
    world.work()
    told = scene.api.get(path, after=before[-1]["id"])["data"]

    assert waiting == {"data": [], "next_cursor": None}
    assert [event["position"] for event in (*before, *told)] == list(range(1, len(before) + len(told) + 1))
    assert told[0]["type"] == "role.created"


def test_event_that_is_not_there_cannot_be_gone_on_after(world: World) -> None:
    scene = begin(world)

    problem = scene.api.refused("GET", f"{scene.path}/events", status=400, query_string=f"after=evt_{'0' * 26}")

    assert problem["field"] == "after"


def test_every_change_names_the_operator(world: World) -> None:
    scene = begin(world)
    scene.api.patch(scene.path, {"name": "Acme Inc."})

    entry = scene.api.get(f"{scene.path}/audit", limit=100)["data"][-1]

    assert entry["actor"] == {"kind": "operator", "id": None, "label": "operator"}
    assert (entry["action"], entry["before"]["name"], entry["after"]["name"]) == (
        "organization.updated",
        "Acme",
        "Acme Inc.",
    )
