"""PATCH of users and groups against the model: the same state afterwards, or both refuse and nothing changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.scim.application import ENTERPRISE, GROUP, PATCH_OP, USER, Installation, Pushing
from tests.scim.fire import groups, patches
from tests.scim.fire.population import check_same, check_whole, pushed
from tests.scim.fire.running import Amount, hold
from tests.scim.model.directory import Directory
from tests.scim.model.patches import Operation
from tests.scim.model.resources import Refused

STRANGER = {"schemas": [USER], "userName": "Bob", "externalId": "b"}


def user_patches_do_what_the_model_does(installation: Installation, amount: Amount) -> None:
    pushing, directory, numbers = installation.directory(), Directory(), count()
    pushed(pushing, directory, USER, STRANGER)

    def check(operations: list[Operation]) -> None:
        user = pushed(pushing, directory, USER, {**patches.START, "userName": f"user{next(numbers)}"})
        try:
            answer = pushing.patch(f"/Users/{user}", *[one.body for one in operations])
            expected = _status(lambda: directory.patch_user(user, operations), done=200)
            assert answer.status_code == expected, answer.text
            check_same(pushing.get(f"/Users/{user}").json, directory.view(user))
        finally:  # so that the next example may take the same name
            pushing.delete(f"/Users/{user}")
            directory.delete(user)

    hold(check, amount, patches.operations())


def group_patches_do_what_the_model_does(installation: Installation, amount: Amount) -> None:
    pushing, directory = installation.directory("entra"), Directory()
    users = [pushed(pushing, directory, USER, {"schemas": [USER], "userName": f"user{n}"}) for n in range(6)]
    other = pushed(pushing, directory, GROUP, {"schemas": [GROUP], "displayName": "Owners"})
    ids = [*users, other, "nobody", "00000000-0000-0000-0000-000000000000"]

    def check(first: list[int], drafts: list[groups.Draft]) -> None:
        members = [{"value": one} for one in groups.meant(first, ids)]
        body = {"schemas": [GROUP], "displayName": "Admins", "members": members}
        group = pushed(pushing, directory, GROUP, body)
        operations = [draft(ids) for draft in drafts]
        try:
            answer = pushing.patch(f"/Groups/{group}", *[one.body for one in operations])
            expected = _status(lambda: directory.patch_group(group, operations), done=204)
            assert answer.status_code == expected, answer.text
            check_same(pushing.get(f"/Groups/{group}").json, directory.view(group))
        finally:
            pushing.delete(f"/Groups/{group}")
            directory.delete(group)

    hold(check, amount, st.lists(st.integers(0, 20), max_size=4), groups.operations())
    check_whole(pushing, directory)


def broken_patches_are_refused_and_change_nothing(installation: Installation, amount: Amount) -> None:
    pushing, directory = installation.directory(), Directory()
    user = pushed(pushing, directory, USER, {**patches.START, "userName": "ada"})
    members = [{"value": user}]
    group = pushed(pushing, directory, GROUP, {"schemas": [GROUP], "displayName": "Admins", "members": members})
    paths = st.sampled_from([f"/Users/{user}", f"/Groups/{group}"])

    def check(path: str, body: Any) -> None:
        before = pushing.get(path).json
        answer = pushing.send("PATCH", path, data=json.dumps(body), content_type="application/scim+json")
        assert answer.status_code in (200, 400, 409), answer.text
        after = pushing.get(path).json
        if answer.status_code == 200:
            # A word of the debris may be understood after all; what it did is undone for the next example.
            assert answer.json == after
            restored = pushing.put(path, {**patches.START, **before, "members": members})
            assert restored.status_code == 200
        else:
            assert answer.json["detail"]
            assert after == before

    hold(check, amount, paths, _broken_bodies())


_DEBRIS: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.sampled_from(["add", "members", "emails", "value", "a\0b", "x" * 11_000, "\ud800", "urn:", "[]", "$ref"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_PATHS = [
    "",
    " ",
    "members",
    "members[",
    "members[value]",
    'members[value eq "x"].display',
    "emails[type eq",
    'emails[type eq "work"].value.x',
    'emails[type eq "work"][value eq "a"]',
    "emails.value[0]",
    'title[value eq "a"]',
    "name.givenName.x",
    "meta.version",
    "schemas",
    "groups",
    "active",
    "password",
    f"{USER}:",
    f"{ENTERPRISE}:manager.displayName",
    f"{ENTERPRISE}:shoeSize",
    "urn:x:y",
    "a\0b",
    "x" * 5_000,
]


def _broken_bodies() -> st.SearchStrategy[Any]:
    """Operations with members missing, doubled or of another type, between some that are whole."""
    whole = patches.operation().map(lambda one: one.body)
    damaged = st.fixed_dictionaries(
        {},
        optional={
            "op": st.sampled_from(["add", "remove", "replace", "Move", ""]) | _DEBRIS,
            "path": st.sampled_from(_PATHS) | _DEBRIS,
            "value": st.sampled_from(["True", "ada", [], {}]) | _DEBRIS,
        },
    )
    operations = st.lists(whole | damaged | damaged | _DEBRIS, max_size=4)
    message = operations.map(lambda some: {"schemas": [PATCH_OP], "Operations": some})
    return message | message | message | st.fixed_dictionaries({"Operations": _DEBRIS}) | _DEBRIS


def _status(change: Callable[[], None], *, done: int) -> int:
    try:
        change()
    except Refused as refusal:
        return refusal.status
    return done


Property = Callable[[Installation, Amount], None]
PROPERTIES: dict[Property, int] = {
    user_patches_do_what_the_model_does: 100,
    group_patches_do_what_the_model_does: 60,
    broken_patches_are_refused_and_change_nothing: 60,
}


@pytest.mark.parametrize("check", PROPERTIES, ids=lambda one: one.__name__)
def test_property_of_patches_holds(installation: Installation, check: Property) -> None:
    check(installation, Amount(PROPERTIES[check]))


def test_manager_as_a_bare_string_is_understood_below_the_path_of_its_extension(generic: Pushing) -> None:
    user = generic.user("ada")["id"]
    path_less = {"op": "add", "value": {ENTERPRISE: {"manager": "m"}}}
    assert generic.patch(f"/Users/{user}", path_less).status_code == 200
    with_path = {"op": "add", "path": ENTERPRISE, "value": {"manager": "n"}}
    assert generic.patch(f"/Users/{user}", with_path).status_code == 200


def test_null_for_an_entry_that_is_not_there_creates_none(generic: Pushing) -> None:
    """RFC 7644 3.5.2.3: null unassigns; an entry is created for a value that somebody wants to store."""
    user = generic.user("ada")
    generic.patch(f"/Users/{user['id']}", {"op": "replace", "path": 'roles[type eq "work"].value', "value": None})
    assert generic.get(f"/Users/{user['id']}").json == user


def test_value_of_the_wrong_kind_is_refused_in_words_for_an_administrator(generic: Pushing) -> None:
    user = generic.user("ada")["id"]
    answer = generic.patch(f"/Users/{user}", {"op": "replace", "path": "emails", "value": "x"})
    assert answer.status_code == 400
    assert "pydantic" not in answer.json["detail"]
