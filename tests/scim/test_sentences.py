"""What an error says: a sentence that whoever administers the identity provider understands, whoever found it wrong."""

from __future__ import annotations

from typing import Any

import pytest

from scim.filter_faults import fault_of
from scim.sentences import listed, sent, sentence_of
from tests.scim.application import ENTERPRISE, GROUP, USER, Installation, Pushing
from tests.scim.test_door import recorded

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
OPERATORS = "an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr)"
VALUE = "a value (text in double quotation marks, a number, true, false or null)"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (" ", "The filter is empty."),
        ("userName", f"ends too early: {OPERATORS} was expected after 'userName'."),
        ("userName eq", f"ends too early: {VALUE} was expected after 'eq'."),
        ('userName eq "x" and', "ends too early: the name of an attribute was expected after 'and'."),
        ('(userName eq "x"', "ends too early: an opening parenthesis is never closed."),
        ('emails[type eq "work"', "ends too early: an opening bracket is never closed."),
        ('emails[type eq "work"].value', f"{OPERATORS} was expected after '.value'."),
        ('userName is "x"', f"at character 10: {OPERATORS} was expected after 'userName', and 'is' was found."),
        ("userName eq ada@x", f"at character 13: {VALUE} was expected after 'eq', and something else was found."),
        ('userName eq "x', "The text that begins at character 13 of the filter has no closing quotation mark."),
        ('userName eq "', "The text that begins at character 13 of the filter has no closing quotation mark."),
        ('userName eq "a\tb"', "begins at character 13 of the filter holds a control character"),
        ('userName eq "x" "y"', "and, or or the end of the filter was expected after text in quotation marks"),
        ('title pr)', "was expected after 'pr', and a closing parenthesis was found."),
        ('emails[a[b eq 1]]', f"at character 9: {OPERATORS} was expected after 'a', and an opening bracket was found."),
        ('"userName" eq "x"', "at character 1: the name of an attribute was expected, and text in quotation marks"),
        ("a.b.c eq 1", "at character 1: the name of an attribute was expected, and 'a.b.c' was found."),
        ('not (title pr) or emails[type eq "work"].value pr and active eq true', "The filter is not understood."),
    ],
)  # fmt: skip
def test_filter_fault_is_told_with_its_place_and_what_was_expected(text: str, told: str) -> None:
    assert told in fault_of(text)
    assert fault_of(text).endswith(".")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('shoeSize eq "42"', "There is no attribute 'shoeSize'. /Schemas lists those there are."),
        ('active gt "true"', "active is boolean and cannot be compared by gt. Use eq or ne."),
        ("active eq 7", "The filter compares active with a value it cannot have: true or false was expected."),
        ('meta.created gt "x"', "meta.created with a value it cannot have: a date and time, such as"),
        ('userName[type eq "x"]', "userName has one value only. Square brackets select entries"),
        ("not (" * 40 + "title pr" + ")" * 40, "The filter nests more than 32 expressions."),
    ],
)
def test_filter_that_does_not_fit_an_attribute_names_it(generic: Pushing, text: str, told: str) -> None:
    assert told in generic.filter("/Users", text).json["detail"]


