"""One effective role out of groups, grants and the default, and where it comes from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.rules.decisions import Allowed, Code, Refused
from app.rules.errors import InvalidInputError
from app.rules.members import Listing, MemberState, state_listed
from app.rules.organizations import read_text
from app.rules.roles import (
    EffectiveRole,
    GroupRef,
    GroupSource,
    MappingRule,
    RolePolicy,
    RoleSource,
    effective_role,
    judge_default_role,
    judge_deletion,
    judge_priority,
    judge_rename,
    read_priority,
    read_slug,
    slug_of,
)

STAFF = GroupRef(GroupSource.DIRECTORY, "g-staff")
BOSSES = GroupRef(GroupSource.DIRECTORY, "g-bosses")
SENT = GroupRef(GroupSource.SIGN_IN, "bosses")
POLICY = RolePolicy(
    priorities={"admin": 1_000_000, "editor": 10, "member": 0},
    mappings=(
        MappingRule("map_1", STAFF, "editor"),
        MappingRule("map_2", BOSSES, "admin"),
        MappingRule("map_3", SENT, "admin"),
        MappingRule("map_4", STAFF, "gone"),
    ),
    default_role="member",
    groups_from=GroupSource.DIRECTORY,
)


def role(*groups: GroupRef, granted: str | None = None, policy: RolePolicy = POLICY) -> EffectiveRole:
    return effective_role(groups=frozenset(groups), granted=granted, policy=policy)


def test_highest_priority_mapped_role_wins() -> None:
    assert role(STAFF, BOSSES) == EffectiveRole("admin", RoleSource.MAPPED, "map_2")


def test_mapped_role_outranks_a_granted_one_also_when_it_is_lower() -> None:
    assert role(STAFF, granted="admin") == EffectiveRole("editor", RoleSource.MAPPED, "map_1")


def test_granted_role_counts_where_no_group_decides_and_the_default_where_nothing_does() -> None:
    assert role(granted="editor") == EffectiveRole("editor", RoleSource.GRANTED)
    assert role() == EffectiveRole("member", RoleSource.DEFAULT)


def test_grant_of_a_role_that_is_gone_counts_for_nothing() -> None:
    assert role(granted="gone") == EffectiveRole("member", RoleSource.DEFAULT)


def test_groups_of_a_sign_in_count_only_while_no_directory_decides() -> None:
    assert role(SENT) == EffectiveRole("member", RoleSource.DEFAULT)
    without_directory = replace(POLICY, groups_from=GroupSource.SIGN_IN)
    assert role(SENT, policy=without_directory) == EffectiveRole("admin", RoleSource.MAPPED, "map_3")


def test_default_role_may_not_be_admin() -> None:
    refused = judge_default_role("admin")

    assert isinstance(refused, Refused)
    assert refused.code is Code.DEFAULT_ROLE_ADMIN
    assert judge_default_role("editor") == Allowed()


@pytest.mark.parametrize("slug", ["", "Editor", "1st", "a b", "a" * 64, "é"])
def test_slug_that_is_not_one_is_refused(slug: str) -> None:
    with pytest.raises(InvalidInputError):
        read_slug(slug)


def test_slug_and_priority_in_range_are_taken() -> None:
    assert read_slug("content-editor") == "content-editor"
    assert [read_priority(number) for number in (0, 5, 999_999)] == [0, 5, 999_999]


@pytest.mark.parametrize("name", ["Content editor", "Éditeur en chef!", "  2nd  Line  ", "x" * 200, "Łukasz"])
def test_slug_that_suggests_itself_is_one(name: str) -> None:
    assert read_slug(slug_of(name))


def test_slug_follows_the_name_and_is_empty_where_none_suggests_itself() -> None:
    assert slug_of("Éditeur en chef!") == "editeur-en-chef"
    assert slug_of("2nd line") == "nd-line"
    assert slug_of("編集者") == slug_of("42") == ""


def test_admin_keeps_its_name_and_its_place() -> None:
    for refused in (judge_rename("admin"), judge_priority("admin")):
        assert isinstance(refused, Refused)
        assert refused.code is Code.ROLE_BUILT_IN
    assert judge_rename("member") == judge_priority("member") == Allowed()


def test_built_in_roles_and_the_default_one_are_not_deleted() -> None:
    for slug, code in (("admin", Code.ROLE_BUILT_IN), ("member", Code.ROLE_BUILT_IN), ("editor", Code.ROLE_IS_DEFAULT)):
        refused = judge_deletion(slug, default_role="editor")
        assert isinstance(refused, Refused)
        assert refused.code is code
    assert judge_deletion("editor", default_role="member") == Allowed()


@pytest.mark.parametrize("priority", [-1, 1_000_000])
def test_priority_that_is_not_below_that_of_admin_is_refused(priority: int) -> None:
    with pytest.raises(InvalidInputError):
        read_priority(priority)


@pytest.mark.parametrize(
    ("state", "listing", "expected"),
    [
        (MemberState.INVITED, Listing.ACTIVE, MemberState.ACTIVE),
        (MemberState.ACTIVE, Listing.INACTIVE, MemberState.DEACTIVATED),
        (MemberState.DEACTIVATED, Listing.NOT_LISTED, MemberState.DEACTIVATED),
    ],
)
def test_state_follows_the_listing(state: MemberState, listing: Listing, expected: MemberState) -> None:
    assert state_listed(state, listing) is expected


@pytest.mark.parametrize("text", ["", "   ", "a\x00b", "\ud800", "x" * 201, "line\nbreak"])
def test_text_that_cannot_be_stored_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_text(text, field="name")
    assert refused.value.field == "name"


def test_text_is_trimmed() -> None:
    assert read_text("  Acme  ", field="name") == "Acme"
