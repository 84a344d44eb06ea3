"""Roles on the settings pages: added, renamed, ordered, made the default, deleted; what is not possible says why."""

from __future__ import annotations

import re

import pytest

from app.rules.actor import OPERATOR
from app.services import members, roles
from tests.application import World, led_to
from tests.scenes import ADA, GRACE, provisioned
from tests.web.settings.scenes import Desk, desk, flat, signed_in

PAGE = "/settings/roles"


def test_roles_are_listed_in_order_with_who_has_them(world: World) -> None:
    ada = desk(world)
    add(ada, "Editor")
    add(ada, "Content author")
    ada.member(GRACE, role="editor")
    ada.browser.submit_as_planned("/settings/role-mappings", source="sign_in", group="writers", role="editor")

    page = flat(ada.browser.get(PAGE).text)

    rows = re.findall(r"(Admin|Editor|Content author|Member) ([a-z-]+) (\w+(?: \w+)?) (No group|\d mappings?)", page)
    assert rows == [
        ("Admin", "admin", "1 person", "No group"),
        ("Content author", "content-author", "Nobody", "No group"),
        ("Editor", "editor", "1 person", "1 mapping"),
        ("Member", "member", "Nobody", "No group"),
    ]


def test_slug_follows_the_name_or_is_typed(world: World) -> None:
    ada = desk(world)

    add(ada, "Content editor")
    add(ada, "編集者", slug="henshu")

    assert slugs(ada) == ["admin", "henshu", "content-editor", "member"]


@pytest.mark.parametrize(
    ("name", "slug", "status", "says"),
    [
        ("", "", 400, "This must not be empty."),
        ("編集者", "", 400, "A role&#39;s slug is lower-case letters"),
        ("Editor", "Boss!", 400, "A role&#39;s slug is lower-case letters"),
        ("Admin", "", 409, "There is a role with this slug already."),
    ],
)
def test_role_that_cannot_be_is_refused_at_its_field(
    world: World, name: str, slug: str, status: int, says: str
) -> None:
    ada = desk(world)
    ada.browser.get(PAGE)

    answer = ada.browser.submit(PAGE, name=name, slug=slug)

    assert answer.status_code == status
    assert says in answer.text
    assert f'value="{name}"' in answer.text
    assert slugs(ada) == ["admin", "member"]


def test_role_is_renamed_and_a_name_that_cannot_be_opens_its_form(world: World) -> None:
    ada = desk(world)
    editor = add(ada, "Editor")

    done = ada.browser.submit(f"{PAGE}/{editor}/rename", name="Redaktion")
    wrong = ada.browser.submit(f"{PAGE}/{editor}/rename", name="x" * 201)

    assert led_to(done) == f"{PAGE}?done=role-renamed#{editor}"
    assert wrong.status_code == 400
    assert '<details name="role" open>' in wrong.text
    assert "This may have 200 characters at most." in wrong.text
    assert "Redaktion" in ada.browser.get(PAGE).text


def test_roles_move_up_and_down_but_not_past_admin(world: World) -> None:
    ada = desk(world)
    editor, author = add(ada, "Editor"), add(ada, "Author")
    assert slugs(ada) == ["admin", "author", "editor", "member"]

    ada.browser.submit(f"{PAGE}/{editor}/up")
    assert slugs(ada) == ["admin", "editor", "author", "member"]
    ada.browser.submit(f"{PAGE}/{author}/down")
    assert slugs(ada) == ["admin", "editor", "member", "author"]

    for move, says in ((f"{editor}/up", "always has the highest priority"), (f"{author}/down", "No role stands below")):
        answer = ada.browser.submit(f"{PAGE}/{move}")
        assert answer.status_code == 409
        assert says in answer.text
    page = flat(ada.browser.get(PAGE).text)
    assert page.count("Move up: The role admin is built in and always has the highest priority.") == 2
    assert page.count("Move down: No role stands below this one.") == 1


