"""Feeds: oldest first, going on after the last entry seen."""

from __future__ import annotations

import pytest

from tests.application import World
from tests.web.api.scenes import begin


@pytest.mark.parametrize("feed", ["events", "audit", "sign-ins"])
def test_feed_goes_on_after_the_last_entry_seen(world: World, feed: str) -> None:
    scene = begin(world)
    for _ in range(2):
        world.browser().sign_in("ada@acme.test")
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
