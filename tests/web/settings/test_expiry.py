"""What ends in a connection, on the page: counted down on its card, warned of there, and on top once it is active."""

from __future__ import annotations

import re

import pytest

from app.rules.connections import SettingsRead
from app.rules.expiry import Deadline, Expiring, warning
from app.web.settings.cards.connections import in_short
from tests.application import World
from tests.scenes import ADA
from tests.services.single_sign_on import SingleSignOn, connect, identity_of
from tests.services.test_expiry import certificates, day, look, secret
from tests.web.settings.scenes import Desk, desk, flat, to_last_step

ENTRA = "https://login.microsoftonline.com/31537af4-6d77-4bb9-a681-d2394888ea26/v2.0"


def set_up(world: World, read: SettingsRead, protocol: str = "saml") -> tuple[Desk, SingleSignOn]:
    """Ada at the settings pages, and a connection with these settings."""
    ada = desk(world)
    return ada, connect(ada.organization, protocol=protocol, read=read)


def require(ada: Desk, scene: SingleSignOn) -> None:
    """Activate it on the page, which keeps Ada's session."""
    ada.organization.store_recovery_codes()
    scene.come_back(identity_of(scene.world, ADA), tester=True)
    ada.page()
    assert ada.browser.submit_as_planned(f"/settings/connections/{scene.connection_id}/activate").status_code == 303


def notices(page: str) -> list[tuple[str, str]]:
    """Tone and words of every notice about something that ends."""
    found = re.findall(r'<div class="notice (\w+)">(.*?)</div>\s*</div>', page, re.DOTALL)
    return [(tone, flat(text).strip()) for tone, text in found if "Provider: " in text]


def test_end_that_is_far_away_is_counted_down_on_the_card_alone(world: World) -> None:
    ada, scene = set_up(world, secret(day(world, 400)), "oidc")
    require(ada, scene)

    assert "Client secret: ends in 1 year" in flat(ada.page())
    assert notices(ada.page()) == []


def test_draft_is_warned_about_on_its_card_and_not_on_top(world: World) -> None:
    ada, _ = set_up(world, certificates(world, 20))

    ((tone, words),) = notices(ada.page())

    assert ": ends in " not in flat(ada.page())
    assert tone == "warning"
    assert words.startswith(
        "Provider: the signing certificate of the identity provider ends on 2026-12-13, in 20 days."
    )
    assert "Doorward goes on accepting what is signed with it" in words
    assert "Have the identity provider make a new signing certificate beside the present one." in words


def test_active_connection_is_warned_about_on_top_with_the_way_to_its_card(world: World) -> None:
    ada, scene = set_up(world, certificates(world, -2))
    require(ada, scene)

    (_, on_top), (_, on_card) = notices(ada.page())

    assert "ended on 2026-11-21, 2 days ago. Sign-ins go on: Doorward still accepts" in on_top
    assert "Then edit the connection here" in on_card
    assert "Sign-ins go on" not in on_card
    assert f'<a href="#{scene.connection_id}">See what to do</a>' in ada.page()
    assert f'id="{scene.connection_id}"' in ada.page()


def test_secret_that_has_ended_is_an_error_with_the_words_of_the_provider(world: World) -> None:
    ada, scene = set_up(world, secret(day(world, -1), ENTRA), "oidc")
    require(ada, scene)

    (tone, on_top), (_, on_card) = notices(ada.page())

    assert tone == "error"
    assert "nobody can sign in through this connection until it has another one" in on_top
    assert "In Entra: App registrations > your app > Certificates & secrets, choose New client secret." in on_card


def test_certificate_that_has_ended_beside_a_good_one_is_told_without_alarm(world: World) -> None:
    ada, scene = set_up(world, certificates(world, -2, 300))
    require(ada, scene)

    page = ada.page()

    assert "Signing certificate, the last of 2: ends in 10 months . 1 of 2 has ended; the other is good." in flat(page)
    assert notices(page) == []


@pytest.mark.parametrize(
    ("what", "days", "tone"),
    [
        (Expiring.SIGNING_CERTIFICATE, 60, "info"),
        (Expiring.SIGNING_CERTIFICATE, 30, "warning"),
        (Expiring.SIGNING_CERTIFICATE, -3, "warning"),
        (Expiring.CLIENT_SECRET, 31, "info"),
        (Expiring.CLIENT_SECRET, 0.5, "warning"),
        (Expiring.CLIENT_SECRET, 0, "error"),
        (Expiring.OWN_CERTIFICATE, 0, "warning"),
    ],
)
def test_tone_says_how_bad_it_is(world: World, what: Expiring, days: float, tone: str) -> None:
    now = world.clock.now()
    world.clock.advance(days=days)
    said = warning(Deadline(what, world.clock.now(), 1, ended=0), connection="Okta", now=now)

    assert said is not None
    assert in_short(said, "conn_1").tone == tone


def test_form_asks_for_the_day_with_the_browsers_calendar_and_takes_it(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    href = to_last_step(ada.browser, "oidc-entra")
    page = ada.browser.get(href).text
    typed = {"name": "Entra", "issuer": "https://idp.test", "client_id": "a", "client_secret": "b"}

    refused = ada.browser.submit(href, **typed, client_secret_expires_at="2026-11-23")

    assert re.search(r'<input [^>]*name="client_secret_expires_at" type="date"', page)
    assert refused.status_code == 400
    assert 'id="connection-client_secret_expires_at-error"' in refused.text
    assert 'value="2026-11-23"' in refused.text


def test_edit_is_filled_in_with_the_day_that_was_said(world: World) -> None:
    ada, scene = set_up(world, secret(day(world, 90)), "oidc")

    page = ada.browser.get(f"/settings/connections/{scene.connection_id}/edit").text

    assert re.search(r'name="client_secret_expires_at" type="date" value="2027-02-21"', page)


def test_what_was_told_stands_in_the_activity_under_the_name_of_the_connection(world: World) -> None:
    ada, scene = set_up(world, certificates(world, 20))
    require(ada, scene)

    look(world)

    assert "warned of the end of something in Provider" in flat(ada.browser.get("/settings/activity").text)
