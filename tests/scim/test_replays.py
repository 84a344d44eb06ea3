"""A write that arrives twice, at once or later, as after a timeout: one resource, one change, never a 500."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.scim.application import ENTERPRISE, GROUP, PATCH_OP, USER, Answer, Pushing
from tests.scim.at_once import Send, at_once, statuses
from tests.scim.fire.population import whole

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


@dataclass(frozen=True)
class Scene:
    """Two users, one of them in the group."""

    pushing: Pushing
    ada: str
    bob: str
    group: str


@pytest.fixture
def scene(okta: Pushing) -> Scene:
    roles = [{"value": "r", "type": "x"}]
    ada = okta.user("ada", title="Boss", externalId="1", roles=roles, **{ENTERPRISE: {"manager": {"value": "m"}}})["id"]
    return Scene(okta, ada, okta.user("bob")["id"], okta.group("Admins", ada)["id"])


def _user(*operations: Any) -> Callable[[Scene], Send]:
    return lambda scene: partial(scene.pushing.patch, f"/Users/{scene.ada}", *operations)


def _group(operation: Callable[[Scene], Any]) -> Callable[[Scene], Send]:
    return lambda scene: partial(scene.pushing.patch, f"/Groups/{scene.group}", operation(scene))


def _put_user(scene: Scene) -> Send:
    return partial(scene.pushing.put, f"/Users/{scene.ada}", {"schemas": [USER], "userName": "ada", "title": "New"})


def _put_group(scene: Scene) -> Send:
    body = {"schemas": [GROUP], "displayName": "Owners", "members": [{"value": scene.bob}]}
    return partial(scene.pushing.put, f"/Groups/{scene.group}", body)


CHANGES = {
    "user: add a value": _user({"op": "add", "path": "emails", "value": [{"value": "a@b.c", "type": "work"}]}),
    "user: add by filter": _user({"op": "add", "path": 'emails[type eq "work"].value', "value": "a@b.c"}),
    "user: add a primary": _user({"op": "add", "path": "roles", "value": [{"value": "s", "primary": True}]}),
    "user: replace": _user({"op": "replace", "path": "title", "value": "New"}),
    "user: replace without path": _user({"op": "replace", "value": {"active": False, "name.givenName": "A"}}),
    "user: rename": _user({"op": "replace", "path": "userName", "value": "eve"}),
    "user: remove": _user({"op": "remove", "path": "title"}),
    "user: remove by filter": _user({"op": "remove", "path": 'roles[type eq "x"]'}),
    "user: remove by value": _user({"op": "remove", "path": "roles", "value": [{"value": "r"}]}),
    "user: remove the manager": _user({"op": "replace", "path": f"{ENTERPRISE}:manager", "value": ""}),
    "user: put": _put_user,
    "group: add": _group(lambda scene: {"op": "add", "path": "members", "value": [{"value": scene.bob}]}),
    "group: add the unknown too": _group(
        lambda scene: {"op": "add", "path": "members", "value": [{"value": "nobody"}, {"value": scene.bob}]}
    ),
    "group: remove": _group(lambda scene: {"op": "remove", "path": f'members[value eq "{scene.ada}"]'}),
    "group: remove by value": _group(
        lambda scene: {"op": "remove", "path": "members", "value": [{"value": scene.ada}]}
    ),
    "group: remove everyone": _group(lambda _: {"op": "remove", "path": "members"}),
    "group: replace": _group(lambda scene: {"op": "replace", "path": "members", "value": [{"value": scene.bob}]}),
    "group: empty": _group(lambda _: {"op": "replace", "path": "members", "value": []}),
    "group: rename": _group(lambda scene: {"op": "replace", "value": {"id": scene.group, "displayName": "Owners"}}),
    "group: put": _put_group,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_change_that_is_sent_again_changes_nothing_more(scene: Scene, change: Callable[[Scene], Send]) -> None:
    send = change(scene)
    assert statuses(at_once([send, send])) == [200, 200]
    once = whole(scene.pushing)
    assert sorted(one["meta"]["version"] for one in once) == ['W/"1"', 'W/"1"', 'W/"2"']
    later = send()
    assert later.status_code == 200
    assert whole(scene.pushing) == once
    assert later.json in once


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("/Users", {"schemas": [USER], "userName": "eve", "externalId": "9"}),
        ("/Users", {"schemas": [USER], "userName": "eve"}),
        ("/Groups", {"schemas": [GROUP], "displayName": "Owners", "externalId": "9"}),
    ],
)
def test_creation_that_is_sent_again_is_refused_and_there_is_one(scene: Scene, endpoint: str, body: Any) -> None:
    send = partial(scene.pushing.post, endpoint, body)
    answers = at_once([send, send])
    assert statuses(answers) == [201, 409]
    once = whole(scene.pushing)
    assert len(once) == 4
    later = send()
    assert (later.status_code, later.json["scimType"]) == (409, "uniqueness")
    created = next(answer.json for answer in answers if answer.status_code == 201)
    assert created["id"] in later.json["detail"]  # an administrator can find who is in the way
    assert whole(scene.pushing) == once


@pytest.mark.parametrize("kind", ["Users", "Groups"])
def test_deletion_that_is_sent_again_finds_nothing_and_a_new_one_is_not_hit(scene: Scene, kind: str) -> None:
    path = f"/Users/{scene.ada}" if kind == "Users" else f"/Groups/{scene.group}"
    send = partial(scene.pushing.delete, path)
    assert statuses(at_once([send, send])) == [204, 404]
    again = scene.pushing.user("ada", externalId="1") if kind == "Users" else scene.pushing.group("Admins")
    once = whole(scene.pushing)
    assert send().status_code == 404
    assert whole(scene.pushing) == once
    assert again["id"] in [one["id"] for one in once]


@pytest.mark.parametrize("path", ["Users", "Groups"])
def test_conditional_change_that_is_sent_again_is_stale(scene: Scene, path: str) -> None:
    where = f"/Users/{scene.ada}" if path == "Users" else f"/Groups/{scene.group}"
    operation = {"op": "replace", "path": "displayName", "value": "New"}
    send = partial(scene.pushing.patch, where, operation, headers={"If-Match": 'W/"1"'})
    assert statuses(at_once([send, send])) == [200, 412]
    once = whole(scene.pushing)
    assert send().status_code == 412
    assert whole(scene.pushing) == once


def test_conditional_deletion_that_is_sent_again_finds_nothing(scene: Scene) -> None:
    send = partial(scene.pushing.delete, f"/Users/{scene.bob}", headers={"If-Match": 'W/"1"'})
    assert statuses(at_once([send, send])) == [204, 404]


def test_bulk_that_is_sent_again_creates_nobody_twice_and_changes_nothing_more(scene: Scene) -> None:
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "members", "value": [{"value": scene.bob}]}]}
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "e", "data": {"schemas": [USER], "userName": "eve"}},
        {"method": "PATCH", "path": f"/Groups/{scene.group}", "data": patch},
        {"method": "PUT", "path": f"/Users/{scene.ada}", "data": {"schemas": [USER], "userName": "ada"}},
    ]
    send = partial(scene.pushing.post, "/Bulk", {"schemas": [BULK], "Operations": operations})
    answers = at_once([send, send])
    outcomes = [[one["status"] for one in answer.json["Operations"]] for answer in answers]
    assert sorted(outcomes) == [["201", "200", "200"], ["409", "200", "200"]]
    once = whole(scene.pushing)
    assert sorted(one["meta"]["version"] for one in once) == ['W/"1"', 'W/"1"', 'W/"2"', 'W/"2"']
    assert _outcome(send()) == ["409", "200", "200"]
    assert whole(scene.pushing) == once


def test_bulk_deletion_that_is_sent_again_finds_nothing(scene: Scene) -> None:
    operations = [{"method": "DELETE", "path": path} for path in (f"/Users/{scene.ada}", f"/Groups/{scene.group}")]
    send = partial(scene.pushing.post, "/Bulk", {"schemas": [BULK], "Operations": operations})
    answers = at_once([send, send])
    by_operation = zip(*(_outcome(answer) for answer in answers), strict=True)
    assert [sorted(outcomes) for outcomes in by_operation] == [["204", "404"]] * 2
    assert [one["id"] for one in whole(scene.pushing)] == [scene.bob]


def _outcome(answer: Answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["status"] for one in answer.json["Operations"]]
