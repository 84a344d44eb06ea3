"""Guided setup of a connection: one step at a time, left and gone on with, discarded, finished with a test."""

from __future__ import annotations

import re

import pytest

from app.rules.connections import ConnectionKind
from app.rules.guides import MOST_UNDER_WAY
from app.rules.ids import ConnectionId
from tests.application import BASE_URL, World
from tests.saml.forge import ISSUER, SSO_URL
from tests.saml.published import metadata
from tests.web.settings.scenes import BY_HAND, Desk, desk, flat, made_by, signed_in, to_last_step
from tests.web.setup.scenes import holder

NEW = "/settings/connections/new"


def begin(ada: Desk, guide: str = "saml-okta") -> str:
    """Begin a setup: the address of its page."""
    ada.browser.get(NEW)
    answer = ada.browser.submit(NEW, guide=guide)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def kind_of(world: World, protocol: str) -> ConnectionKind:
    kind: ConnectionKind = world.program.app.extensions["doorward"].kinds[protocol]
    return kind


def ready(world: World) -> Desk:
    ada = desk(world)
    ada.verify_domain()
    return ada


def test_products_are_offered_under_both_protocols(world: World) -> None:
    page = flat(ready(world).browser.get(NEW).text)

    assert (
        page.index("SAML 2.0") < page.index("Okta") < page.index("Microsoft Entra ID") < page.index("Google Workspace")
    )
    assert page.count("Another provider") == 2


@pytest.mark.parametrize("protocol", ["saml", "oidc"])
def test_every_guide_speaks_of_values_and_fields_that_exist_and_asks_in_its_last_step_only(
    world: World, protocol: str
) -> None:
    kind = kind_of(world, protocol)
    ours = {value.key for value in kind.service_provider_values(ConnectionId("conn_x"))}
    fields = {field.name for field in kind.setup_fields()}
    needed = {field.name for field in kind.setup_fields() if field.required}

    for guide in kind.guides():
        *before, last = guide.steps
        asked = {item.name for item in last.ask}
        assert {item.key for step in guide.steps for item in step.paste} <= ours
        assert not any(step.ask for step in before)
        assert asked <= fields
        assert set(guide.filled) <= fields
        assert needed <= asked | set(guide.filled)
        assert all(step.do for step in guide.steps)
    names = [guide.name for guide in kind.guides()]
    assert names == [f"{protocol}-{product}" for product in ("okta", "entra", "google", "other")]


def test_steps_follow_one_another_and_our_values_have_the_products_names(world: World) -> None:
    ada = ready(world)
    href = begin(ada)
    connection_id = href.rpartition("/")[2]

    first = flat(ada.browser.get(href).text)
    second = flat(ada.browser.get(ada.browser.submit(href, step="1").headers["Location"]).text)

    assert "Step 1 of 6 Create the app" in first
    assert "Step 2 of 6 Configure SAML" in second
    assert f"Audience URI (SP Entity ID) {BASE_URL}/saml/{connection_id}/metadata" in second
    assert "Name ID format EmailAddress" in second


def test_setup_is_left_and_stands_where_it_was_left(world: World) -> None:
    ada = ready(world)
    href = begin(ada)
    ada.browser.get(href)
    ada.browser.submit(href, step="1")
    ada.browser.submit(href, step="2")

    listed = flat(ada.page())

    assert "Okta, SAML 2.0 Being set up begun just now by ada@acme.test Step 3 of 6." in listed
    assert "No connection yet" not in listed
    assert f'href="{href}"' in ada.browser.page
    assert "Step 3 of 6" in flat(ada.browser.get(href).text)
    assert "Step 1 of 6" in flat(ada.browser.get(f"{href}?step=1").text)


@pytest.mark.parametrize("asked", ["5", "99", "0", "-1", "x", "", "٣"])
def test_step_that_nobody_has_come_to_is_not_shown(world: World, asked: str) -> None:
    ada = ready(world)
    href = begin(ada)

    answer = ada.browser.get(f"{href}?step={asked}")

    assert answer.status_code == 200
    assert "Step 1 of 6" in flat(answer.text)


def test_going_back_and_on_again_loses_nothing(world: World) -> None:
    ada = ready(world)
    href = to_last_step(ada.browser, "saml-okta").partition("?")[0]

    assert ada.browser.submit(href, step="1").headers["Location"] == f"{href}?step=2"

    assert "Step 5 of 6" in flat(ada.browser.get(href).text)


def test_form_asks_in_the_products_words_and_is_filled_in_as_far_as_it_is_known(world: World) -> None:
    ada = ready(world)

    page = ada.browser.get(to_last_step(ada.browser, "saml-entra")).text

    assert "App Federation Metadata Url" in page
    assert 'value="Entra ID"' in page
    assert 'value="http://schemas.microsoft.com/identity/claims/objectidentifier"' in page
    assert page.index("App Federation Metadata Url") < page.index("<details") < page.index("Single sign-on URL")


