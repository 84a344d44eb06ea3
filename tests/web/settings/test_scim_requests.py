"""The record of SCIM requests on its page and on the directory's card: what is told, filtered, paged, warned about."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from app.rules.actor import OPERATOR
from app.services import directories, directory_tokens
from app.services.directory_access import NOTHING_BROUGHT
from app.web.request_wording import changed, deviation
from scim.dialects import Deviation
from tests.application import World
from tests.services.request_records import record, write
from tests.web.settings.scenes import Desk, desk, flat, recovery_session

USER = "2819c223-7f76-453a-919d-413861904646"


def with_record(world: World) -> tuple[Desk, str, str]:
    """An administrator, the id of their draft directory, and the address of its record."""
    ada = desk(world)
    ada.verify_domain()
    directory_id, _ = ada.organization.add_directory()
    return ada, directory_id, f"/settings/authentication/directories/{directory_id}/requests"


def links(page: str, label: str) -> list[str]:
    """Where links with this text lead."""
    found = re.findall(r'<a [^>]*href="([^"]+)"[^>]*>(?:<svg.*?</svg>)?([^<]+)</a>', page)
    return [html.unescape(href) for href, text in found if text == label]


def test_record_waits_for_the_first_request(world: World) -> None:
    ada, _, address = with_record(world)

    page = ada.browser.get(address)

    assert page.status_code == 200
    assert "Waiting for the first request" in page.text
    words = flat(page.text)
    assert "newest first, kept for 90 days. Times are UTC." in words
    assert "where “…” stands, something personal was left out" in words
    assert "are found by the id of the group" in words
    assert address in links(ada.page(), "Requests")


def test_request_is_told_with_what_it_changed_and_what_was_wrong(world: World) -> None:
    ada, directory_id, address = with_record(world)
    with world.transactions.reading() as unit:
        token = directory_tokens.all_of(unit, ada.organization.id, directory_id)[0]
    write(
        world,
        record(
            world,
            directory_id,
            token_id=token.id,
            method="PATCH",
            path=f"/Groups/{USER}",
            resource="Group",
            resource_id=USER,
            duration_us=12_345,
            changes={"renamed": True, "added": 2, "removed": 1},
            detail="Read with <care>.",
            deviations=("member_as_string", "from_the_future"),
            unknown_members=("m-1", "m-2"),
            unknown_members_total=102,
            body='{"op":"add","value":"…"}',
        ),
    )

    page = ada.browser.get(address).text

    words = flat(page)
    assert f"200 OK PATCH /Groups/{USER} Took 12 ms 12:00:00" in words
    assert "Renamed the group, added 2 members, removed 1 member." in words
    assert "Read with &lt;care&gt;." in page
    assert "Members came as plain ids instead of objects; each was read as the id of a user. member_as_string" in words
    assert "This is not in the RFCs and was understood anyway. from_the_future" in words
    assert "102 members are not in this directory and were left out" in words
    assert "m-1 , m-2 and 100 more" in words
    assert "Received 2026-11-23 12:00:00.000 UTC" in words
    assert f"Token scim_…{token.hint}" in words
    assert '{ "op": "add", "value": "…" }' in words
    assert links(page, "All requests on it") == [f"{address}?resource_id={USER}"]


def test_reason_of_a_refusal_is_read_before_the_details(world: World) -> None:
    ada, directory_id, address = with_record(world)
    write(world, record(world, directory_id, status=404, detail="There is none."))

    page = ada.browser.get(address).text

    assert page.index("There is none.") < page.index("<summary aria-label")


def test_request_of_another_day_is_told_with_its_date(world: World) -> None:
    ada, directory_id, address = with_record(world)
    write(world, record(world, directory_id, at=world.clock.now() - timedelta(days=1, seconds=1)))

    page = ada.browser.get(address).text

    assert "2026-11-22 11:59:59 Details" in flat(page)
    assert 'aria-label="Details of GET, 200, 2026-11-22 11:59:59"' in page


def test_token_is_told_as_far_as_it_is_known(world: World) -> None:
    ada, directory_id, address = with_record(world)
    with world.transactions.writing(OPERATOR) as unit:
        token = directory_tokens.all_of(unit, ada.organization.id, directory_id)[0]
        token.label = "pilot"
        directory_tokens.revoke(unit, ada.organization.id, directory_id, token.id)
    now = world.clock.now()
    refused = {"status": 401, "detail": "The bearer token is not valid for this directory: paste a current one."}
    write(
        world,
        record(world, directory_id, token_id=token.id, at=now - timedelta(hours=1)),
        record(world, directory_id, token_id=token.id, **refused),
        record(world, directory_id, **refused),
        record(world, directory_id, status=401, detail=NOTHING_BROUGHT),
        record(world, directory_id, status=404),
    )

    page = flat(ada.browser.get(address).text)

    known = f"scim_…{token.hint} pilot"
    assert re.findall(r"Token (\S+ \w+ \([a-z ]+\)|none|unknown token)", page) == [
        "none",
        "unknown token",
        f"{known} (revoked)",
        f"{known} (revoked since)",
    ]
    assert f"It came with the token {known} (revoked)." in page
    assert "It came with a token this directory never had." in page
    assert "It came without a token." in page


def test_token_that_expired_says_so(world: World) -> None:
    ada, directory_id, address = with_record(world)
    with world.transactions.writing(OPERATOR) as unit:
        token = directory_tokens.all_of(unit, ada.organization.id, directory_id)[0]
        token.expires_at = unit.now
    write(world, record(world, directory_id, token_id=token.id))

    assert f"Token scim_…{token.hint} (expired)" in flat(ada.browser.get(address).text)


def test_requests_stand_by_their_time_within_a_page_and_by_their_record_across_pages(world: World) -> None:
    ada, directory_id, address = with_record(world)
    now = world.clock.now()
    moments = [*range(50), 53, 52, 51]  # reads are recorded after the writes they preceded
    write(
        world,
        *(record(world, directory_id, path=f"/{at}", at=now - timedelta(seconds=60 - at)) for at in moments),
    )

    first = ada.browser.get(address).text

    assert re.findall(r"</b> /(\d+)</p>", first)[:4] == ["53", "52", "51", "49"]
    assert "beside the edge of a page a request may stand on the page after or before" in flat(first)
    assert re.findall(r"</b> /(\d+)</p>", ada.browser.get(links(first, "Older")[0]).text) == ["2", "1", "0"]


def test_body_that_was_cut_is_shown_as_it_is_kept(world: World) -> None:
    ada, directory_id, address = with_record(world)
    write(world, record(world, directory_id, status=599, body='{"a":"… (cut, 5,000 characters in all)'))

    page = flat(ada.browser.get(address).text)

    assert '{"a":"… (cut, 5,000 characters in all)' in page
    assert "Answered 599 after 0.9 ms" in page


def test_filters_are_links_and_a_form_and_add_up(world: World) -> None:
    ada, directory_id, address = with_record(world)
    write(
        world,
        record(world, directory_id, path="/found"),
        record(world, directory_id, path="/refused", status=400),
        record(world, directory_id, path="/created", method="POST", status=201, resource_id=USER),
    )

    def shown(query: str) -> list[str]:
        return re.findall(r"</b> (/\w+)</p>", ada.browser.get(f"{address}?{query}").text)

    everything = ada.browser.get(address).text
    assert shown("") == ["/created", "/refused", "/found"]
    assert shown(links(everything, "Refused")[0].partition("?")[2]) == ["/refused"]
    assert shown("outcome=writes") == ["/created"]
    assert shown(f"method=POST&resource_id={USER}") == ["/created"]
    assert shown("method=BREW&outcome=sad&before=x&after=x") == ["/created", "/refused", "/found"]
    nothing = ada.browser.get(f"{address}?outcome=refused&method=POST").text
    assert "No request matches" in nothing
    assert '<input type="hidden" name="outcome" value="refused">' in nothing
    assert links(nothing, "Show all") == [address]
    assert links(nothing, "Writes") == [f"{address}?outcome=writes&method=POST"]


def test_pages_lead_back_and_forth_and_keep_the_filter(world: World) -> None:
    ada, directory_id, address = with_record(world)
    now = world.clock.now()
    write(
        world,
        *(
            record(world, directory_id, path=f"/{number}", at=now - timedelta(seconds=60 - number))
            for number in range(60)
        ),
    )

    first = ada.browser.get(f"{address}?method=GET").text
    older = links(first, "Older")[0]
    second = ada.browser.get(older).text

    assert "method=GET" in older
    assert re.findall(r"</b> /(\d+)</p>", first) == [str(number) for number in range(59, 9, -1)]
    assert re.findall(r"</b> /(\d+)</p>", second) == [str(number) for number in range(9, -1, -1)]
    assert (links(first, "Newer"), links(second, "Older")) == ([], [])
    assert re.findall(r"</b> /(\d+)</p>", ada.browser.get(links(second, "Newer")[0]).text)[:2] == ["59", "58"]


def test_record_of_another_organization_is_not_found(world: World) -> None:
    _, directory_id, address = with_record(world)
    write(world, record(world, directory_id))
    eve = world.first_admin("eve@evil.test", "Evil")

    assert eve.get(address).status_code == 404


def test_recovery_session_reads_the_record(world: World) -> None:
    _, directory_id, address = with_record(world)
    write(world, record(world, directory_id))

    assert "/Users?filter=userName eq" in flat(recovery_session(world).get(address).text)


@pytest.mark.parametrize(
    ("resource", "changes", "words"),
    [
        ("User", {"created": True, "active": True}, "Created the user"),
        ("User", {"created": True, "active": False}, "Created the user as inactive"),
        ("User", {"active": False, "attributes": ["title"]}, "Deactivated the user, changed title"),
        ("User", {"active": True}, "Activated the user"),
        ("User", {"attributes": list("abcdefghij")}, "Changed a, b, c, d, e, f, g, h and 2 more"),
        ("Group", {"created": True, "added": 1}, "Created the group, added 1 member"),
        ("Group", {"deleted": True}, "Deleted the group"),
        (None, {"operations": 5, "failed": 2}, "5 operations, 2 of them failed"),
        (None, {"operations": 1}, "1 operation"),
        (None, {"created": True}, "Created it"),
        ("User", {}, "Changed nothing"),
    ],
)
def test_change_is_told_in_words(world: World, resource: str | None, changes: dict[str, Any], words: str) -> None:
    assert changed(record(world, "dir_1", method="PATCH", resource=resource, changes=changes)) == words


def test_reads_and_refused_requests_change_nothing_worth_a_word(world: World) -> None:
    assert changed(record(world, "dir_1")) == ""
    assert changed(record(world, "dir_1", method="POST", status=409)) == ""


@pytest.mark.parametrize("known", list(Deviation))
def test_every_deviation_has_a_sentence_of_its_own(known: Deviation) -> None:
    assert deviation(known).sentence != deviation("from_the_future").sentence


def test_card_says_connected_and_how_the_synchronization_is_getting_on(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    directory_id, scim = ada.organization.add_directory()
    scim.add_user("grace@acme.test")
    created: dict[str, Any] = {"method": "POST", "status": 201}
    at = world.clock.now() - timedelta(minutes=2)
    write(
        world,
        *(record(world, directory_id, at=at, **created) for _ in range(9)),  # and Grace, just now
        *(record(world, directory_id, at=at, resource="Group", **created) for _ in range(2)),
        record(world, directory_id, status=409, method="POST"),
    )

    page = ada.page()

    words = flat(page)
    assert "Connected , first request at 2026-11-23 12:00 UTC" in words
    assert "arriving per minute at this pace 5 people and 1 group" in words
    assert "so far 1 person and 0 groups. The total is known only when the identity provider is done." in words
    assert links(page, "1") == [f"/settings/authentication/directories/{directory_id}/requests?outcome=refused"]
    world.clock.advance(seconds=30)
    done = flat(ada.page())
    assert "arriving per minute" not in done
    assert "so far 1 person" not in done
    world.clock.advance(hours=2)
    later = flat(ada.page())
    assert "refused in the last hour none" in later


def test_errors_of_a_storm_are_counted_no_further_than_a_thousand(world: World) -> None:
    ada, directory_id, _ = with_record(world)
    _connect(world, ada, directory_id)
    write(world, *(record(world, directory_id, status=400) for _ in range(1_001)))

    assert links(ada.page(), "1,000 or more") != []


def test_new_token_expires_when_the_form_says_and_is_warned_about(world: World) -> None:
    ada, directory_id, _ = with_record(world)
    base = f"/settings/directories/{directory_id}/tokens"

    wrong = ada.browser.submit(base, label="x", expires_in="7")
    made = ada.browser.submit(base, label="Okta", expires_in="30")

    assert wrong.status_code == 400
    assert "Choose when it expires." in wrong.text
    assert "in 1 month" in flat(made.text)
    hint = re.findall(r"scim_[\w-]{30,}", made.text)[0][-4:]
    assert "expires in" not in flat(ada.page())
    world.clock.advance(days=20)
    ada.browser.sign_in("ada@acme.test")
    assert f"The token scim_…{hint} (Okta) expires in 10 days." in flat(ada.page())
    world.clock.advance(days=13)
    ada.browser.sign_in("ada@acme.test")
    page = flat(ada.page())
    assert f"The token scim_…{hint} (Okta) expired 3 days ago." in page
    assert "Expired 3 days ago" in page


def test_use_of_a_revoked_token_is_warned_about_for_a_month(world: World) -> None:
    ada, directory_id, _ = with_record(world)
    with world.transactions.writing(OPERATOR) as unit:
        token = directory_tokens.all_of(unit, ada.organization.id, directory_id)[0]
        directory_tokens.revoke(unit, ada.organization.id, directory_id, token.id)
    assert "was used" not in flat(ada.page())
    with world.transactions.writing(OPERATOR) as unit:
        directory_tokens.all_of(unit, ada.organization.id, directory_id)[0].refused_at = unit.now
    world.clock.advance(minutes=7)

    page = flat(ada.page())

    assert f"The revoked token scim_…{token.hint} was used 7 minutes ago." in page
    assert "Somewhere in Okta it is still in use: paste one there that works." in page
    world.clock.advance(days=30)
    ada.browser.sign_in("ada@acme.test")
    assert "was used" not in flat(ada.page())


def test_card_says_how_to_change_a_token_without_a_gap(world: World) -> None:
    ada, _, _ = with_record(world)

    page = flat(ada.page())

    assert "Change the token without a gap" in page
    assert "Paste the second one into Okta in place of the first." in page


def _connect(world: World, ada: Desk, directory_id: str) -> None:
    """As if a request had come."""
    with world.transactions.writing(OPERATOR) as unit:
        directories.read(unit, ada.organization.id, directory_id).first_request_at = unit.now
