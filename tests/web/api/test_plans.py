"""Dry runs: any planned change can be asked for first, writes nothing then, and can be held to what was answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.services import directories, directory_tokens
from app.store.database import Base
from app.web.api.blueprint import OPERATIONS
from tests.application import World
from tests.scenes import ADA, GRACE, ScimClient
from tests.web.api.caller import Api
from tests.web.api.scenes import Scene, begin

Call = tuple[str, str, Any]


def dump(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the database."""
    with world.transactions.looking() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
        }


class Furnished:
    """One of everything that a planned call may be about."""

    def __init__(self, world: World) -> None:
        self.scene = scene = begin(world)
        api, path = scene.api, scene.path
        self.connection = api.post(f"{path}/connections", scene.saml_body())["id"]
        self.revision = api.get(f"{path}/connections/{self.connection}/revisions")["data"][0]["id"]
        scene.organization.store_recovery_codes()
        scene.prove(self.connection)
        self.directory, scim = scene.organization.add_directory()
        self.ada, self.grace = scim.add_user(ADA), scim.add_user(GRACE)
        self.admins = scim.add_group("Admins", self.ada)
        self.writers = scim.add_group("Writers", self.grace)
        scene.organization.map_group(self.admins)
        self.scim = scim
        scene.organization.activate_directory(self.directory)
        self.role = api.post(f"{path}/roles", {"slug": "editor", "name": "Editor", "priority": 50})["id"]
        self.mapping = scene.organization.map_group(self.writers, "editor")
        self.member = scene.organization.member(GRACE).id
        self.domain = api.get(f"{path}/domains")["data"][0]["id"]


CALLS: dict[str, Callable[[Furnished], Call]] = {
    "edit_organization": lambda it: ("PATCH", "", {"guests": "email_code", "default_role": "editor"}),
    "remove_domain": lambda it: ("DELETE", f"/domains/{it.domain}", None),
    "create_connection": lambda it: ("POST", "/connections", it.scene.saml_body()),
    "edit_connection": lambda it: ("PATCH", f"/connections/{it.connection}", {"name": "Other"}),
    "delete_connection": lambda it: ("DELETE", f"/connections/{it.connection}", None),
    "activate_connection": lambda it: ("POST", f"/connections/{it.connection}/activate", it.scene.by_admin),
    "restore_revision": lambda it: ("POST", f"/connections/{it.connection}/revisions/{it.revision}/restore", {}),
    "discard_revision": lambda it: ("DELETE", f"/connections/{it.connection}/revisions/{it.revision}", None),
    "deactivate_connection": lambda it: ("POST", f"/connections/{it.connection}/deactivate", {}),
    "take_over_metadata": lambda it: ("POST", f"/connections/{it.connection}/take-over", {}),
    "create_directory": lambda it: ("POST", "/directories", {"name": "Entra", "provider": "entra"}),
    "edit_directory": lambda it: ("PATCH", f"/directories/{it.directory}", {"name": "Other"}),
    "delete_directory": lambda it: ("DELETE", f"/directories/{it.directory}", None),
    "activate_directory": lambda it: ("POST", f"/directories/{it.directory}/activate", {}),
    "deactivate_directory": lambda it: ("POST", f"/directories/{it.directory}/deactivate", {}),
    "create_role": lambda it: ("POST", "/roles", {"slug": "author", "name": "Author", "priority": 5}),
    "reorder_roles": lambda it: ("POST", "/roles/reorder", {"slugs": ["admin", "member", "editor"]}),
    "edit_role": lambda it: ("PATCH", f"/roles/{it.role}", {"name": "Redaktion", "priority": 70}),
    "delete_role": lambda it: ("DELETE", f"/roles/{it.role}", None),
    "create_role_mapping": lambda it: (
        "POST", "/role-mappings", {"source": "directory", "group": it.writers, "role": "admin"},
    ),
    "delete_role_mapping": lambda it: ("DELETE", f"/role-mappings/{it.mapping}", None),
    "edit_authentication_policy": lambda it: ("PATCH", "/authentication-policy", {"mfa": "required"}),
    "edit_member": lambda it: ("PATCH", f"/members/{it.member}", {"suspended": True}),
    "remove_member": lambda it: ("DELETE", f"/members/{it.scene.admin}", None),
}  # fmt: skip


def test_every_planned_operation_has_a_call_here() -> None:
    assert CALLS.keys() == {operation.name for operation in OPERATIONS if operation.plans}