def test_identity_provider_reads_our_metadata_before_we_know_its_own(world: World) -> None:
    ada = ready(world)
    connection_id = begin(ada).rpartition("/")[2]
    stranger = world.browser()

    metadata = stranger.get(f"/saml/{connection_id}/metadata")
    certificate = stranger.get(f"/saml/{connection_id}/certificate")

    assert metadata.status_code == 200
    assert f'Location="{BASE_URL}/saml/{connection_id}/acs"' in metadata.text
    assert 'use="encryption"' in metadata.text
    assert certificate.text.startswith("-----BEGIN CERTIFICATE-----")
    assert stranger.get(f"/saml/{connection_id}/login").status_code == 404


def test_setup_of_another_protocol_has_no_saml_metadata(world: World) -> None:
    ada = ready(world)
    connection_id = begin(ada, "oidc-okta").rpartition("/")[2]

    assert world.browser().get(f"/saml/{connection_id}/metadata").status_code == 404


def test_finished_setup_is_the_connection_it_promised_and_leads_to_its_test(world: World) -> None:
    ada = ready(world)
    last = to_last_step(ada.browser)
    href = last.partition("?")[0]

    answer = ada.browser.submit(last, **BY_HAND)

    connection_id = made_by(answer)
    page = ada.browser.get(answer.headers["Location"])
    assert href.endswith(connection_id)
    assert "Connection saved." in page.text
    assert f'action="/settings/connections/{connection_id}/test"' in page.text
    assert "What was understood Read the steps again · Edit" in flat(page.text)
    assert SSO_URL in page.text
    assert "Being set up" not in ada.page()
    assert "<h3>Acme Okta</h3>" in ada.browser.page


def test_sent_twice_it_is_made_once(world: World) -> None:
    ada = ready(world)
    last = to_last_step(ada.browser)

    connection_id = made_by(ada.browser.submit(last, **BY_HAND))

    assert made_by(ada.browser.submit(last, **BY_HAND)) == connection_id
    assert made_by(ada.browser.get(last)) == connection_id
    assert ada.page().count("<h3>Acme Okta</h3>") == 1


def test_what_is_wrong_inside_what_few_need_is_shown(world: World) -> None:
    ada = ready(world)
    last = to_last_step(ada.browser, "saml-okta")

    answer = ada.browser.submit(last, **(BY_HAND | {"idp.certificates": "nonsense"}))

    assert answer.status_code == 400
    assert '<details class="disclosure" open>' in answer.text
    assert 'id="connection-idp.certificates-error"' in answer.text
    assert f'value="{ISSUER}"' in answer.text
    assert "Step 5 of 6" in flat(answer.text)


def test_discarded_setup_is_gone_with_its_addresses(world: World) -> None:
    ada = ready(world)
    last = to_last_step(ada.browser)
    href = last.partition("?")[0]

    answer = ada.browser.submit(f"{href}/discard")

    assert "Setup discarded." in ada.browser.get(answer.headers["Location"]).text
    assert ada.browser.get(href).status_code == 404
    assert ada.browser.submit(last, **BY_HAND).status_code == 404
    assert ada.browser.submit(f"{href}/discard").status_code == 404
    assert world.browser().get(f"/saml/{href.rpartition('/')[2]}/metadata").status_code == 404
    assert "No connection yet" in ada.page()


