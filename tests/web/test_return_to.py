"""The sign-in page leads back to where a person wanted to be: through every way in, once, and on this host only."""

from __future__ import annotations

import html
import re
from urllib.parse import quote

import pytest

from tests.application import Browser, World
from tests.scenes import ADA, GRACE
from tests.web.settings.scenes import come_back, desk
from tests.web.signing_in import next_field

WANTED = "/reports?month=11&tag=a%26b"


def open_page(browser: Browser, query: str) -> str:
    """What the form of the sign-in page, opened with this query, says of where it leads."""
    return next_field(browser.get(f"/sign-in?{query}").text)


def type_address(browser: Browser, address: str, query: str = f"next={WANTED}") -> None:
    browser.submit("/sign-in", email=address, next=open_page(browser, query))


def way_back(browser: Browser) -> str:
    """The query of the link with which the page of the code goes back to the address."""
    (link,) = re.findall(r'href="/sign-in\?([^"]+)"', browser.page)
    return html.unescape(link)


@pytest.mark.parametrize(
    "query",
    [f"next={WANTED}", f"next={quote(WANTED, safe='')}", f"signed-out&next={quote(WANTED, safe='')}&x=y"],
    ids=["written out", "encoded", "among others"],
)
def test_emailed_code_leads_to_where_the_person_wanted_to_be(world: World, query: str) -> None:
    desk(world).member(GRACE)
    browser = world.browser()
    type_address(browser, GRACE, query)

    assert browser.enter_code(GRACE).headers["Location"] == WANTED


def test_mistyped_address_and_wrong_code_lead_there_all_the_same(world: World) -> None:
    desk(world).member(GRACE)
    browser = world.browser()
    refused = browser.submit("/sign-in", email="grace", next=open_page(browser, f"next={WANTED}"))
    assert (refused.status_code, next_field(refused.text)) == (400, WANTED)
    browser.submit("/sign-in", email="grace@amce.test", next=next_field(refused.text))
    assert way_back(browser) == f"next={quote(WANTED, safe='')}"
    browser.submit(re.findall(r'action="(/sign-in/code[^"]*)"', browser.page)[-1], code="1")

    type_address(browser, GRACE, way_back(browser))

    assert browser.enter_code(GRACE).headers["Location"] == WANTED


def test_answer_of_the_identity_provider_leads_there(world: World) -> None:
    connection_id = desk(world).require_single_sign_on()
    browser = world.browser()
    leaving = browser.submit("/sign-in", email=ADA, next=open_page(browser, f"next={WANTED}"))

    assert come_back(browser, connection_id, leaving, ADA).headers["Location"] == WANTED


def test_next_sign_in_of_the_same_browser_leads_home(world: World) -> None:
    desk(world).member(GRACE)
    browser = world.browser()
    type_address(browser, GRACE)

    assert browser.sign_in(GRACE).headers["Location"] == "/"
    type_address(browser, GRACE)
    assert browser.enter_code(GRACE).headers["Location"] == WANTED
    assert browser.sign_in(GRACE).headers["Location"] == "/"


@pytest.mark.parametrize(
    "hostile",
    [
        "//evil.test",
        "/\\evil.test",
        "https://evil.test/",
        "javascript:alert(1)",
        "/%2Fevil.test",
        "/%0d%0aSet-Cookie:a=b",
        "/..//evil.test",
        "evil.test",
    ],
)
def test_wish_to_leave_the_host_leads_home(world: World, hostile: str) -> None:
    desk(world).member(GRACE)
    browser = world.browser()

    assert open_page(browser, f"next={hostile}") == ""
    assert open_page(browser, f"next={quote(hostile, safe='')}") == ""
    browser.submit("/sign-in", email=GRACE, next=hostile)
    assert browser.enter_code(GRACE).headers["Location"] == "/"


def test_recovery_leads_to_the_settings_whatever_was_wanted(world: World) -> None:
    ada = desk(world)
    (code, *_) = ada.organization.store_recovery_codes()
    browser = world.browser()
    browser.get(f"/recover?next={WANTED}")
    browser.submit("/recover", email=ADA, next=WANTED)

    assert browser.enter_code(ADA, recovery_code=code).headers["Location"] == "/"