@pytest.mark.parametrize("name", CALLS)
def test_dry_run_answers_a_plan_and_writes_nothing_at_all(world: World, name: str) -> None:
    furnished = Furnished(world)
    method, below, body = CALLS[name](furnished)
    before = dump(world)

    plan = furnished.scene.api.plan(method, furnished.scene.path + below, body)

    assert dump(world) == before
    assert plan["allowed"] is (plan["refused"] is None)
    assert plan["totals"]["changed"] == len(plan["people"])


def test_plan_names_each_person_before_and_after_and_what_they_lose(world: World) -> None:
    furnished = Furnished(world)
    path = furnished.scene.path

    plan = furnished.scene.api.plan("DELETE", f"{path}/role-mappings/{furnished.mapping}")

    position = {"email": GRACE, "state": "active", "suspended": False, "removed": False, "held": False, "proven": False}
    position |= {"way_in": "email_code", "second_step": None}
    assert plan["people"] == [
        {
            "member_id": furnished.member,
            "email": GRACE,
            "before": {**position, "role": "editor", "role_source": "mapped", "group": "Writers"},
            "after": {**position, "role": "member", "role_source": "default", "group": None},
            "loses": ["role"],
        }
    ]
    assert plan["proof"] == {
        "administrator": furnished.scene.admin,
        "email": ADA,
        "way_in": "email_code",
        "second_step": None,
    }
    assert plan["totals"]["demoted"] == 1


def test_plan_of_a_new_mapping_names_its_group(world: World) -> None:
    furnished = Furnished(world)
    body = {"source": "directory", "group": furnished.writers, "role": "admin"}

    plan = furnished.scene.api.plan("POST", f"{furnished.scene.path}/role-mappings", body)

    assert [(one["after"]["role"], one["after"]["group"]) for one in plan["people"]] == [("admin", "Writers")]


def test_plan_of_what_is_refused_says_why_and_what_it_would_do(world: World) -> None:
    furnished = Furnished(world)
    admin = f"{furnished.scene.path}/members/{furnished.scene.admin}"

    plan = furnished.scene.api.plan("PATCH", admin, {"suspended": True})

    assert (plan["allowed"], plan["refused"]["code"], plan["proof"]) == (False, "last_administrator", None)
    assert [one["loses"] for one in plan["people"]] == [["sign_in"]]


def test_change_is_held_to_the_plan_it_presents(world: World) -> None:
    furnished = Furnished(world)
    api, mapping = furnished.scene.api, f"{furnished.scene.path}/role-mappings/{furnished.mapping}"
    shown = api.plan("DELETE", mapping)["hash"]
    furnished.scim.add_member(furnished.writers, furnished.scim.add_user("lin@acme.test"))

    problem = api.refused("DELETE", mapping, status=412, headers={"If-Match": f'"{shown}"'})

    assert problem["code"] == "plan_outdated"
    assert furnished.scene.organization.member(GRACE).role == "editor"
    again = api.plan("DELETE", mapping)["hash"]
    assert api.send("DELETE", mapping, headers={"If-Match": f'"{again}"'}).status_code == 204


@pytest.mark.parametrize("header", ["*", '""', "nonsense", '"1-000000000000"', '"' + "x" * 5000 + '"'])
def test_hash_that_is_none_of_ours_is_refused_where_something_would_be_lost(world: World, header: str) -> None:
    furnished = Furnished(world)
    mapping = f"{furnished.scene.path}/role-mappings/{furnished.mapping}"

    problem = furnished.scene.api.refused("DELETE", mapping, status=412, headers={"If-Match": header})

    assert problem["code"] == "plan_outdated"


@pytest.mark.parametrize("name", ["activate_connection", "activate_directory"])
def test_switching_on_needs_the_hash_of_a_dry_run(world: World, name: str) -> None:
    furnished = Furnished(world)
    with world.transactions.writing(OPERATOR) as unit:
        directories.to_deactivate(unit, furnished.scene.organization.id, furnished.directory).apply()
    method, below, body = CALLS[name](furnished)

    problem = furnished.scene.api.refused(method, furnished.scene.path + below, body, status=428)

    assert problem["code"] == "plan_required"
    assert furnished.scene.api.post_as_planned(furnished.scene.path + below, body)["state"] == "active"


