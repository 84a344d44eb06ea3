"""The whole way with a provider that nobody here wrote: npm samlp over HTTP, from metadata to identity."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import pytest
from flask import Flask
from flask.typing import ResponseReturnValue
from lxml import html

from app.ports.clock import SystemClock
from app.ports.http import GuardedHttp
from app.rules.connections import Flow, Revision, Verify, VerifyUnsolicited, Wish
from app.rules.identity import ExternalIdentity, ReceivedGroups, Rejection
from saml.blueprint import create_blueprint
from saml.kind import SamlKind
from tests.identity_providers import SamlIdentityProvider, Signing
from tests.saml.forge import BASE_URL, CONNECTION, World, pair
from tests.servers.identity_providers import ADA, SamlIdp
from tests.way_out import OneWayOut


class RealDoor:
    """Sends the browser away with one flow and takes it back."""

    def __init__(self, kind: SamlKind, provider: SamlIdentityProvider) -> None:
        settings = kind.read_settings({"idp": {"metadata_url": provider.metadata_url}}).settings
        self._kind = kind
        self._revision = replace(World().revision(), settings=settings, verified_hosts=frozenset({"example.test"}))
        self._flow = Flow("handle", "_f1", "", "", datetime.now(UTC), authenticate_again=True)
        self.verdict: ExternalIdentity | Rejection | None = None

    def start(self, connection_id: str, *, protocol: str, wish: Wish | None = None) -> ResponseReturnValue:
        return self._kind.start(self._revision, self._flow)

    def receive(
        self,
        connection_id: str,
        *,
        protocol: str,
        handle: str,
        verify: Verify,
        unsolicited: VerifyUnsolicited | None = None,
    ) -> ResponseReturnValue:
        assert handle == self._flow.handle
        self.verdict = verify(self._revision, self._flow, datetime.now(UTC))
        return ""

    def described(self, connection_id: str, *, protocol: str) -> Revision:
        return self._revision


def page(url: str, fields: dict[str, str] | None = None) -> html.HtmlElement:
    data = urlencode(fields).encode() if fields else None
    with build_opener(ProxyHandler({})).open(url, data, timeout=10) as answer:
        return html.document_fromstring(answer.read())


def hidden(document: html.HtmlElement) -> dict[str, str]:
    return {str(field.get("name")): str(field.get("value")) for field in document.iter("input")}


def sign_in(provider: SamlIdentityProvider, choice: dict[str, str]) -> ExternalIdentity | Rejection | None:
    """Go to the provider, choose on its page, and post what it answers to the ACS."""
    kind = SamlKind(base_url=BASE_URL, http=GuardedHttp(allow_private_addresses=True), clock=SystemClock())
    door = RealDoor(kind, provider)
    application = Flask(__name__)
    application.register_blueprint(
        create_blueprint(kind=kind, door=door, way_out=OneWayOut(World().revision(), datetime.now(UTC)))
    )
    browser = application.test_client()
    asked = page(browser.get(f"/saml/{CONNECTION}/login").text)
    answered = page(f"{provider.url}/choose", hidden(asked) | choice)
    browser.post(f"/saml/{CONNECTION}/acs", data=hidden(answered))
    return door.verdict


@pytest.mark.parametrize("signing", ["assertion", "response", "both"])
def test_person_chosen_at_the_provider_is_who_signed_in(saml_idp: SamlIdp, signing: Signing) -> None:
    provider = saml_idp(signing=signing)
    verdict = sign_in(provider, {"user": ADA.id})
    assert isinstance(verdict, ExternalIdentity), verdict
    assert (verdict.issuer, verdict.subject, verdict.email) == (provider.entity_id, ADA.id, ADA.email)
    assert (verdict.name, verdict.subject_is_stable) == ("Ada Lovelace", True)
    assert verdict.groups == ReceivedGroups.of(frozenset(ADA.groups))
    provider.stop()


def test_person_who_refuses_at_the_provider_is_told_so(saml_idp: SamlIdp) -> None:
    provider = saml_idp()
    verdict = sign_in(provider, {"refuse": "yes"})
    assert isinstance(verdict, Rejection)
    assert verdict.name == "status_not_success"
    assert verdict.received == "urn:oasis:names:tc:SAML:2.0:status:Responder"
    provider.stop()


def test_encrypted_assertion_of_the_provider_is_decrypted(saml_idp: SamlIdp) -> None:
    provider = saml_idp(signing="encrypted", encryption_certificate=pair("own").certificate)
    verdict = sign_in(provider, {"user": ADA.id})
    assert isinstance(verdict, ExternalIdentity), verdict
    assert (verdict.subject, verdict.email) == (ADA.id, ADA.email)
    provider.stop()


def test_assertion_encrypted_for_somebody_else_is_refused_by_name(saml_idp: SamlIdp) -> None:
    provider = saml_idp(signing="encrypted", encryption_certificate=pair("idp").certificate)
    verdict = sign_in(provider, {"user": ADA.id})
    assert isinstance(verdict, Rejection)
    assert verdict.name == "decryption_failed"
    provider.stop()
