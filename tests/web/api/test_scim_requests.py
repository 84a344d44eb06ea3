"""The feed of SCIM requests: what it tells of each, its filters, and that it goes on where one left off."""

from __future__ import annotations

from typing import Any

import pytest

from tests.application import World
from tests.services.request_records import record, with_directory, write
from tests.web.api.caller import Api

USER = "2819c223-7f76-453a-919d-413861904646"


def requests_of(world: World) -> tuple[Api, str, str]:
    """A caller, the feed's path, and the directory's id."""
    organization, directory_id = with_directory(world)
    return Api(world), f"/organizations/{organization.id}/directories/{directory_id}/requests", directory_id


def test_feed_tells_what_there_is_to_know(world: World) -> None:
    api, path, directory_id = requests_of(world)
    told = record(
        world,
        directory_id,
        token_id="tok_01",
        method="PATCH",
        path=f"/Groups/{USER}",
        resource="Group",
        resource_id=USER,
        duration_us=12_345,
        changes={"added": 2},
        detail="One member is unknown.",
        deviations=("member_as_string",),
        unknown_members=("x",),
        unknown_members_total=1,
        body='{"op":"add"}',
    )
    write(world, told)

    assert api.get(path) == {
        "data": [
            {
                "id": told.id,
                "at": "2026-11-23T12:00:00Z",
                "method": "PATCH",
                "path": f"/Groups/{USER}",
                "status": 200,
                "duration_ms": 12.345,
                "token_id": "tok_01",
                "resource": "Group",
                "resource_id": USER,
                "changes": {"added": 2},
                "detail": "One member is unknown.",
                "deviations": ["member_as_string"],
                "unknown_members": ["x"],
                "unknown_members_total": 1,
                "body": '{"op":"add"}',
            }
        ],
        "next_cursor": None,
    }


def test_feed_goes_on_after_the_last_request_seen(world: World) -> None:
    api, path, directory_id = requests_of(world)
    records = [record(world, directory_id, path=f"/{number}") for number in range(3)]
    write(world, *records)

    first = api.get(path, limit=2)
    second = api.get(path, limit=2, after=first["next_cursor"])

    assert [one["path"] for one in first["data"] + second["data"]] == ["/0", "/1", "/2"]
    assert second["next_cursor"] is None
    assert api.get(path, after=records[-1].id) == {"data": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ({"outcome": "refused"}, ["/refused"]),
        ({"outcome": "writes"}, ["/created"]),
        ({"method": "GET"}, ["/refused"]),
        ({"resource_id": USER, "outcome": "all"}, ["/created"]),
    ],
)
def test_feed_is_filtered(world: World, query: dict[str, str], paths: list[str]) -> None:
    api, path, directory_id = requests_of(world)
    write(
        world,
        record(world, directory_id, path="/refused", status=400),
        record(world, directory_id, path="/created", method="POST", status=201, resource_id=USER),
    )

    assert [one["path"] for one in api.get(path, **query)["data"]] == paths


@pytest.mark.parametrize(
    ("field", "value"),
    [("outcome", "sad"), ("method", "BREW"), ("resource_id", ""), ("resource_id", "a\0b"), ("resource_id", "x" * 256)],
)
def test_wrong_filter_is_refused_by_name(world: World, field: str, value: Any) -> None:
    api, path, _ = requests_of(world)

    assert api.refused("GET", path, status=400, query_string={field: value})["field"] == field


def test_use_of_a_revoked_token_shows_on_it(world: World) -> None:
    api, path, _ = requests_of(world)
    tokens = path.replace("/requests", "/tokens")

    assert [token["refused_at"] for token in api.get(tokens)["data"]] == [None]