def test_long_plan_is_read_page_by_page(world: World) -> None:
    furnished = Furnished(world)
    for number in range(5):
        furnished.scim.add_member(furnished.writers, furnished.scim.add_user(f"p{number}@acme.test"))
    api, mapping = furnished.scene.api, f"{furnished.scene.path}/role-mappings/{furnished.mapping}"

    pages, cursor = [], None
    while True:
        query = {"limit": 4} if cursor is None else {"limit": 4, "cursor": cursor}
        plan = api.plan("DELETE", mapping, **query)
        pages.append([one["email"] for one in plan["people"]])
        cursor = plan["next_cursor"]
        if cursor is None:
            break

    assert list(map(len, pages)) == [4, 2]
    assert len({email for page in pages for email in page}) == 6
    assert plan["totals"]["changed"] == 6


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"dry_run": "maybe"}, "dry_run"),
        ({"dry_run": "true", "limit": "0"}, "limit"),
        ({"dry_run": "true", "cursor": "x"}, "cursor"),
        ({"dry_run": "true", "cursor": "bWVtXzAxbThhbjl6dDQwcGU0amcxMXg3NTVqZXc0"}, "cursor"),
    ],
)
def test_wrong_question_is_refused_by_name(world: World, query: dict[str, str], field: str) -> None:
    furnished = Furnished(world)
    mapping = f"{furnished.scene.path}/role-mappings/{furnished.mapping}"

    problem = furnished.scene.api.refused("DELETE", mapping, status=400, query_string=query)

    assert problem["field"] == field
    assert furnished.scene.organization.member(GRACE).role == "editor"


def test_dry_run_of_what_has_none_is_refused_and_not_done(world: World) -> None:
    scene = begin(world)

    problem = scene.api.refused(
        "POST", f"{scene.path}/recovery-codes", {}, status=400, query_string={"dry_run": "true"}
    )

    assert (problem["code"], problem["field"]) == ("not_supported", "dry_run")


def test_false_is_no_dry_run(world: World) -> None:
    scene = begin(world)
    body = {"slug": "editor", "name": "Editor", "priority": 5}

    answer = scene.api.send("POST", f"{scene.path}/roles", body, query_string={"dry_run": "false"})

    assert answer.status_code == 201


def test_nobody_without_the_token_gets_a_plan(world: World) -> None:
    furnished = Furnished(world)
    stranger: Scene = furnished.scene
    api = Api(world, token="wrong")

    problem = api.refused(
        "DELETE", f"{stranger.path}/roles/{furnished.role}", status=401, query_string={"dry_run": "true"}
    )

    assert problem["code"] == "unauthenticated"


def test_dry_run_does_not_even_note_that_the_key_was_used(world: World) -> None:
    furnished = Furnished(world)
    token = furnished.scene.api.post(f"{furnished.scene.path}/keys", {"label": "Nightly"})["token"]
    before = dump(world)

    plan = Api(world, token).plan("DELETE", f"{furnished.scene.path}/role-mappings/{furnished.mapping}")

    assert plan["allowed"]
    assert dump(world) == before


def test_plan_with_people_who_join_is_read_page_by_page(world: World) -> None:
    """They have no id yet: it would be another one each time."""
    furnished = Furnished(world)
    api, path = furnished.scene.api, f"{furnished.scene.path}/directories"
    entra = api.post(path, {"name": "Entra", "provider": "entra"})["id"]
    _push(world, furnished, entra, 5)

    pages, cursor = [], None
    while True:
        query = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        plan = api.plan("POST", f"{path}/{entra}/activate", {}, **query)
        pages += [(one["member_id"], one["email"]) for one in plan["people"]]
        cursor = plan["next_cursor"]
        if cursor is None:
            break

    joining = [email for member_id, email in pages if member_id is None]
    assert joining == [f"new{number}@acme.test" for number in range(5)]
    assert len(pages) == len(set(pages)) == plan["totals"]["changed"]


def _push(world: World, furnished: Furnished, directory_id: str, number: int) -> None:
    """People whom only this directory knows."""
    with world.transactions.writing(OPERATOR) as unit:
        organization_id = furnished.scene.organization.id
        token = directory_tokens.add(unit, organization_id, directory_id)
        assert not isinstance(token, Refused)
        url = directories.base_url(unit, directories.read(unit, organization_id, directory_id))
    scim = ScimClient(world, url, token.secret)
    for place in range(number):
        scim.add_user(f"new{place}@acme.test")
