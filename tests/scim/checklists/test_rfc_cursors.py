"""The rows of RFC 9865: pages by cursor, their errors, their announcement, and who may turn to the next one."""

from __future__ import annotations

import re
from typing import Any

from app.services import directory_tokens
from tests.scim.application import ERROR, LIST_RESPONSE, Installation, Pushing
from tests.scim.checklists.origins import rfc

UNRESERVED = re.compile(r"[A-Za-z0-9._~-]+")
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def _page(pushing: Pushing, cursor: str, count: int = 2) -> Any:
    answer = pushing.get("/Users", query_string={"cursor": cursor, "count": count})
    assert answer.status_code == 200, answer.text
    return answer.json


def _users(pushing: Pushing, count: int) -> list[str]:
    return sorted(pushing.user(f"user{number}")["id"] for number in range(count))


@rfc("9865 2")
def test_rfc_44_cursors_lead_through_every_page_and_back(generic: Pushing) -> None:
    users = _users(generic, 5)
    first = _page(generic, "")
    second = _page(generic, first["nextCursor"])
    last = _page(generic, second["nextCursor"])
    pages = (first, second, last)
    assert [page["schemas"] for page in pages] == [[LIST_RESPONSE]] * 3
    assert [len(page["Resources"]) for page in pages] == [2, 2, 1]
    assert sorted(user["id"] for page in pages for user in page["Resources"]) == users
    assert ("previousCursor" in first, "nextCursor" in last) == (False, False)
    assert UNRESERVED.fullmatch(first["nextCursor"])
    assert _page(generic, second["previousCursor"])["Resources"] == first["Resources"]


@rfc("9865 2")
def test_rfc_44_negative_count_is_zero_and_a_posted_search_pages_too(generic: Pushing) -> None:
    users = _users(generic, 3)
    none = _page(generic, "", count=-1)
    assert (none["Resources"], none.get("totalResults", 3)) == ([], 3)
    search = {"schemas": [SEARCH], "cursor": "", "count": 2, "filter": 'userName sw "user"'}
    first = generic.post("/Users/.search", search)
    assert first.status_code == 200, first.text
    second = generic.post("/Users/.search", {**search, "cursor": first.json["nextCursor"]}).json
    assert sorted(user["id"] for page in (first.json, second) for user in page["Resources"]) == users


@rfc("9865 2.1")
def test_rfc_45_cursor_that_was_not_given_or_another_query_is_invalid(generic: Pushing) -> None:
    _users(generic, 3)
    cursor = _page(generic, "")["nextCursor"]
    for parameters in ({"cursor": "made-up"}, {"cursor": cursor, "filter": "title pr"}, {"cursor": cursor[:-2]}):
        answer = generic.get("/Users", query_string={"count": 2, **parameters})
        assert (answer.status_code, answer.json["schemas"], answer.json["scimType"]) == (400, [ERROR], "invalidCursor")


@rfc("9865 2.1")
def test_rfc_45_count_above_that_of_the_first_page_is_invalid_or_kept(generic: Pushing) -> None:
    """RFC 9865 lets a service keep the count a cursor was made for, or refuse another one as invalidCount."""
    _users(generic, 5)
    cursor = _page(generic, "")["nextCursor"]
    answer = generic.get("/Users", query_string={"cursor": cursor, "count": 3})
    if answer.status_code == 400:
        assert answer.json["scimType"] == "invalidCount"
    else:
        assert (answer.status_code, len(answer.json["Resources"]) <= 3) == (200, True)


@rfc("9865 2.4, 4")
def test_rfc_46_configuration_announces_both_ways_of_paging(generic: Pushing) -> None:
    config = generic.get("/ServiceProviderConfig").json
    assert "pagination" in config
    pagination = config["pagination"]
    assert (pagination["cursor"], pagination["index"]) == (True, True)
    assert pagination["defaultPaginationMethod"] == "index"
    assert 1 <= pagination["defaultPageSize"] <= pagination["maxPageSize"]
    assert pagination["cursorTimeout"] > 0
    generic.user("ada")
    assert "nextCursor" not in generic.get("/Users?count=1").json


@rfc("9865 5.2")
def test_rfc_47_next_page_is_refused_once_the_token_is_revoked_and_to_another_directory(
    installation: Installation, generic: Pushing
) -> None:
    _users(generic, 3)
    cursor = _page(generic, "")["nextCursor"]
    other = installation.directory()
    foreign = other.get("/Users", query_string={"cursor": cursor, "count": 2})
    assert foreign.status_code == 400 or foreign.json["Resources"] == []
    with installation.transactions.writing() as unit:
        organization = generic.directory.organization_id
        (row,) = directory_tokens.all_of(unit, organization, generic.directory.id)
        directory_tokens.revoke(unit, organization, generic.directory.id, row.id)
    assert generic.get("/Users", query_string={"cursor": cursor, "count": 2}).status_code == 401
