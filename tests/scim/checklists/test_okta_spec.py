"""Okta's SPEC test, step by step: each request with its headers, each assertion it makes."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import pytest

from tests.scim.application import ERROR, LIST_RESPONSE, SCIM, USER, Answer, Pushing
from tests.scim.checklists.origins import OKTA_SPEC, Origin, shape

HEADERS = {
    "Accept-Charset": "utf-8",
    "Content-Type": f"{SCIM}; charset=utf-8",
    "Accept": SCIM,
    "User-Agent": "OKTA SCIM Integration",
}
RANDOM_USER: dict[str, Any] = {
    "schemas": [USER],
    "userName": "Runscope800@atko.example",
    "name": {"givenName": "Runscope", "familyName": "Test"},
    "emails": [{"primary": True, "value": "runscope800@atko.example", "type": "work"}],
    "displayName": "Runscope Test",
    "active": True,
}


def _get(okta: Pushing, path: str, **headers: str) -> Answer:
    return okta.get(path, headers={**HEADERS, **headers})


def _post(okta: Pushing) -> Answer:
    """The two POSTs are the only requests that say application/json."""
    headers = {"Accept": f"{SCIM}; charset=utf-8"}
    return okta.post("/Users", RANDOM_USER, content_type="application/json", headers=headers)


def _by_name(user_name: str) -> str:
    text = f'userName eq "{user_name}"'
    return f"/Users?filter={quote(text)}"


def _filter(okta: Pushing, user_name: str) -> Answer:
    return _get(okta, _by_name(user_name))


def _assert_user(read: Any) -> None:
    """What the first two steps want to be there."""
    assert read["id"]
    assert read["userName"]
    assert read["name"]["familyName"]
    assert read["name"]["givenName"]
    assert read["active"] is not None
    assert read["emails"][0]["value"]


@pytest.fixture
def user(okta: Pushing) -> str:
    """The suite wants at least one user; the id of the one it creates."""
    answer = _post(okta)
    assert answer.status_code == 201, answer.text
    user_id: str = answer.json["id"]
    return user_id


@shape(Origin.VENDOR_TEST_SUITE, OKTA_SPEC)
def test_spec_1_first_page_of_one_user_has_what_the_wizard_reads(okta: Pushing, user: str) -> None:
    answer = _get(okta, "/Users?count=1&startIndex=1")
    assert (answer.status_code, answer.json["schemas"]) == (200, [LIST_RESPONSE])
    assert (answer.json["itemsPerPage"], answer.json["startIndex"], answer.json["totalResults"]) == (1, 1, 1)
    _assert_user(answer.json["Resources"][0])
    assert answer.json["Resources"][0]["id"] == user


@shape(Origin.VENDOR_TEST_SUITE, OKTA_SPEC)
def test_spec_2_that_user_is_read_by_id(okta: Pushing, user: str) -> None:
    answer = _get(okta, f"/Users/{user}")
    assert (answer.status_code, answer.json["id"]) == (200, user)
    _assert_user(answer.json)


@pytest.mark.usefixtures("user")
@shape(Origin.VENDOR_TEST_SUITE, OKTA_SPEC)
def test_spec_3_invalid_user_name_finds_nobody(okta: Pushing) -> None:
    answer = _filter(okta, "abcdefgh@atko.example")
    assert (answer.status_code, answer.json["schemas"], answer.json["totalResults"]) == (200, [LIST_RESPONSE], 0)


@shape(Origin.VENDOR_TEST_SUITE, OKTA_SPEC)
def test_spec_4_invalid_id_answers_404_with_detail(okta: Pushing) -> None:
    answer = _get(okta, "/Users/010101001010101011001010101011")
    assert (answer.status_code, answer.json["schemas"]) == (404, [ERROR])
    assert answer.json["detail"]


@shape(Origin.VENDOR_TEST_SUITE, OKTA_SPEC)
def test_spec_5_random_user_does_not_exist_yet(okta: Pushing) -> None:
    answer = _filter(okta, RANDOM_USER["emails"][0]["value"])
    assert (answer.status_code, answer.json["schemas"], answer.json["totalResults"]) == (200, [LIST_RESPONSE], 0)


@shape(Origin.VENDOR_TEST_SUITE, OKTA_SPEC)
def test_spec_6_user_is_created_from_application_json(okta: Pushing) -> None:
    answer = _post(okta)
    assert (answer.status_code, answer.json["active"]) == (201, True)
    assert answer.json["id"]
    assert (answer.json["name"], answer.json["userName"]) == (RANDOM_USER["name"], RANDOM_USER["userName"])
    assert USER in answer.json["schemas"]


@shape(Origin.VENDOR_TEST_SUITE, OKTA_SPEC)
def test_spec_7_created_user_is_read_back(okta: Pushing, user: str) -> None:
    answer = _get(okta, f"/Users/{user}")
    assert answer.status_code == 200
    assert (answer.json["userName"], answer.json["name"]) == (RANDOM_USER["userName"], RANDOM_USER["name"])


@pytest.mark.usefixtures("user")
@shape(Origin.VENDOR_TEST_SUITE, OKTA_SPEC)
def test_spec_8_creating_the_same_user_again_answers_409(okta: Pushing) -> None:
    assert _post(okta).status_code == 409


@shape(Origin.VENDOR_TEST_SUITE, OKTA_SPEC)
def test_spec_9_user_name_in_capitals_is_answered_200(okta: Pushing, user: str) -> None:
    answer = _filter(okta, "RUNSCOPE800@ATKO.EXAMPLE")
    assert (answer.status_code, [one["id"] for one in answer.json["Resources"]]) == (200, [user])


@shape(Origin.VENDOR_TEST_SUITE, OKTA_SPEC)
def test_spec_10_groups_are_answered_within_600_milliseconds(okta: Pushing) -> None:
    for name in ("Everyone", "Admins"):
        okta.group(name)
    started = time.perf_counter()
    answer = _get(okta, "/Groups")
    assert time.perf_counter() - started < 0.6
    assert (answer.status_code, answer.json["totalResults"]) == (200, 2)
    assert isinstance(answer.json["Resources"], list)


@shape(Origin.VENDOR_TEST_SUITE, OKTA_SPEC)
def test_spec_11_wrong_token_answers_401_with_status_as_text_and_detail(okta: Pushing) -> None:
    answer = _get(okta, _by_name("RUNSCOPE800@ATKO.EXAMPLE"), Authorization="non-token")
    assert (answer.status_code, answer.json["status"], answer.json["schemas"]) == (401, "401", [ERROR])
    assert answer.json["detail"]


@shape(Origin.VENDOR_TEST_SUITE, OKTA_SPEC)
def test_spec_12_unknown_id_answers_404_with_status_as_text_and_detail(okta: Pushing) -> None:
    answer = _get(okta, "/Users/00919288221112222")
    assert (answer.status_code, answer.json["status"], answer.json["schemas"]) == (404, "404", [ERROR])
    assert answer.json["detail"]
