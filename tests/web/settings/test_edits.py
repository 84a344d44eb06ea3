"""Editing a connection: what stays though it is not typed again, what does not, and who was quicker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from app.ports.http import HttpAnswer
from app.rules.connections import SettingsRead
from app.services import connection_settings, connections
from tests.application import Browser, World
from tests.oidc.provider import CLIENT_ID, Provider
from tests.saml.forge import SSO_URL
from tests.saml.published import metadata
from tests.web.api.caller import Api
from tests.web.settings.scenes import Desk, desk, filled_in, flat, made_by, to_last_step
from tests.web.setup.scenes import holder

SECRET = "only-ada-knows"


@dataclass
class Interrupted:
    """A provider that answers only after something else has happened."""

    provider: Provider
    meanwhile: Callable[[], object]
    happened: list[object] = field(default_factory=list)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        if not self.happened:
            self.happened.append(None)
            self.meanwhile()
        return self.provider.get(url, headers=headers)

    def post_form(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        return self.provider.post_form(url, fields, headers=headers)


@dataclass
class Draft:
    """A connection that Ada has set up and nobody has tested."""

    ada: Desk
    id: str

    @property
    def api_path(self) -> str:
        return f"/organizations/{self.ada.organization.id}/connections/{self.id}"

    @property
    def stored(self) -> SettingsRead:
        """Its latest settings, with secrets."""
        with self.ada.world.transactions.reading() as unit:
            connection = connections.read(unit, self.ada.organization.id, self.id)
            return connection_settings.stored(unit, connection, connection.latest_revision)

    def form(self, browser: Browser | None = None, *, at: str = "/settings/connections") -> dict[str, str]:
        """What the form of an edit holds."""
        return filled_in((browser or self.ada.browser).get(f"{at}/{self.id}/edit").text)

    def save(self, form: dict[str, str]) -> str:
        """Where the page goes then, or what it says."""
        answer = self.ada.browser.submit(f"/settings/connections/{self.id}/edit", **form)
        return answer.headers.get("Location", flat(answer.text))


@pytest.fixture
def provider(world: World) -> Provider:
    made = Provider()
    world.switchboard.end = made
    return made


@pytest.fixture
def oidc(world: World, provider: Provider) -> Draft:
    ada = desk(world)
    ada.verify_domain()
    ends = (world.clock.now().date() + timedelta(days=40)).isoformat()
    entered = {"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": SECRET}
    last = to_last_step(ada.browser, "oidc-other")
    return Draft(ada, made_by(ada.browser.submit(last, name="Acme", **entered, client_secret_expires_at=ends)))


@pytest.fixture
def saml(world: World) -> Draft:
    ada = desk(world)
    ada.verify_domain()
    return Draft(ada, ada.connect())


def test_secret_that_is_left_empty_stays_with_its_day(oidc: Draft) -> None:
    before = oidc.stored

    assert "connection-saved" in oidc.save(oidc.form() | {"claims.groups": "roles"})

    assert oidc.stored.secrets == {"client_secret": SECRET}
    assert oidc.stored.settings["claims"]["groups"] == "roles"
    assert oidc.stored.settings["client_secret_expires_at"] == before.settings["client_secret_expires_at"]


def test_day_that_is_taken_out_is_gone(oidc: Draft) -> None:
    assert "connection-saved" in oidc.save(oidc.form() | {"client_secret_expires_at": ""})

    assert "client_secret_expires_at" not in oidc.stored.settings


def test_new_secret_does_not_take_over_a_day_that_has_come(oidc: Draft) -> None:
    oidc.ada.world.clock.advance(days=41)
    oidc.ada.browser.sign_in("ada@acme.test")

    refused = oidc.save(oidc.form() | {"client_secret": "renewed"})

    assert "Enter the day on which this client secret ends: one to come." in refused


def test_program_that_leaves_the_secret_out_keeps_it_with_its_day(oidc: Draft, provider: Provider) -> None:
    before = oidc.stored
    changed = {"issuer": provider.issuer, "client_id": CLIENT_ID, "scopes": ["openid", "groups"]}

    Api(oidc.ada.world).call("PATCH", oidc.api_path, changed | {"on_behalf_of": oidc.ada.organization.admin_id})

    assert oidc.stored.secrets == before.secrets
    assert oidc.stored.settings == before.settings | {"scopes": ["openid", "groups"]}


def test_slow_edit_does_not_bring_back_the_secret_that_was_there_when_it_began(oidc: Draft, provider: Provider) -> None:
    api, by_ada = Api(oidc.ada.world), {"on_behalf_of": oidc.ada.organization.admin_id}
    same = {"issuer": provider.issuer, "client_id": CLIENT_ID, **by_ada}
    renewed = same | {"client_secret": "renewed"}
    oidc.ada.world.clock.advance(days=2)  # what was fetched before is fetched again
    oidc.ada.world.switchboard.end = Interrupted(provider, lambda: api.call("PATCH", oidc.api_path, renewed))

    answer = api.send("PATCH", oidc.api_path, same | {"scopes": ["openid", "groups"]})

    assert answer.status_code == 409
    assert oidc.stored.secrets == {"client_secret": "renewed"}


def test_form_that_was_overtaken_comes_back_and_may_be_saved_again(saml: Draft) -> None:
    mine = saml.form()
    theirs = saml.form() | {"idp.sso_url": "https://idp.test/moved"}
    assert "connection-saved" in saml.save(theirs)

    overtaken = saml.save(mine | {"sign_requests": "yes"})

    assert "Somebody else has changed the settings of this connection meanwhile." in overtaken
    assert saml.stored.settings["idp"]["sso_url"] == "https://idp.test/moved"
    again = filled_in(saml.ada.browser.page)
    assert again["sign_requests"] == "yes"
    assert "connection-saved" in saml.save(again)
    assert saml.stored.settings["idp"]["sso_url"] == SSO_URL


def test_name_that_is_changed_in_a_form_that_was_overtaken_changes_only_the_name(saml: Draft) -> None:
    mine = saml.form()
    saml.save(saml.form() | {"idp.sso_url": "https://idp.test/moved"})

    assert "connection-renamed" in saml.save(mine | {"name": "Renamed"})

    assert saml.stored.settings["idp"]["sso_url"] == "https://idp.test/moved"


def test_new_metadata_takes_the_place_of_what_the_form_was_filled_in_with(saml: Draft) -> None:
    document = metadata(location="https://idp.test/renewed")

    assert "connection-saved" in saml.save(saml.form() | {"idp.metadata_xml": document})

    assert saml.stored.settings["idp"]["sso_url"] == "https://idp.test/renewed"


def test_metadata_beside_something_else_that_was_changed_is_one_way_too_many(saml: Draft) -> None:
    changed = saml.form() | {"idp.metadata_xml": metadata(), "idp.sso_url": "https://idp.test/moved"}

    assert "Give exactly one" in saml.save(changed)


def test_place_of_answers_to_logouts_stays_though_the_form_has_no_field_for_it(saml: Draft) -> None:
    service = '<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
    places = 'Location="https://idp.test/slo" ResponseLocation="https://idp.test/answers"/>'
    document = metadata().replace("<SingleSignOnService", f"{service}{places}<SingleSignOnService", 1)
    assert "connection-saved" in saml.save(saml.form() | {"idp.metadata_xml": document})

    assert "connection-saved" in saml.save(saml.form() | {"attributes.groups": "memberOf"})

    assert saml.stored.settings["idp"]["slo_response_url"] == "https://idp.test/answers"
    assert "connection-saved" in saml.save(saml.form() | {"idp.slo_url": "https://idp.test/other"})
    assert "slo_response_url" not in saml.stored.settings["idp"]


def test_blank_that_separates_groups_stays(saml: Draft) -> None:
    assert "connection-saved" in saml.save(saml.form() | {"attributes.groups_separator": " "})

    assert "connection-renamed" in saml.save(saml.form() | {"name": "Renamed"})

    assert saml.stored.settings["attributes"] == {"groups_separator": " "}


def test_form_that_was_emptied_is_no_rename(saml: Draft) -> None:
    emptied: dict[str, Any] = dict.fromkeys(saml.form(), "") | {"name": "Renamed"}

    assert "Give the metadata URL." in saml.save(emptied)


def test_holder_of_a_link_keeps_no_secret_that_somebody_else_has_entered(oidc: Draft) -> None:
    kim = holder(oidc.ada)
    form = oidc.form(kim, at="/setup/sso") | {"claims.email": "nickname", "claims.email_verification": "assumed"}
    edit = f"/setup/sso/{oidc.id}/edit"

    refused = kim.submit(edit, **form)
    entered = kim.submit(edit, **form | {"client_secret": "of-the-provider"})
    kept = kim.submit(edit, **oidc.form(kim, at="/setup/sso") | {"claims.groups": "roles"})

    assert refused.status_code == 400
    assert "Enter the client secret" in refused.text
    assert entered.status_code == kept.status_code == 303
    assert oidc.stored.secrets == {"client_secret": "of-the-provider"}