def test_search_by_post_tells_what_is_wrong_with_its_filter(generic: Pushing) -> None:
    answer = generic.post("/Users/.search", {"Filter": 'userName is "x"'})
    assert (answer.status_code, answer.json["scimType"]) == (400, "invalidFilter")
    assert "and 'is' was found." in answer.json["detail"]


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"count": "many"}, "count must be a whole number."),
        ({"sortBy": "shoeSize"}, "There is no attribute 'shoeSize' to sort by. /Schemas lists those there are."),
        ({"sortBy": "name"}, "name has several parts. Sort by one of them, as in name.familyName."),
        ({"sortBy": "userName", "sortOrder": "up"}, "sortOrder must be ascending or descending."),
        ({"attributes": "a b"}, "An attribute path is not understood at or before character 3."),
        ({"attributes": "a", "excludedAttributes": "b"}, "Send either attributes or excludedAttributes, not both."),
    ],
)
def test_search_parameter_is_named_with_what_it_must_be(
    generic: Pushing, parameters: dict[str, str], told: str
) -> None:
    assert generic.get("/Users", query_string=parameters).json["detail"].startswith(told)


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"active": "maybe"}, "active must be true or false."),
        ({"userName": 7}, "userName must be text."),
        ({"emails": "x"}, "emails must be a list."),
        ({"emails": [{"value": {}}]}, "emails[0].value must be text."),
        ({"name": "Ada"}, "name must be a JSON object."),
        ({"profileUrl": "no URL"}, "profileUrl must be a URI."),
        ({"x509Certificates": [{"value": "a"}]}, "x509Certificates[0].value must be Base64."),
        ({ENTERPRISE: {"manager": 7}}, "manager must be a JSON object."),
        ({"schemas": [GROUP]}, f"schemas must contain {USER}."),
        ({"emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]},
         "emails has 2 primary entries. Only one may be."),
    ],
)  # fmt: skip
def test_attribute_is_named_with_what_it_must_be(generic: Pushing, attributes: Any, told: str) -> None:
    assert generic.post("/Users", {"schemas": [USER], "userName": "ada", **attributes}).json["detail"] == told


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        ({"op": "replace", "path": "active", "value": "maybe"}, "active must be true or false."),
        ({"op": "replace", "value": {"name.givenName": 7}}, "givenName must be text."),
        ({"op": "replace", "path": "emails", "value": "x"}, "emails[0] must be a JSON object."),
        ({"op": "replace", "path": "id", "value": "x"}, "id is read-only; it cannot be changed."),
        ({"op": "replace", "path": "title"}, "A value is required for replace operations."),
        ({"op": "replace", "path": "emails[", "value": 1}, "An attribute path is not understood at or before"),
        ({"op": "fly", "path": "title"}, "op must be add, remove or replace."),
        ({"path": "title"}, "Operations[0].op is missing."),
        ({"op": "replace", "value": "x"}, "An operation without a path needs an object as its value."),
        ({"op": "remove", "path": "userName"}, "A required attribute cannot be removed."),
        ({"op": "remove"}, "A remove operation needs a path."),
    ],
)
def test_operation_is_told_what_is_wrong_with_it(generic: Pushing, operation: Any, told: str) -> None:
    ada = generic.user("ada")["id"]
    assert generic.patch(f"/Users/{ada}", operation).json["detail"].startswith(told)


def test_bulk_operation_is_told_what_is_wrong_with_it(generic: Pushing) -> None:
    operations = [{"method": "FLY", "path": "/Users"}, {"method": "POST", "path": "/Users", "bulkId": "a", "data": {}}]
    answer = generic.post("/Bulk", {"schemas": [BULK], "Operations": operations})
    told = [one["response"]["detail"] for one in answer.json["Operations"]]
    assert told == ["method must be POST, PUT, PATCH or DELETE.", "userName is required and must not be empty."]


def test_missing_body_is_told(generic: Pushing) -> None:
    assert generic.send("POST", "/Users", data=b"").json["detail"].startswith("The request has no body")


def test_precondition_that_fails_says_what_to_do(generic: Pushing) -> None:
    ada = generic.user("ada")["id"]
    body = {"schemas": [USER], "userName": "ada"}
    answer = generic.put(f"/Users/{ada}", body, headers={"If-Match": 'W/"99"'})
    assert answer.json["detail"].endswith("Read it again, then send the change.")


def test_sentence_written_here_stays_and_a_full_stop_is_added_to_any_other() -> None:
    assert sentence_of("Send fewer members.") == "Send fewer members."
    assert sentence_of("The payload exceeds the limit (5 bytes)") == "The payload exceeds the limit (5 bytes)."
    assert listed(["GET"]) == "GET"
    assert listed(["GET", "PUT", "PATCH"]) == "GET, PUT and PATCH"


def test_answer_gives_back_no_long_piece_of_a_request_and_no_token(generic: Pushing) -> None:
    long = generic.get("/Users/" + "x" * 3_000).json["detail"]
    secret = generic.get(f"/Schemas/{generic.token}").json["detail"]
    assert long == f"This directory has no User with the id {'x' * 100}…."
    assert secret == "There is no schema '…'. /Schemas lists those there are."
    assert sent("of " + "x" * 100) == "of " + "x" * 100


@pytest.mark.parametrize(
    "text",
    ["displayName eq Bo Ek", "userName Lovelace", 'userName eq "x" Bo', "Bo Ek", 'Ada" Le ' + "x" * 300],
)
def test_record_of_a_filter_tells_no_name_that_came_without_quotation_marks(
    installation: Installation, generic: Pushing, text: str
) -> None:
    generic.filter("/Users", text)

    detail = recorded(installation, generic)[-1].detail or ""

    assert "The " in detail
    for name in ("Bo", "Ek", "Lovelace", "Ada", "Le ", "xxx"):
        assert name not in detail
