"""Thirty failures that users met elsewhere: the request that caused each, and what is left after it here."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from werkzeug.test import Client

from tests.application import World
from tests.scenes import ADA, GRACE, provisioned
from tests.scim.application import ENTERPRISE, ERROR, GROUP, SCIM, USER, Answer, Installation, Pushing
from tests.scim.checklists.origins import Origin, shape
from tests.scim.measuring import counted, fill

WRITERS = 16


def thread(address: str) -> pytest.MarkDecorator:
    """The public thread in which the failure was told, below github.com."""
    return shape(Origin.PUBLIC_THREAD, f"https://github.com/{address}")


def people(pushing: Pushing, count: int) -> list[str]:
    """That many users; their ids."""
    return sorted(pushing.user(f"user{number}@acme.example")["id"] for number in range(count))


def at_once(do: Callable[[str], int], arguments: Sequence[str]) -> set[int]:
    """Do it for every argument at the same moment; the status codes."""
    barrier = Barrier(len(arguments))

    def meet(argument: str) -> int:
        barrier.wait()
        return do(argument)

    with ThreadPoolExecutor(len(arguments)) as pool:
        return set(pool.map(meet, arguments))


@thread("scimmyjs/scimmy/issues/79")
def test_failure_1_members_added_in_parallel_are_all_there(entra: Pushing) -> None:
    users, group = people(entra, 2), entra.group("123")["id"]

    def add(user: str) -> int:
        return entra.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": user}]}).status_code

    for _ in range(5):
        assert at_once(add, users) == {204}
        assert entra.member_ids(group) == users
        entra.patch(f"/Groups/{group}", {"op": "Remove", "path": "members"})


@thread("fleetdm/fleet/issues/50724")
def test_failure_2_adding_never_removes_who_came_at_the_same_moment(okta: Pushing) -> None:
    users = people(okta, WRITERS)
    group = okta.group("Engineering", *users[::2])["id"]

    def change(user: str) -> int:
        leaving = {"op": "remove", "path": f'members[value eq "{user}"]'}
        coming = {"op": "add", "path": "members", "value": [{"value": user}]}
        return okta.patch(f"/Groups/{group}", leaving if user in users[::2] else coming).status_code

    assert at_once(change, users) == {200}
    assert okta.member_ids(group) == users[1::2]


@thread("Captain-P-Goldfish/scim-for-keycloak/issues/107")
def test_failure_3_parallel_patches_of_one_user_are_all_answered_and_kept(entra: Pushing) -> None:
    names = ["title", "nickName", "locale", "timezone", "userType", "displayName", "preferredLanguage", "profileUrl"]
    user = entra.user("ada@acme.example")["id"]

    def patch(name: str) -> int:
        return entra.patch(f"/Users/{user}", {"op": "Replace", "path": name, "value": f"https://{name}"}).status_code

    assert at_once(patch, names) == {200}
    read = entra.get(f"/Users/{user}").json
    assert {name: read[name] for name in names} == {name: f"https://{name}" for name in names}


@thread("Infisical/infisical/pull/6471")
def test_failure_4_removing_an_absent_member_succeeds_and_changes_nothing(entra: Pushing) -> None:
    user, group = entra.user("ada@acme.example")["id"], entra.group("Admins")["id"]
    before = entra.get(f"/Groups/{group}").json
    for remove in (
        {"op": "Remove", "path": "members", "value": [{"value": user}]},
        {"op": "remove", "path": f'members[value eq "{user}"]'},
        {"op": "remove", "path": f'members[value eq "{uuid.uuid4()}"]'},
    ):
        assert entra.patch(f"/Groups/{group}", remove).status_code == 204
    assert entra.get(f"/Groups/{group}").json == before


@thread("Infisical/infisical/pull/6525")
def test_failure_5_excluded_members_are_left_out_so_that_entra_adds_instead_of_replacing(entra: Pushing) -> None:
    users = people(entra, 3)
    group = entra.group("Admins", *users[:2])["id"]
    for path in (f"/Groups/{group}?excludedAttributes=members", "/Groups?excludedAttributes=members"):
        assert b"members" not in entra.get(path).data
    add = {"op": "Add", "path": "members", "value": [{"value": users[2]}]}
    assert entra.patch(f"/Groups/{group}", add).status_code == 204
    assert entra.member_ids(group) == users


@thread("PostHog/posthog/pull/47336")
def test_failure_6_adding_one_to_five_leaves_six_and_only_a_replace_of_members_replaces(entra: Pushing) -> None:
    users = people(entra, 6)
    group = entra.group("Admins", *users[:5])["id"]
    entra.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": users[5]}]})
    assert entra.member_ids(group) == users
    entra.patch(f"/Groups/{group}", {"op": "Replace", "path": "members", "value": [{"value": users[5]}]})
    assert entra.member_ids(group) == [users[5]]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "externalId", "value": "x"},
        {"op": "replace", "value": {"displayName": "Owners"}},
        {"op": "replace", "value": {"schemas": [GROUP], "externalId": "x", "displayName": "Owners"}},
        {"op": "replace", "path": "description", "value": "x"},
    ],
)
@thread("langwatch/langwatch/issues/7131")
def test_failure_7_replace_without_members_leaves_them(generic: Pushing, operation: Any) -> None:
    users = people(generic, 2)
    group = generic.group("Admins", *users)["id"]
    assert generic.patch(f"/Groups/{group}", operation).status_code == 200
    assert generic.member_ids(group) == users


@pytest.mark.parametrize("silence", [{}, {"members": None}], ids=["absent", "null"])
@thread("langwatch/langwatch/issues/7131")
def test_failure_7_put_without_members_leaves_them_and_an_empty_list_removes_them(
    generic: Pushing, silence: dict[str, None]
) -> None:
    users = people(generic, 2)
    group = generic.group("Admins", *users)["id"]
    body = {"schemas": [GROUP], "displayName": "Owners"}
    answer = generic.put(f"/Groups/{group}", {**body, **silence})
    assert ([member["value"] for member in answer.json["members"]], answer.json["displayName"]) == (users, "Owners")
    assert generic.put(f"/Groups/{group}", {**body, "members": []}).json["members"] == []


@thread("MicrosoftDocs/azure-docs/issues/30826")
def test_failure_8_remove_with_a_value_array_removes_only_whom_it_names(entra: Pushing) -> None:
    users = people(entra, 3)
    group = entra.group("Admins", *users)["id"]
    entra.patch(f"/Groups/{group}", {"op": "remove", "path": "members", "value": [{"value": users[0]}]})
    assert entra.member_ids(group) == users[1:]


@thread("AzureAD/SCIMReferenceCode/issues/10")
def test_failure_9_user_added_twice_is_a_member_once(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")["id"]
    group = entra.group("Admins", user, user)["id"]
    before = entra.get(f"/Groups/{group}").json
    for value in ([{"value": user}], [{"value": user, "display": "Ada"}, {"value": user}]):
        assert entra.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": value}).status_code == 204
    assert entra.get(f"/Groups/{group}").json == before
    assert entra.member_ids(group) == [user]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "members", "value": []},
        {"op": "replace", "path": "members", "value": None},
        {"op": "replace", "value": {"members": [], "displayName": "Everyone"}},
    ],
)
@thread("Captain-P-Goldfish/SCIM-SDK/issues/757")
def test_failure_10_push_of_an_empty_group_empties_it(okta: Pushing, operation: Any) -> None:
    group = okta.group("Everyone", *people(okta, 2))["id"]
    answer = okta.patch(f"/Groups/{group}", operation)
    assert (answer.status_code, answer.json["members"]) == (200, [])


@thread("fleetdm/fleet/issues/52600")
def test_failure_11_one_unknown_member_does_not_lose_the_push(okta: Pushing) -> None:
    user, group = okta.user("ada@acme.example")["id"], okta.group("Everyone")["id"]
    value = [{"value": user}, {"value": "999"}, {"value": group}]
    answer = okta.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": value})
    assert (answer.status_code, [member["value"] for member in answer.json["members"]]) == (200, [user])


@thread("FusionAuth/fusionauth-issues/issues/2784")
def test_failure_12_group_of_more_than_a_hundred_is_whole_and_stays_whole(
    installation: Installation, okta: Pushing
) -> None:
    group, user = okta.group("Everyone")["id"], okta.user("ada@acme.example")["id"]
    fill(installation, okta, group, 150)
    answer = okta.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": user}]})
    assert (answer.status_code, len(answer.json["members"])) == (200, 151)
    assert len(okta.member_ids(group)) == 151
    (listed,) = okta.get("/Groups?startIndex=1&count=100").json["Resources"]
    assert len(listed["members"]) == 151


@pytest.mark.parametrize("provider", ["entra", "okta"])
@thread("wso2/product-is/issues/6918")
def test_failure_13_cost_of_one_member_more_does_not_grow_with_the_group(
    installation: Installation, provider: str
) -> None:
    pushing = installation.directory(provider)
    small, large = pushing.group("Small")["id"], pushing.group("Large")["id"]
    fill(installation, pushing, small, 10)
    fill(installation, pushing, large, 2_000)
    costs = []
    for group in (small, large):
        user = pushing.user(f"one-more-for-{group}@acme.example")["id"]
        with counted(installation) as cost:
            answer = pushing.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": user}]})
            assert answer.status_code in (200, 204)
            remove = {"op": "remove", "path": "members", "value": [{"value": user}]}
            assert pushing.patch(f"/Groups/{group}", remove).status_code in (200, 204)
        costs.append(cost)
    assert costs[1]["statements"] <= costs[0]["statements"]
    # Okta's body for a small group reads its members; a large one is answered 204 once the limit has been read.
    assert costs[1]["rows"] <= (costs[0]["rows"] if provider == "entra" else 2 * 501 + 30)


@thread("wso2/product-is/issues/8498")
def test_failure_14_group_without_its_members_reads_none_of_them(installation: Installation, generic: Pushing) -> None:
    group = generic.group("RolDemo")["id"]
    fill(installation, generic, group, 1_000)
    with counted(installation) as cost:
        for path in (
            '/Groups?filter=displayName+eq+"RolDemo"&excludedAttributes=members',
            f"/Groups/{group}?excludedAttributes=members",
            "/Groups?attributes=id,displayName",
        ):
            assert generic.get(path).status_code == 200
    assert cost["rows"] < 30


@thread("grokability/snipe-it/pull/19343")
def test_failure_15_pages_without_a_sort_never_overlap(generic: Pushing) -> None:
    users = people(generic, 7)
    seen: list[str] = []
    for start in (1, 4, 7):
        page = generic.get(f"/Users?startIndex={start}&count=3").json["Resources"]
        seen += [user["id"] for user in page]
        generic.patch(f"/Users/{users[0]}", {"op": "replace", "path": "title", "value": f"x{start}"})
    assert sorted(seen) == users


@thread("wso2/product-is/issues/13772")
def test_failure_16_total_is_right_on_every_page_and_past_the_end(generic: Pushing) -> None:
    people(generic, 5)
    for start, count, size in ((1, 2, 2), (5, 2, 1), (6, 2, 0), (100, 10, 0), (1, 0, 0), (1, 5, 5)):
        page = generic.get(f"/Users?startIndex={start}&count={count}").json
        assert (page["totalResults"], page["itemsPerPage"], len(page["Resources"])) == (5, size, size)


@thread("langfuse/langfuse/pull/13528")
def test_failure_17_user_name_in_other_case_is_the_same_user(generic: Pushing) -> None:
    user = generic.user("Ada@Acme.Example", emails=[{"value": "shared@acme.example"}])["id"]
    answer = generic.post("/Users", {"schemas": [USER], "userName": "ada@acme.example"})
    assert (answer.status_code, answer.json["scimType"]) == (409, "uniqueness")
    renamed = generic.put(f"/Users/{user}", {"schemas": [USER], "userName": "ADA@acme.example"})
    assert (renamed.status_code, renamed.json["userName"]) == (200, "ADA@acme.example")


@thread("ory/polis/pull/4065")
def test_failure_17_two_users_may_share_an_address(generic: Pushing) -> None:
    emails = [{"value": "shared@acme.example"}]
    users = sorted(generic.user(name, emails=emails)["id"] for name in ("ada", "bob"))
    found = generic.filter("/Users", 'emails.value eq "shared@acme.example"').json["Resources"]
    assert sorted(user["id"] for user in found) == users


@pytest.mark.parametrize("name", ["José's Team", "Bílbo Bággins", "Ἀθηνᾶ", "日本"])
@thread("apache/directory-scimple/issues/981")
def test_failure_18_accented_characters_are_found(generic: Pushing, name: str) -> None:
    group = generic.group(name)["id"]
    user = generic.user(name, name={"givenName": name})["id"]
    text = f"displayName eq {json.dumps(name, ensure_ascii=False)}"
    search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": text, "count": 10}
    for answer in (generic.filter("/Groups", text), generic.post("/Groups/.search", search)):
        assert (answer.status_code, [one["id"] for one in answer.json["Resources"]]) == (200, [group])
    for attribute in ("userName", "name.givenName"):
        found = generic.filter("/Users", f"{attribute} eq {json.dumps(name.upper())}").json["Resources"]
        assert [one["id"] for one in found] == [user]


@thread("wso2/product-is/issues/6919")
def test_failure_19_apostrophes_dollars_and_wildcards_are_listed_and_found(generic: Pushing) -> None:
    names = ["o'brion", "$testuser@abc.example", "100%_$1@acme.example", 'quote"back\\slash', "İstanbul"]
    users = {name: generic.user(name)["id"] for name in names}
    listed = generic.get("/Users")
    assert (listed.status_code, {one["userName"] for one in listed.json["Resources"]}) == (200, set(names))
    for name, user in users.items():
        found = generic.filter("/Users", f"userName eq {json.dumps(name)}").json["Resources"]
        assert [one["id"] for one in found] == [user]


@thread("better-auth/better-auth/issues/11111")
def test_failure_20_inactive_user_who_is_assigned_again_is_not_locked_out(okta: Pushing) -> None:
    """Okta creates after it looked: who is found is updated, so the 409 goes only to who could have been found."""
    body = {"schemas": [USER], "userName": "ada@okta.local", "externalId": "00u1", "active": True}
    user = okta.post("/Users", body).json["id"]
    okta.patch(f"/Users/{user}", {"op": "replace", "value": {"active": False}})
    (found,) = okta.filter("/Users", 'userName eq "ada@okta.local"', startIndex=1, count=100).json["Resources"]
    assert (found["id"], found["active"]) == (user, False)
    refused = okta.post("/Users", body)
    assert (refused.status_code, user in refused.json["detail"]) == (409, True)
    assert okta.put(f"/Users/{user}", {**body, "id": user}).json["active"] is True


@thread("FusionAuth/fusionauth-issues/issues/3244")
def test_failure_21_deleted_user_pushed_again_gets_a_new_id_and_the_tombstone_stays_hidden(generic: Pushing) -> None:
    first = generic.user("ada@acme.example", externalId="1", title="Boss")["id"]
    generic.delete(f"/Users/{first}")
    second = generic.user("ada@acme.example", externalId="1")["id"]
    assert first != second
    assert generic.filter("/Users", 'title eq "Boss"').json["totalResults"] == 0
    assert generic.get("/Users").json["totalResults"] == 1
    answers = [
        generic.get(f"/Users/{first}"),
        generic.put(f"/Users/{first}", {"schemas": [USER], "userName": "x"}),
        generic.patch(f"/Users/{first}", {"op": "replace", "path": "active", "value": True}),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3


@thread("FusionAuth/fusionauth-issues/issues/3244")
def test_failure_21_member_deleted_by_mistake_is_the_same_member_again(world: World) -> None:
    scene = provisioned(world)
    first = scene.scim.add_user(GRACE, external_id="00u1")
    member = scene.organization.member(GRACE).id
    scene.scim.request("DELETE", f"/Users/{first}")
    assert scene.organization.member(GRACE).state == "deactivated"
    second = scene.scim.add_user("grace.hopper@acme.test", external_id="00u1")
    assert first != second
    back = scene.organization.member("grace.hopper@acme.test")
    assert (back.id, back.state) == (member, "active")


@pytest.mark.parametrize("value", ["False", "false", "FALSE", False])
@thread("scimmyjs/scimmy/issues/51")
def test_failure_22_false_as_a_string_deactivates(entra: Pushing, value: Any) -> None:
    user = entra.user("ada@acme.example")["id"]
    answer = entra.patch(f"/Users/{user}", {"op": "Replace", "path": "active", "value": value})
    assert (answer.status_code, answer.json["active"]) == (200, False)


@pytest.mark.parametrize("value", ["True", "False"])
@thread("AzureAD/SCIMReferenceCode/issues/21")
def test_failure_22_posted_string_is_a_boolean(entra: Pushing, value: str) -> None:
    answer = entra.post("/Users", {"schemas": [USER], "userName": "emp1", "active": value})
    assert (answer.status_code, answer.json["active"]) == (201, value == "True")


@thread("FusionAuth/fusionauth-issues/issues/2456")
def test_failure_23_work_email_is_filtered_in_entras_own_grammar(entra: Pushing) -> None:
    text = 'emails[type eq "work"].value eq "c24b01d8-0568-485b-8626-12943db53a84"'
    assert entra.filter("/Users", text).json["totalResults"] == 0
    user = entra.user("ada", emails=[{"type": "work", "value": "c24b01d8-0568-485b-8626-12943db53a84"}])["id"]
    assert [one["id"] for one in entra.filter("/Users", text).json["Resources"]] == [user]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"active": False}, {"active": False}),
        ({"name.givenName": "Kkom", "displayName": "Bjfe"}, {"name": {"givenName": "Kkom"}, "displayName": "Bjfe"}),
        ({f"{ENTERPRISE}:employeeNumber": "Aklq"}, {ENTERPRISE: {"employeeNumber": "Aklq"}}),
        ({ENTERPRISE: {"employeeNumber": "Aklq"}}, {ENTERPRISE: {"employeeNumber": "Aklq"}}),
    ],
)
@thread("Captain-P-Goldfish/scim-for-keycloak/issues/26")
def test_failure_24_user_operation_without_a_path_is_applied(generic: Pushing, value: Any, expected: Any) -> None:
    user = generic.user("ada")["id"]
    answer = generic.patch(f"/Users/{user}", {"op": "replace", "value": value})
    assert answer.status_code == 200, answer.text
    assert {name: answer.json[name] for name in expected} == expected


@thread("Metatavu/keycloak-scim-server/pull/113")
def test_failure_24_group_operation_without_a_path_is_applied(okta: Pushing) -> None:
    user, group = okta.user("ada")["id"], okta.group("Staff")["id"]
    for value in ({"id": group, "displayName": "Everyone"}, {"members": [{"value": user}]}):
        assert okta.patch(f"/Groups/{group}", {"op": "replace", "value": value}).status_code == 200
    read = okta.get(f"/Groups/{group}").json
    assert (read["displayName"], [member["value"] for member in read["members"]]) == ("Everyone", [user])


@thread("sourcegraph/sourcegraph-public-snapshot/issues/49325")
def test_failure_25_disabled_user_is_still_read_found_and_listed(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")["id"]
    entra.patch(f"/Users/{user}", {"op": "replace", "path": "active", "value": False})
    assert entra.get(f"/Users/{user}").json["active"] is False
    by_name = entra.filter("/Users", 'userName eq "ada@acme.example"')
    for listed in (by_name, entra.filter("/Users", "active eq false"), entra.get("/Users")):
        assert [(one["id"], one["active"]) for one in listed.json["Resources"]] == [(user, False)]


@thread("rancher/rancher/issues/54870")
def test_failure_26_flood_of_one_directory_is_answered_429_and_starves_no_other(
    installation: Installation, generic: Pushing, okta: Pushing
) -> None:
    slow = Client(installation.serving(requests_per_second=1.0), Answer)
    generic, okta = replace(generic, http=slow), replace(okta, http=slow)
    answers = [generic.get("/Users?count=0") for _ in range(20)]
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    assert (limited[0].content_type, limited[0].json["schemas"], limited[0].json["status"]) == (SCIM, [ERROR], "429")
    assert int(limited[0].headers["Retry-After"]) >= 1
    assert okta.get("/Users").status_code == 200


@thread("getprobo/probo/pull/1277")
def test_failure_27_delete_of_a_user_who_is_referred_to_everywhere_answers_204(world: World) -> None:
    scene = provisioned(world)
    world.browser().sign_in(ADA)
    grace = scene.scim.add_user(GRACE)
    scene.scim.add_member(scene.admins, grace)
    world.browser().sign_in(GRACE)
    for user in (grace, scene.ada):
        assert scene.scim.request("DELETE", f"/Users/{user}").status_code == 204
    assert scene.scim.request("DELETE", f"/Groups/{scene.admins}").status_code == 204


@thread("croffasia/itsaplan/pull/250")
def test_failure_28_last_administrator_keeps_their_way_in_when_the_push_takes_it(world: World) -> None:
    scene = provisioned(world)
    answer = scene.scim.set_active(scene.ada, False)
    assert (answer.status_code, (answer.json or {})["active"]) == (200, False)
    held = scene.organization.member(ADA)
    assert (held.role, held.held) == ("admin", True)


@thread("croffasia/itsaplan/pull/250")
def test_failure_28_repeated_create_is_refused_and_wipes_nothing(okta: Pushing) -> None:
    body = {"schemas": [USER], "userName": "ada@okta.local", "externalId": "00u1", "title": "Engineer"}
    user = okta.post("/Users", body).json
    assert okta.post("/Users", {"schemas": [USER], "userName": "ada@okta.local"}).status_code == 409
    assert okta.get(f"/Users/{user['id']}").json == user


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PUT", "/Users", 405), ("DELETE", "/Groups", 405), ("PUT", "/Me", 501), ("PUT", "/Users/a/b", 404)],
)
@thread("goauthentik/authentik/issues/16678")
def test_failure_29_method_that_is_not_there_is_refused_in_scims_form(
    generic: Pushing, method: str, path: str, status: int
) -> None:
    answer = generic.send(method, path, {"schemas": [USER], "userName": "ada"})
    assert (answer.status_code, answer.content_type) == (status, SCIM)
    assert (answer.json["schemas"], answer.json["status"]) == ([ERROR], str(status))
    user = generic.user("ada")["id"]
    assert generic.put(f"/Users/{user}", {"schemas": [USER], "userName": "ada"}).status_code == 200


@thread("better-auth/better-auth/pull/10417")
def test_failure_30_schemas_say_what_can_be_written(generic: Pushing) -> None:
    described = {one["name"]: one for one in generic.get(f"/Schemas/{USER}").json["attributes"]}
    user = generic.user("ada")["id"]
    for name in ("displayName", "title", "nickName", "active", "locale"):
        assert described[name]["mutability"] == "readWrite"
        value = True if name == "active" else f"new {name}"
        answer = generic.patch(f"/Users/{user}", {"op": "replace", "path": name, "value": value})
        assert answer.json[name] == value
    assert described["groups"]["mutability"] == "readOnly"
    assert described["userName"]["uniqueness"] == "server"


@thread("better-auth/better-auth/issues/10416")
def test_failure_30_schemas_tell_that_names_can_be_written(generic: Pushing) -> None:
    """externalId is a common attribute, which no schema lists (RFC 7643 3.1 and 8.7.1): it is written all the same."""
    for schema, name in ((USER, "displayName"), (USER, "userName"), (GROUP, "displayName")):
        described = {one["name"]: one for one in generic.get(f"/Schemas/{schema}").json["attributes"]}
        assert described[name]["mutability"] == "readWrite"
        assert described["displayName" if schema == GROUP else "groups"]["mutability"] != "immutable"
    user = generic.user("ada", externalId="1")
    renamed = generic.patch(f"/Users/{user['id']}", {"op": "replace", "path": "externalId", "value": "2"})
    assert renamed.json["externalId"] == "2"
