"""A real nginx with the recipe of docs/forward-auth.md, and an application behind it that says what reached it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from app.rules.actor import OPERATOR
from app.services import members
from tests.application import BASE_URL, Browser, World
from tests.scenes import ADA, GRACE
from tests.web.proxied import Answer, Proxied, behind_nginx
from tests.web.settings.scenes import Desk, desk, recovery_session
from tests.web.signing_in import next_field

#: A target with everything in it that a redirect could lose.
TARGET = "/reports/caf%C3%A9?month=11&tag=a%26b&tag=c%2Fd&back=/x?y=1&empty=&plus=a+b"
OURS = ("Member", "Email", "Name", "Role", "Organization")


@pytest.fixture
def proxied(world: World, tmp_path: Path) -> Iterator[Proxied]:
    with behind_nginx(world, tmp_path) as proxied:
        yield proxied


def signed_in(proxied: Proxied, address: str = GRACE) -> Browser:
    browser = proxied.browser()
    assert browser.sign_in(address).status_code == 303
    return browser


def seen(answer: Answer) -> list[tuple[str, str]]:
    """Every header that an application could take for one of ours, as it reached the application."""
    assert answer.status == 200, answer
    headers = json.loads(answer.body)["headers"]
    return sorted((name, value) for name, value in headers if "doorward" in name.lower())


def is_sent_to_sign_in(answer: Answer) -> bool:
    return answer.status in {302, 303} and urlsplit(answer.header("Location")).path == "/sign-in"


def test_signed_out_person_comes_back_to_the_whole_address_after_the_emailed_code(
    world: World, proxied: Proxied
) -> None:
    desk(world).member(GRACE)
    browser = proxied.browser()

    away = proxied.send(browser, target=TARGET)
    assert is_sent_to_sign_in(away)
    page = browser.get(away.header("Location") or "").text
    browser.submit("/sign-in", email=GRACE, next=next_field(page))
    back = browser.enter_code(GRACE)

    assert (back.status_code, back.headers["Location"]) == (303, TARGET)
    reached = browser.get(back.headers["Location"])
    assert reached.json is not None
    assert reached.json["target"] == TARGET


def test_application_is_told_who_is_signed_in_and_gets_the_request_as_it_was(world: World, proxied: Proxied) -> None:
    ada = desk(world)
    grace = ada.member(GRACE)
    with world.transactions.writing() as unit:
        unit.session.merge(grace).name = "Grace “Amazing” Höpper 山"
    browser = signed_in(proxied)

    sent = {"data": b"\x00body" * 10_000, "content_type": "application/x-own"}
    answer = browser.client.post(TARGET, base_url=BASE_URL, **sent)

    assert answer.json is not None
    reached = dict(answer.json["headers"])
    assert {name: unquote(reached[f"X-Doorward-{name}"]) for name in OURS} == {
        "Member": grace.id,
        "Email": GRACE,
        "Name": "Grace “Amazing” Höpper 山",
        "Role": "member",
        "Organization": grace.organization_id,
    }
    assert (answer.json["method"], answer.json["target"]) == ("POST", TARGET)
    assert answer.json["body"] == "\x00body" * 10_000
    assert reached["Content-Type"] == "application/x-own"
    assert proxied.send(browser, method="HEAD").status == 200


def test_header_of_ours_that_a_browser_sends_never_reaches_the_application(world: World, proxied: Proxied) -> None:
    desk(world).member(GRACE)
    browser = signed_in(proxied)
    honest = seen(proxied.send(browser))
    names = [
        f"{x}{a}{word}{b}{name}"
        for x, word in (("X", "Doorward"), ("x", "doorward"), ("X", "DOORWARD"))
        for a in "-_."
        for b in "-_."
        for name in OURS
    ]

    forged = [("Connection", "X-Doorward-Member")]
    forged += [(name, value) for name in names for value in ("admin", "", "admin, owner")]
    for start in range(0, len(forged), 20):
        assert seen(proxied.send(browser, *forged[start : start + 20])) == honest
    assert [name for name, _ in honest] == sorted(f"X-Doorward-{name}" for name in OURS)
    assert dict(honest)["X-Doorward-Role"] == "member"


def test_header_of_ours_from_somebody_signed_out_opens_nothing(world: World, proxied: Proxied) -> None:
    ada = desk(world)
    answer = proxied.send(proxied.browser(), ("X-Doorward-Member", ada.organization.admin_id))

    assert is_sent_to_sign_in(answer)


def test_suspended_member_is_sent_away_on_the_next_request(world: World, proxied: Proxied) -> None:
    ada = desk(world)
    ada.member(GRACE)
    browser = signed_in(proxied)
    assert proxied.send(browser).status == 200

    _suspend(ada, GRACE)

    assert is_sent_to_sign_in(proxied.send(browser))


def test_recovery_session_is_worth_nothing_to_the_application(world: World, proxied: Proxied) -> None:
    desk(world)
    browser = recovery_session(world)

    assert is_sent_to_sign_in(proxied.send(browser))


def test_use_of_the_application_keeps_the_session_and_leaving_it_alone_ends_it(world: World, proxied: Proxied) -> None:
    desk(world).member(GRACE)
    browser = signed_in(proxied)
    for _ in range(3):
        world.clock.advance(hours=23)
        assert proxied.send(browser).status == 200

    world.clock.advance(hours=24)

    assert is_sent_to_sign_in(proxied.send(browser))


def test_question_of_the_proxy_is_not_for_browsers(world: World, proxied: Proxied) -> None:
    desk(world)
    browser = signed_in(proxied, ADA)

    assert proxied.send(browser, target="/auth/verify").status == 404
    assert proxied.send(browser, target="/sign-in").status == 200


def test_every_recipe_gives_doorward_all_of_its_paths(world: World) -> None:
    page = Path("docs/forward-auth.md").read_text("utf-8")
    given = re.findall(r"\^/\(([a-z|-]+)\)", page)
    ours = {rule.rule.split("/")[1] for rule in world.program.app.url_map.iter_rules()} | {"scim"}

    assert len(given) == 3
    for recipe in given:
        # The application's home; asked directly; only where a server is developed.
        assert ours - set(recipe.split("|")) == {"", "auth", "healthz", "readyz", "style"}


def test_application_for_one_role_refuses_the_others(world: World, tmp_path: Path) -> None:
    desk(world).member(GRACE)
    with behind_nginx(world, tmp_path, query="?role=admin&role=auditor") as proxied:
        assert proxied.send(signed_in(proxied, ADA)).status == 200
        assert proxied.send(signed_in(proxied, GRACE)).status == 403
        assert is_sent_to_sign_in(proxied.send(proxied.browser()))


def _suspend(ada: Desk, email: str) -> None:
    with ada.world.transactions.writing(OPERATOR) as unit:
        member_id = ada.organization.member(email).id
        members.to_edit(unit, ada.organization.id, member_id, suspended=True).apply()