def test_default_role_is_chosen_and_says_whom_it_concerns(world: World) -> None:
    ada = desk(world)
    editor = add(ada, "Editor")

    ada.member("lin@acme.test")
    page = flat(ada.browser.get(PAGE).text)
    shown = flat(ada.browser.submit(f"{PAGE}/{editor}/default?dry_run=true").text)
    answer = ada.browser.submit(f"{PAGE}/{editor}/default")

    assert "Whoever comes without a group or a grant gets Editor from then on." in shown
    assert "Make default: The default role may not be admin" in page
    assert led_to(answer) == f"{PAGE}?done=default-role-changed#{editor}"
    assert "Delete: This is the default role. Choose another default role first, then delete it." in flat(
        ada.browser.get(PAGE).text
    )
    assert ada.browser.submit(f"{PAGE}/{editor}/delete", confirm="editor").status_code == 409


def test_role_is_deleted_once_its_slug_was_typed_and_says_what_follows(world: World) -> None:
    ada = desk(world)
    editor = add(ada, "Editor")
    ada.member(GRACE, role="editor")
    ada.browser.submit_as_planned("/settings/role-mappings", source="sign_in", group="writers", role="editor")

    page = flat(ada.browser.submit(f"{PAGE}/{editor}/delete").text)
    assert "1 person gets a lower role." in page
    assert "grace@acme.test Lower role Editor Granted by hand becomes Member The default role" in page
    assert "1 mapping to it falls away." in page
    assert "1 grant of it by hand falls away" in page
    assert ada.browser.submit_as_planned(f"{PAGE}/{editor}/delete", confirm="Editor").status_code == 400
    answer = ada.browser.submit_as_planned(f"{PAGE}/{editor}/delete", confirm="editor")

    assert led_to(answer) == f"{PAGE}?done=role-deleted"
    assert slugs(ada) == ["admin", "member"]
    assert (ada.organization.member(GRACE).role, ada.organization.member(GRACE).granted_role) == ("member", None)
    assert "writers" not in ada.page()


def test_changes_of_roles_are_told_in_words(world: World) -> None:
    ada = desk(world)
    editor = add(ada, "Editor")
    ada.browser.submit(f"{PAGE}/{editor}/down")
    ada.browser.submit(f"{PAGE}/{editor}/rename", name="Redaktion")
    ada.browser.submit_as_planned(f"{PAGE}/{editor}/delete", confirm="editor")

    page = flat(ada.browser.get("/settings/activity").text)

    assert "deleted the role Redaktion" in page
    assert "Name Editor → became Redaktion" in page
    assert "put the roles into another order" in page
    assert "Order admin, editor, member → became admin, member, editor" in page


def test_member_on_hold_sees_why_a_role_is_not_theirs_to_delete(world: World) -> None:
    """Her group gives her less than her own grant of admin, which would count again without the role."""
    scene = provisioned(world)
    organization = scene.organization
    with world.transactions.writing(OPERATOR) as unit:
        roles.to_add(unit, organization.id, slug="editor", name="Editor").apply()
        members.read(unit, organization.id, organization.admin_id).granted_role = "admin"
    organization.map_group(scene.scim.add_group("Editors", scene.ada), "editor")
    scene.scim.remove_member(scene.admins, scene.ada)

    page = flat(signed_in(world, ADA).get(PAGE).text)

    assert "Delete: You are on hold: the directory says that you are no longer an administrator" in page


def add(ada: Desk, name: str, slug: str = "") -> str:
    """Add a role through the page: its id."""
    ada.browser.get(PAGE)
    answer = ada.browser.submit(PAGE, name=name, slug=slug)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].partition("#")[2]


def slugs(ada: Desk) -> list[str]:
    """All roles as stored, highest first."""
    with ada.world.transactions.reading() as unit:
        return [role.slug for role in roles.all_of(unit, ada.organization.id)]
