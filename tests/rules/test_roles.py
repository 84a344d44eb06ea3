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
    read_priority,
    read_slug,
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
    assert read_priority(5) == 5


@pytest.mark.parametrize("priority", [-1, 0, 1_000_000])
def test_priority_outside_the_built_in_roles_is_refused(priority: int) -> None:
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
