"""The order of roles: whatever is done to it, admin is on top, priorities are distinct, and there is a default."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app.rules.decisions import Allowed, Code, Refused
from app.rules.errors import InvalidInputError
from app.rules.role_order import (
    Overtaking,
    deal,
    free_priority,
    in_order,
    judge_order,
    judge_step,
    overtaking,
    read_order,
    step,
)
from app.rules.roles import (
    ADMIN_PRIORITY,
    GroupRef,
    GroupSource,
    MappingRule,
    RolePolicy,
    effective_role,
    judge_default_role,
    judge_deletion,
)

PRIORITIES = {"admin": ADMIN_PRIORITY, "editor": 70, "author": 30, "member": 0}
ORDER = ("admin", "editor", "author", "member")


def test_roles_stand_in_the_order_of_their_priorities() -> None:
    assert in_order(PRIORITIES) == ORDER


def test_new_role_stands_directly_below_admin() -> None:
    assert free_priority(PRIORITIES) == 80
    assert free_priority({"admin": ADMIN_PRIORITY}) == 10


def test_new_role_finds_a_number_where_the_highest_ones_are_taken() -> None:
    taken = PRIORITIES | {"chief": ADMIN_PRIORITY - 1, "deputy": ADMIN_PRIORITY - 2}

    assert free_priority(taken) == ADMIN_PRIORITY - 3


def test_new_role_never_gets_the_number_of_admin() -> None:
    assert free_priority(PRIORITIES | {"chief": ADMIN_PRIORITY - 10}) == ADMIN_PRIORITY - 1


@pytest.mark.parametrize(
    "slugs", [(), ("admin", "editor"), (*ORDER, "boss"), ("admin", "admin", "author", "member"), (*ORDER, "editor")]
)
def test_order_that_does_not_name_every_role_once_is_refused(slugs: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_order(slugs, known=PRIORITIES)
    assert refused.value.field == "slugs"


def test_order_without_admin_on_top_is_refused() -> None:
    refused = judge_order(("editor", "admin", "author", "member"))

    assert isinstance(refused, Refused)
    assert refused.code is Code.ROLE_BUILT_IN
    assert judge_order(ORDER) == Allowed()


@pytest.mark.parametrize(
    ("slug", "up", "code"),
    [
        ("admin", True, Code.ROLE_BUILT_IN),
        ("admin", False, Code.ROLE_BUILT_IN),
        ("editor", True, Code.ROLE_BUILT_IN),
        ("member", False, Code.ROLE_LOWEST),
    ],
)
def test_step_past_admin_or_below_the_lowest_is_refused(slug: str, up: bool, code: Code) -> None:
    refused = judge_step(ORDER, slug, up=up)

    assert isinstance(refused, Refused)
    assert refused.code is code


def test_lowest_role_may_go_up() -> None:
    assert judge_step(ORDER, "member", up=True) == Allowed()


def test_step_changes_places_with_the_neighbour() -> None:
    assert judge_step(ORDER, "author", up=True) == judge_step(ORDER, "editor", up=False) == Allowed()
    assert step(ORDER, "author", up=True) == step(ORDER, "editor", up=False) == ("admin", "author", "editor", "member")


def test_numbers_that_were_chosen_stay_in_use() -> None:
    dealt = deal(("admin", "member", "author", "editor"), PRIORITIES)

    assert dealt == {"admin": ADMIN_PRIORITY, "member": 70, "author": 30, "editor": 0}
    assert deal(ORDER, PRIORITIES) == PRIORITIES


def test_roles_that_had_one_number_get_distinct_ones() -> None:
    dealt = deal(ORDER, PRIORITIES | {"author": 70})

    assert dealt == {"admin": ADMIN_PRIORITY, "editor": 20, "author": 10, "member": 0}


def test_only_mapped_roles_that_change_places_concern_anybody() -> None:
    after = PRIORITIES | {"editor": 10}

    assert overtaking(PRIORITIES, after, mapped=["editor", "author"]) == Overtaking(
        frozenset({"author"}), frozenset({"editor"})
    )
    assert overtaking(PRIORITIES, after, mapped=["editor", "member", "gone"]) == Overtaking(frozenset(), frozenset())


def test_of_two_roles_with_one_number_the_one_that_rises_overtakes_the_other() -> None:
    before = PRIORITIES | {"author": 70}

    assert overtaking(before, before | {"author": 71}, mapped=["editor", "author"]) == Overtaking(
        frozenset({"author"}), frozenset({"editor"})
    )


SLUGS = ("admin", "editor", "author", "reviewer", "member")
RANKS = st.permutations(range(4)).map(
    lambda numbers: {"admin": ADMIN_PRIORITY, **dict(zip(SLUGS[1:], numbers, strict=True))}
)


@given(
    before=RANKS,
    after=RANKS,
    mapped=st.dictionaries(st.sampled_from("abcd"), st.sampled_from(SLUGS), min_size=1),
    groups=st.sets(st.sampled_from("abcd")),
)
def test_whoever_gets_another_role_by_another_order_has_a_loser_and_a_winner(
    before: dict[str, int], after: dict[str, int], mapped: dict[str, str], groups: set[str]
) -> None:
    """The query that finds whom an order touches finds everybody."""
    roles = []
    for priorities in (before, after):
        rules = tuple(
            MappingRule(group, GroupRef(GroupSource.DIRECTORY, group), slug) for group, slug in mapped.items()
        )
        policy = RolePolicy(priorities, rules, "member", GroupSource.DIRECTORY)
        member = frozenset(GroupRef(GroupSource.DIRECTORY, group) for group in groups)
        roles.append(effective_role(groups=member, granted=None, policy=policy).role)

    moved = overtaking(before, after, mapped=mapped.values())

    if roles[0] != roles[1]:
        assert roles[0] in moved.losers
        assert {mapped[group] for group in groups & mapped.keys()} & moved.winners


class Roles(RuleBasedStateMachine):
    """Everything that can be done to the roles of an organization, as the rules allow it."""

    def __init__(self) -> None:
        super().__init__()
        self.priorities = {"admin": ADMIN_PRIORITY, "member": 0}
        self.default = "member"
        self.made = 0

    @rule()
    def add(self) -> None:
        self.made += 1
        self.priorities[f"role-{self.made}"] = free_priority(self.priorities)

    @rule(data=st.data())
    def reorder(self, data: st.DataObject) -> None:
        order = read_order(data.draw(st.permutations(sorted(self.priorities))), known=self.priorities)
        if not isinstance(judge_order(order), Refused):
            self.priorities = deal(order, self.priorities)
            assert in_order(self.priorities) == order

    @rule(data=st.data(), up=st.booleans())
    def move(self, data: st.DataObject, up: bool) -> None:
        slug, order = data.draw(st.sampled_from(sorted(self.priorities))), in_order(self.priorities)
        if not isinstance(judge_step(order, slug, up=up), Refused):
            self.priorities = deal(step(order, slug, up=up), self.priorities)

    @rule(data=st.data())
    def choose_default(self, data: st.DataObject) -> None:
        slug = data.draw(st.sampled_from(sorted(self.priorities)))
        if not isinstance(judge_default_role(slug), Refused):
            self.default = slug

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        slug = data.draw(st.sampled_from(sorted(self.priorities)))
        if not isinstance(judge_deletion(slug, default_role=self.default), Refused):
            del self.priorities[slug]

    @invariant()
    def admin_is_on_top(self) -> None:
        assert in_order(self.priorities)[0] == "admin"

    @invariant()
    def priorities_are_distinct(self) -> None:
        assert len(set(self.priorities.values())) == len(self.priorities)

    @invariant()
    def default_is_there_and_is_not_admin(self) -> None:
        assert self.default in self.priorities.keys() - {"admin"}


def test_admin_is_on_top_and_priorities_are_distinct_after_any_sequence_of_changes() -> None:
    run_state_machine_as_test(Roles, settings=settings(deadline=None))