def test_setup_discarded_while_the_form_was_open_makes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading the setup and the lock."""
    ada = ready(world)
    last = to_last_step(ada.browser)
    kind = kind_of(world, "saml")
    read = kind.read_settings

    def meanwhile(submitted: object) -> object:
        other = signed_in(world, "ada@acme.test")
        other.get("/settings/authentication")
        assert other.submit(f"{last.partition('?')[0]}/discard").status_code == 303
        return read(submitted)  # type: ignore[arg-type]

    monkeypatch.setattr(kind, "read_settings", meanwhile)

    assert ada.browser.submit(last, **BY_HAND).status_code == 404
    assert "No connection yet" in ada.page()


def test_product_that_there_is_none_of_is_refused(world: World) -> None:
    ada = ready(world)
    ada.browser.get(NEW)

    assert ada.browser.submit(NEW, guide="saml-x").status_code == 400
    assert ada.browser.submit(NEW).status_code == 400


def test_eleventh_setup_is_refused_until_one_is_discarded(world: World) -> None:
    ada = ready(world)
    hrefs = [begin(ada) for _ in range(MOST_UNDER_WAY)]

    answer = ada.browser.get(NEW)

    assert answer.status_code == 409
    assert "10 setups of a connection are under way already." in flat(answer.text)
    assert ada.browser.submit(NEW, guide="saml-okta").status_code == 409
    ada.browser.submit(f"{hrefs[0]}/discard")
    begin(ada)


def test_setup_that_nobody_comes_back_to_is_forgotten_after_ninety_days(world: World) -> None:
    ada = ready(world)
    href = begin(ada)
    world.clock.advance(days=89)
    world.work()
    ada.browser.sign_in("ada@acme.test")
    assert ada.browser.get(href).status_code == 200

    world.clock.advance(days=1, hours=2)
    world.work()

    ada.browser.sign_in("ada@acme.test")
    assert ada.browser.get(href).status_code == 404


def test_beginning_and_discarding_are_in_the_audit_log(world: World) -> None:
    ada = ready(world)
    ada.browser.submit(f"{begin(ada)}/discard")

    shown = flat(ada.browser.get("/settings/audit").text)

    assert re.search("began to set up the connection", shown)
    assert re.search("discarded the setup of the connection", shown)


@pytest.mark.parametrize("beginning", [b"", b"\xef\xbb\xbf"])
def test_metadata_is_chosen_as_a_file(world: World, beginning: bytes) -> None:
    ada = ready(world)
    last = to_last_step(ada.browser, "saml-google")
    document = beginning + metadata().encode()

    answer = ada.browser.upload(last, "idp.metadata_xml.file", document, name="Google")

    assert answer.status_code == 303, answer.text
    assert SSO_URL in ada.browser.get(answer.headers["Location"]).text


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (b"<broken", "The metadata is not XML"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "The file document.xml is not text in UTF-8."),
        (b" \n", "The file document.xml is empty."),
    ],
)
def test_file_that_is_no_metadata_comes_back_at_its_field_with_the_cause(
    world: World, document: bytes, sentence: str
) -> None:
    ada = ready(world)
    last = to_last_step(ada.browser, "saml-google")

    answer = ada.browser.upload(last, "idp.metadata_xml.file", document, name="Google")

    assert answer.status_code == 400
    assert sentence in flat(answer.text)
    assert 'id="connection-idp.metadata_xml-error"' in answer.text


def test_secret_that_was_typed_beside_something_wrong_is_asked_for_again(world: World) -> None:
    ada = ready(world)
    last = to_last_step(ada.browser, "oidc-other")

    answer = ada.browser.submit(last, name="A", issuer="nowhere", client_id="a", client_secret="s3cret")

    page = flat(answer.text)
    assert "2 things to put right" in page
    assert "Enter it again: it is not sent back to this page." in page
    assert "s3cret" not in answer.text


def test_edit_with_a_file_is_more_than_a_rename(world: World) -> None:
    ada = ready(world)
    connection_id = ada.connect()
    href = f"/settings/connections/{connection_id}/edit"
    ada.browser.get(href)

    answer = ada.browser.upload(href, "idp.metadata_xml.file", metadata().encode(), name="A")

    assert "connection-saved" in answer.headers["Location"]


@pytest.mark.parametrize("at", ["/settings/connections", "/setup/sso"])
def test_setup_of_another_organization_is_not_found(world: World, at: str) -> None:
    ada = ready(world)
    last = to_last_step(ada.browser)
    connection_id = last.partition("?")[0].rpartition("/")[2]
    eve = desk(world, "eve@other.test", organization="Other")
    eve.verify_domain("other.test")
    other = eve.browser if at == "/settings/connections" else holder(eve)

    for answer in (
        other.get(f"{at}/setup/{connection_id}"),
        other.submit(f"{at}/setup/{connection_id}", step="1"),
        other.submit(f"{at}/setup/{connection_id}?step=3", **BY_HAND),
        other.submit(f"{at}/setup/{connection_id}/discard"),
    ):
        assert answer.status_code == 404
    assert "Step 3 of 4" in flat(ada.browser.get(last).text)


def test_guide_can_be_read_again_once_it_was_gone_through(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    connection_id = ada.connect()
    assert f'href="/settings/connections/{connection_id}/guide"' in ada.page()

    page = flat(ada.browser.get(f"/settings/connections/{connection_id}/guide").text)

    assert "Another provider, step by step" in page
    assert f"/saml/{connection_id}/acs" in page
    assert "3. Bring back the metadata" in page


def test_guide_that_is_read_again_is_that_of_the_product_of_the_settings(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    connection_id = ada.connect(**{"idp.entity_id": "http://www.okta.com/exk1fcia6d6EMsf331d8"})

    assert "Okta, step by step" in flat(ada.browser.get(f"/settings/connections/{connection_id}/guide").text)
