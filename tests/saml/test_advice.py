"""What a test sign-in received that looks otherwise than meant is told, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from app.rules.identity import Rejection
from saml.advice import advise
from saml.attributes import AttributeNames, email_of

RIGHT = {
    "email": ["ada.lovelace@acme.test"],
    "firstName": ["Ada"],
    "lastName": ["Lovelace"],
    "groups": ["it", "staff"],
}


@pytest.mark.parametrize(
    ("changes", "attributes"),
    [
        ({}, {}),
        ({"groups": []}, {}),
        ({"groups": ["staff"]}, {}),
        ({"groups": ["Doe, John"]}, {"groups_separator": ";"}),
        ({"email": ["ada@acme.test"], "firstName": ["Lovelace"], "lastName": ["Ada"]}, {}),
        ({"email": ["lovelace.ada@acme.test"]}, {"first_name": "lastName", "last_name": "firstName"}),
        ({"email": ["ada.ada@acme.test"], "firstName": ["Ada"], "lastName": ["Ada"]}, {}),
        ({"displayName": ["Ada Lovelace"]}, {}),
        ({"firstName": ["Lovelace", "Ada"], "lastName": ["Ada"]}, {}),
    ],
)
def test_nothing_is_said_of_what_is_as_it_should_be(changes: dict[str, list[str]], attributes: dict[str, str]) -> None:
    assert advise(RIGHT | changes, {"attributes": attributes}) == ()


def test_first_and_last_name_that_are_swapped_are_told_from_the_address() -> None:
    (said,) = advise(RIGHT | {"firstName": ["Lovelace"], "lastName": ["Ada"]}, {})

    assert said == (
        "First and last name look swapped: firstName is “Lovelace” and lastName is “Ada”, but the address is "
        "ada.lovelace@acme.test. Let the identity provider send them the other way round."
    )


def test_swapped_names_are_told_of_attributes_that_were_chosen() -> None:
    received = {"mailbox": ["Ada_Lovelace@acme.test"], "a": ["Lovelace"], "b": ["Ada"], "groups": ["it"]}
    chosen = {"attributes": {"email": "mailbox", "first_name": "a", "last_name": "b"}}

    (said,) = advise(received, chosen)

    assert "a is “Lovelace” and b is “Ada”" in said


def test_address_in_the_place_of_a_name_is_told() -> None:
    (said,) = advise(RIGHT | {"displayName": ["ada.lovelace@acme.test"]}, {})

    assert said.startswith("People would be called by their address: displayName is “ada.lovelace@acme.test”.")


@pytest.mark.parametrize("separator", [",", ";"])
def test_groups_in_one_value_are_told(separator: str) -> None:
    (said,) = advise(RIGHT | {"groups": [separator.join(("it", "staff"))]}, {})

    assert f"enter “{separator}” as Separator of groups" in said


@pytest.mark.parametrize(
    ("received", "named"),
    [({"Role": ["admin"]}, "“Role”"), ({"teams": ["a", "b"], "department": ["it"]}, "“teams” or “department”")],
)
def test_attribute_that_may_hold_groups_is_named_where_none_were_found(received: Any, named: str) -> None:
    without = {name: values for name, values in RIGHT.items() if name != "groups"}

    (said,) = advise(without | received, {})

    assert said == f"No groups were found. If {named} holds them, enter that as Attribute with the groups."
    assert advise(without, {}) == ()
    assert advise(RIGHT | received, {}) == ()


def test_several_things_are_told_names_first() -> None:
    said = advise(RIGHT | {"firstName": ["Lovelace"], "lastName": ["Ada"], "groups": ["it,staff"]}, {})

    assert [sentence.split()[0] for sentence in said] == ["First", "groups"]


HINT = "The attribute “work” holds an address: enter that as Attribute with the email address."


def refused(received: dict[str, tuple[str, ...]], **names: str) -> Rejection:
    found = email_of(received, name_id=None, names=AttributeNames(**names), hosts=frozenset({"acme.test"}))
    assert isinstance(found, Rejection)
    return found


@pytest.mark.parametrize("email", [(), ("ada",)])
def test_refusal_for_an_address_names_the_one_attribute_that_holds_one(email: tuple[str, ...]) -> None:
    received = {
        "email": email,
        "work": ("Ada@Acme.test",),
        "home": ("ada@elsewhere.test",),
        "all": ("a@acme.test", "b"),
    }

    assert refused(received).fix.endswith(HINT)
    assert refused(received | {"email": ()}, email="email").fix.endswith(HINT)


@pytest.mark.parametrize("work", [("ada@elsewhere.test",), ("ada@acme.test", "grace@acme.test"), ("ada",)])
def test_refusal_for_an_address_names_no_attribute_that_would_not_do(work: tuple[str, ...]) -> None:
    assert "holds an address" not in refused({"work": work}).fix


def test_refusal_for_an_address_does_not_choose_between_two() -> None:
    assert "holds an address" not in refused({"work": ("ada@acme.test",), "upn": ("grace@acme.test",)}).fix
