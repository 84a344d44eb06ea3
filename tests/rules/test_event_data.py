"""What an event tells is as its type states it, or what is wrong with it is said."""

from __future__ import annotations

from typing import Any

import pytest

from app.rules.event_data import FLAG, NUMBER, TEXT, Field, Id, Record, Statement, Texts
from app.rules.event_document import page
from app.rules.events import STATEMENTS, EventType
from app.rules.ids import Prefix, make_id

MEMBER, ROLE = make_id(Prefix.MEMBER, 1), make_id(Prefix.ROLE, 1)
STATEMENT = Statement(
    "Something happened.",
    Prefix.MEMBER,
    (
        Field("name", TEXT),
        Field("number", NUMBER, optional=True),
        Field("flag", FLAG, optional=True),
        Field("names", Texts(), optional=True),
        Field("role", Id(Prefix.ROLE), optional=True),
        Field("inner", Record((Field("name", TEXT),)), optional=True),
    ),
)


@pytest.mark.parametrize(
    "data",
    [
        {"name": ""},
        {"name": "a", "number": 1, "flag": False, "names": ["a"], "role": ROLE, "inner": {"name": "a"}},
        {"name": "a", "names": []},
    ],
)
def test_event_that_tells_what_is_stated_has_no_fault(data: dict[str, Any]) -> None:
    assert STATEMENT.fault(subject=MEMBER, data=data) is None


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({}, "there is no 'name'"),
        ({"name": None}, "name is None, and not: text"),
        ({"name": "a", "colour": "red"}, "there is no field 'colour'"),
        ({"name": "a", "number": True}, "number is True, and not: number"),
        ({"name": "a", "flag": 1}, "flag is 1, and not: true or false"),
        ({"name": "a", "names": "a"}, "names is 'a', and not: list of texts"),
        ({"name": "a", "names": [1]}, "names is [1], and not: list of texts"),
        ({"name": "a", "role": MEMBER}, f"role is {MEMBER!r}, and not: id of a role (`role_…`)"),
        ({"name": "a", "role": 1}, "role is 1, and not: id of a role (`role_…`)"),
        ({"name": "a", "inner": {}}, "inner is {}, and not: object: `name` (text)"),
        ({"name": "a", "inner": []}, "inner is [], and not: object: `name` (text)"),
    ],
)
def test_event_that_tells_anything_else_has_a_fault(data: dict[str, Any], fault: str) -> None:
    assert STATEMENT.fault(subject=MEMBER, data=data) == fault


def test_subject_is_of_the_stated_kind() -> None:
    assert STATEMENT.fault(subject=ROLE, data={"name": "a"}) == f"the subject {ROLE!r} is no member"


@pytest.mark.parametrize("type_", EventType)
def test_page_has_a_section_for_every_event(type_: EventType) -> None:
    assert f"\n## {type_}\n{STATEMENTS[type_].sentence} " in page()
