"""The checklists are whole: every line has its test or its reason, every test a line and a source of the right form."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from tests.scim.checklists.lines import ALL, NOT_TESTED, NUMBERED, PARTLY_TESTED, SOURCES, line_of
from tests.scim.checklists.origins import CURSORS, MARK, Origin

FOLDER = Path(__file__).parent


def _tests() -> dict[str, Callable[..., None]]:
    """Every test of this folder by name, without those of this file."""
    found: dict[str, Callable[..., None]] = {}
    for path in sorted(FOLDER.glob("test_*.py")):
        if path.stem == Path(__file__).stem:
            continue
        module = import_module(f"tests.scim.checklists.{path.stem}")
        tests = {name: one for name, one in vars(module).items() if name.startswith("test_")}
        assert not found.keys() & tests.keys()
        found |= tests
    return found


TESTS = _tests()


def _marks(test: str, name: str) -> list[pytest.Mark]:
    return [mark for mark in getattr(TESTS[test], "pytestmark", ()) if mark.name == name]


def test_every_line_has_a_test_or_the_reason_why_not() -> None:
    tested = {line_of(name) for name in TESTS}

    assert [line for line in ALL if line not in tested and line not in NOT_TESTED] == []
    assert [line for line in NOT_TESTED if line in tested or line not in ALL] == []
    assert [line for line in PARTLY_TESTED if line not in tested] == []


def test_the_lists_are_as_long_as_they_were_written_down() -> None:
    assert [(one.prefix, one.last) for one in NUMBERED] == [
        ("e", 24),
        ("v", 25),
        ("preview_", 7),
        ("o", 13),
        ("spec_", 12),
        ("rfc_", 50),
        ("failure_", 30),
    ]
    assert (len(ALL), len(NOT_TESTED)) == (168, 4)


def test_every_test_is_named_for_a_line_and_says_where_its_shape_comes_from() -> None:
    unnamed = [name for name in TESTS if line_of(name) not in ALL]
    unmarked = [name for name in TESTS if len(_marks(name, MARK)) != 1]

    assert (unnamed, unmarked) == ([], [])
    named = {name: _marks(name, MARK)[0].args for name in TESTS}
    odd = {name: source for name, (origin, source) in named.items() if not SOURCES[Origin(origin)].fullmatch(source)}
    assert odd == {}


def test_line_of_a_test_is_read_from_its_name() -> None:
    assert line_of("test_e1_finds_nobody") == "e1"
    assert line_of("test_spec_12_finds_nobody") == "spec_12"
    assert line_of("test_any_idp_retries") == "any_idp"
    assert line_of("test_e_finds_nobody") is None
    assert line_of("test_e1") is None
    assert line_of("test_other_1_finds_nobody") is None


def test_whatever_is_expected_to_fail_must_fail_and_says_why() -> None:
    expected = {name: _marks(name, "xfail") for name in TESTS if _marks(name, "xfail")}

    for marks in expected.values():
        (mark,) = marks
        assert mark.kwargs["strict"] is True
        assert mark.kwargs["reason"]
    assert {name for name, marks in expected.items() if marks[0].kwargs["reason"] == CURSORS} == {
        name for name in TESTS if line_of(name) in {"rfc_44", "rfc_45", "rfc_46", "rfc_47"} and name in expected
    }
