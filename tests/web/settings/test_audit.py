"""The page of the audit log: who did what by which door, filtered, page by page, and saved as a file."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug.test import TestResponse

from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.services import audit_chain, members, roles
from app.web.wording import whoever
from tests.application import Browser, World
from tests.scenes import ADA, GRACE, HOST, provisioned
from tests.services.audit_chain import tamper
from tests.web.settings.scenes import Desk, anchor, desk, flat, recovery_session, signed_in

PAGE = "/settings/audit"


def page(ada: Desk, query: str = "") -> str:
    answer = ada.browser.get(PAGE + query)
    assert answer.status_code == 200
    return flat(answer.text)


def test_entry_tells_who_did_what_by_which_door_from_what_to_what(world: World) -> None:
    ada = desk(world)
    grace = ada.member(GRACE)
    ada.browser.submit(f"/settings/members/{grace.id}/role", role="admin")

    text = page(ada)

    assert f"Done {ADA} granted a role to {GRACE} 2026-11-23 12:00 UTC" in text
    assert "Granted Member → became Admin" in text
    assert "Settings pages from 127.0.0.1 member.role_granted" in text


def test_log_is_written_as_people_speak(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    ada.connect()
    ada.confirm_codes()

    text = page(ada)

    assert "Protocol nothing → became SAML 2.0" in text
    assert f"Done {ADA} confirmed the recovery codes as stored 2026" in text


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (ADA, ADA),
        ("system", "Doorward"),
        ("operator", "Server operator"),
        (f"operator on behalf of {ADA}", f"Server operator, for {ADA}"),
        (f"the API key Nightly on behalf of {ADA}", f"the API key Nightly, for {ADA}"),
    ],
)
def test_whoever_acted_is_told_in_words(written: str, told: str) -> None:
    assert whoever(written) == told


def test_change_that_tightens_names_who_can_still_get_in(world: World) -> None:
    ada = desk(world)
    ada.require_single_sign_on()

    assert f"Can still get in as an administrator: {ADA}, with single sign-on." in page(ada)


def test_refusal_is_told_with_its_reason(world: World) -> None:
    ada = desk(world)
    ada.browser.submit(f"/settings/members/{ada.organization.admin_id}/suspend")

    text = page(ada, "?outcome=refused")

    assert f"Refused {ADA} tried to suspend {ADA}" in text
    assert "This would leave the organization without an administrator who can sign in" in text
    assert "founded the organization" not in text


def test_directory_is_told_from_people(world: World) -> None:
    made = provisioned(world)
    browser = signed_in(world, ADA)
    ada = Desk(world, browser, made.organization)
    made.scim.add_user(GRACE)

    text = page(ada, "?actor=directory")

    assert f"added {GRACE}" in text
    assert "Directory (SCIM) from 127.0.0.1 member.created" in text
    assert "founded the organization" not in text


def test_page_says_how_far_the_log_is_sealed(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    assert "Not sealed yet" in page(ada)

    audit_chain.seal(world.transactions)

    text = page(ada)
    number = text.count(" aud_")
    assert f"Sealed up to entry {number}, just now" in text
    assert f"Entry {number} " in text
    assert "Not sealed yet" not in text


def test_page_says_that_nothing_is_sealed_yet(world: World) -> None:
    ada = desk(world)
    tamper(world, "DELETE FROM audit_seals", "DELETE FROM audit_heads")

    assert "Nothing is sealed yet." in page(ada)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?area=domain.", True),
        ("?area=member.", False),
        ("?since=2026-11-23&until=2026-11-23", True),
        ("?since=2026-11-24", False),
        ("?until=2026-11-22", False),
        ("?actor=directory", False),
        ("?subject=acme.test", True),
        ("?person=ada%40acme.test&subject=acme.test&actor=member", True),
        ("?subject=other.test", False),
        ("?outcome=sad&actor=robot&area=x&since=yesterday&until=9999-12-31&before=x&after=%2B", True),
    ],
)
def test_filter_leaves_out_what_does_not_fit_and_nonsense_is_no_filter(world: World, query: str, found: bool) -> None:
    ada = desk(world)
    ada.verify_domain()

    text = page(ada, query)

    assert ("verified the domain acme.test" in text) is found
    assert ("No entry matches" in text) is not found


@pytest.fixture
def two_administrators(world: World) -> Desk:
    """Ada has made Grace an administrator, and Grace has added a role and renamed herself."""
    ada = desk(world)
    grace = ada.member(GRACE)
    ada.browser.submit(f"/settings/members/{grace.id}/role", role="admin")
    with world.transactions.writing(ada.organization.acting_as(GRACE)) as unit:
        added = roles.to_add(unit, ada.organization.id, slug="support", name="Support", priority=5).apply()
        assert not isinstance(added, Refused)
    return ada


def codes(text: str) -> list[str]:
    """What was done, entry by entry."""
    return re.findall(r"<code>([a-z_.]+)</code>", text)


def found(ada: Desk, **query: str) -> list[str]:
    return codes(ada.browser.get(f"{PAGE}?{urlencode(query)}").text)


def test_what_a_person_did_is_found_by_address_or_id_whatever_they_are_called_now(two_administrators: Desk) -> None:
    ada = two_administrators
    grace_id = ada.organization.member(GRACE).id
    by_grace = ["role.created"]
    assert found(ada, person=GRACE) == found(ada, person=GRACE.upper()) == found(ada, person=grace_id) == by_grace
    assert "role.created" not in found(ada, person=ADA)
    assert "member.role_granted" in found(ada, person=ADA)

    with ada.world.transactions.writing(OPERATOR) as unit:
        members.read(unit, ada.organization.id, grace_id).email = "hopper@acme.test"

    assert found(ada, person=GRACE) == found(ada, person="hopper@acme.test") == by_grace
    assert found(ada, person="nobody@acme.test") == found(ada, person="%") == []


def test_what_happened_to_somebody_is_found_by_address_or_id_also_when_they_are_gone(two_administrators: Desk) -> None:
    ada = two_administrators
    grace_id = ada.organization.member(GRACE).id
    ada.browser.submit(f"/settings/members/{grace_id}/remove", confirm=GRACE)

    happened = found(ada, subject=GRACE)

    assert happened[0] == "member.removed"
    assert "member.role_granted" in happened
    assert not set(happened) & {"role.created", "organization.created"}
    assert happened == found(ada, subject=grace_id)
    assert found(ada, subject="Support") == ["role.created"]
    assert found(ada, subject=GRACE, person=ADA, area="member.")[0] == "member.removed"
    assert found(ada, subject="Nothing of that name") == []


def test_file_holds_what_the_filter_finds(two_administrators: Desk) -> None:
    ada = two_administrators
    query = urlencode({"subject": GRACE, "person": ADA})

    page_ = ada.browser.get(f"{PAGE}?{query}").text
    lines = ada.browser.get(f"{PAGE}/export?{query}&format=jsonl").text.splitlines()

    assert f'value="{GRACE}"' in page_
    assert f'value="{ADA}"' in page_
    assert [json.loads(line)["action"] for line in lines] == codes(page_)[::-1]


def test_page_of_a_member_leads_to_what_happened_to_them_but_not_in_recovery(two_administrators: Desk) -> None:
    ada = two_administrators
    grace_id = ada.organization.member(GRACE).id

    text = ada.browser.get(f"/settings/members/{grace_id}").text
    (href,) = re.findall(r'href="([^"]+)">[^>]*(?:<[^>]+>)*What happened to them', text)

    assert "member.role_granted" in codes(ada.browser.get(html.unescape(href)).text)
    rescue = recovery_session(ada.world)
    assert "What happened to them" not in rescue.get(f"/settings/members/{grace_id}").text


def test_name_of_another_organization_finds_nothing(two_administrators: Desk) -> None:
    eve = two_administrators.world.first_admin("eve@other.test", "Other")

    for query in ({"subject": GRACE}, {"person": ADA}, {"subject": two_administrators.organization.id}):
        assert "No entry matches" in eve.get(f"{PAGE}?{urlencode(query)}").text


def test_log_is_read_page_by_page_both_ways(world: World) -> None:
    ada = desk(world)
    with world.transactions.writing(OPERATOR) as unit:
        for number in range(120):
            unit.audit(ada.organization.id, "organization.updated", after={"number": number})
    first = ada.browser.get(f"{PAGE}?area=organization.").text
    older = first.partition("before=")[2].partition('"')[0]

    second = ada.browser.get(f"{PAGE}?area=organization.&before={older}").text
    newer = second.partition("after=")[2].partition('"')[0]

    assert first.count('<li id="aud_') == second.count('<li id="aud_') == 50
    assert "area=organization.&amp;before=" in first
    assert ada.browser.get(f"{PAGE}?area=organization.&after={newer}").text.count('<li id="aud_') == 50


def test_what_fits_the_filter_is_saved_as_a_file(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    assert "/settings/audit/export?area=domain.&amp;format=csv" in ada.browser.get(f"{PAGE}?area=domain.").text

    answer = ada.browser.get(f"{PAGE}/export?area=domain.&format=jsonl")
    lines = [json.loads(line) for line in answer.text.splitlines()]

    assert answer.headers["Content-Disposition"] == "attachment; filename=audit.jsonl"
    assert [line["action"] for line in lines] == ["domain.claimed", "domain.verified"]
    assert ada.browser.get(f"{PAGE}/export?format=csv").text.startswith("position,id,at,")
    assert ada.browser.get(f"{PAGE}/export?format=xlsx").status_code == 404


def test_log_is_its_own_organization_s(world: World) -> None:
    ada = desk(world)
    eve = world.first_admin("eve@other.test", "Other")

    assert ada.organization.id not in eve.get(f"{PAGE}/export?format=jsonl").text
    assert ADA not in eve.get(PAGE).text


def test_recovery_session_sees_no_link_to_it(world: World) -> None:
    ada = desk(world)
    assert f'href="{PAGE}"' in ada.page()

    assert PAGE not in recovery_session(world).page


LINK = re.compile(r'<a href="([^"]+)">View in audit log</a>')


def entry_shown(browser: Browser, answer: TestResponse) -> str:
    """What was done by the entry to which the notice behind an answer leads, and which stands on top there."""
    assert answer.status_code == 303, answer.text
    (href,) = LINK.findall(browser.get(answer.headers["Location"]).text)
    address, _, entry_id = html.unescape(href).partition("#")
    text = browser.get(address).text
    assert re.findall('<li id="(aud_[^"]+)"', text)[0] == entry_id
    return codes(text)[0]


def test_notice_of_a_change_leads_to_its_entry(world: World) -> None:
    ada = desk(world)
    added = ada.browser.submit("/settings/domains", host=HOST)
    domain = f"/settings/domains/{anchor(added)}"
    assert entry_shown(ada.browser, added) == "domain.claimed"
    ada.browser.get("/settings/authentication")
    world.dns.records[HOST] = re.findall(r"doorward-domain-verification=[\w-]+", ada.browser.page)[-1:]

    checked = ada.browser.submit(f"{domain}/check")
    removed = ada.browser.submit_as_planned(f"{domain}/remove", confirm=HOST)
    renamed = ada.browser.submit("/profile/name", name="Ada King")

    assert entry_shown(ada.browser, checked) == "domain.verified"
    assert entry_shown(ada.browser, removed) == "domain.removed"
    assert entry_shown(ada.browser, renamed) == "member.updated"


def test_notice_of_what_wrote_no_entry_leads_nowhere(world: World) -> None:
    ada = desk(world)
    domain_id = anchor(ada.browser.submit("/settings/domains", host=HOST))

    answer = ada.browser.submit(f"/settings/domains/{domain_id}/check")

    told = ada.browser.get(answer.headers["Location"]).text
    assert "The record was not found yet." in told
    assert not LINK.search(told)
    assert not LINK.search(ada.browser.get("/settings/members?done=member-removed&entry=javascript:x").text)


def test_entry_is_first_on_its_page_whatever_was_written_since(world: World) -> None:
    ada = desk(world)
    added = ada.browser.submit("/settings/domains", host=HOST)
    newest = ada.browser.get(f"{PAGE}?entry={parse_qs(urlsplit(added.headers['Location']).query)['entry'][0]}").text
    with world.transactions.writing(OPERATOR) as unit:
        for number in range(60):
            unit.audit(ada.organization.id, "organization.updated", after={"number": number})

    assert entry_shown(ada.browser, added) == "domain.claimed"
    assert ">Newer</a>" not in newest
    assert ">Newer</a>" in ada.browser.page


def test_recovery_session_is_led_to_no_entry(world: World) -> None:
    desk(world)
    rescue = recovery_session(world)

    answer = rescue.submit("/settings/recovery-codes/confirm", stored="yes")

    told = rescue.get(answer.headers["Location"]).text
    assert "Recovery codes confirmed as stored." in told
    assert not LINK.search(told)


def test_member_who_is_no_administrator_is_led_to_no_entry(world: World) -> None:
    desk(world).member(GRACE)
    grace = signed_in(world, GRACE)

    told = grace.get(grace.submit("/profile/name", name="Grace H.").headers["Location"]).text

    assert "Your name was changed." in told
    assert not LINK.search(told)
