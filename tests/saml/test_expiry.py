"""When the certificates of an identity provider end, and in whose words it is said where new ones are made."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.rules.certificates import Certificate
from app.rules.expiry import Expiring
from app.rules.identity_providers import Provider
from saml.certificates import read_certificate
from saml.expiry import certificate_expiries, product_of
from tests.saml.forge import NOW, pair


def certificates(*names: str) -> tuple[Certificate, ...]:
    return tuple(read_certificate(pair(name).der) for name in names)


def test_every_signing_certificate_ends_when_it_says() -> None:
    idp = {"entity_id": "http://www.okta.com/exk1", "sso_url": "https://acme.okta.com/sso"}

    found = certificate_expiries({"idp": idp}, certificates("idp", "old"))

    assert [(one.what, one.at) for one in found] == [(Expiring.SIGNING_CERTIFICATE, NOW + timedelta(days=1000))] * 2
    assert "SAML Signing Certificates" in found[0].renewal


def test_certificates_of_followed_metadata_are_said_to_come_by_themselves() -> None:
    idp = {"entity_id": "acme"}

    (by_hand,) = certificate_expiries({"idp": idp}, certificates("idp"))
    (followed,) = certificate_expiries(
        {"idp": idp | {"metadata_url": "https://idp.test/metadata"}}, certificates("idp")
    )

    assert "edit the connection here" in by_hand.renewal
    assert "trusted by itself" in followed.renewal


@pytest.mark.parametrize(
    ("entity_id", "sso_url", "product"),
    [
        ("http://www.okta.com/exk1fcia6d6EMsf331d8", "https://acme.okta.com/app/x/sso/saml", Provider.OKTA),
        ("acme", "https://acme.oktapreview.com/app/x/sso/saml", Provider.OKTA),
        ("https://sts.windows.net/31537af4-6d77-4bb9-a681-d2394888ea26/", "https://login.test/saml2", Provider.ENTRA),
        ("acme", "https://login.microsoftonline.com/31537af4/saml2", Provider.ENTRA),
        ("https://accounts.google.com/o/saml2?idpid=C01", "https://accounts.google.com/o/saml2/idp", Provider.GOOGLE),
        ("https://keycloak.acme.test/realms/acme", "https://keycloak.acme.test/realms/acme/saml", Provider.OTHER),
        ("https://okta.com.evil.test", "https://evil-okta.com/sso", Provider.OTHER),
        ("https://[broken", "urn:acme", Provider.OTHER),
    ],
)
def test_product_is_told_by_the_entity_id_or_by_where_people_sign_in(
    entity_id: str, sso_url: str, product: Provider
) -> None:
    assert product_of({"idp": {"entity_id": entity_id, "sso_url": sso_url}}) is product


def test_every_product_has_words_for_where_a_certificate_is_made() -> None:
    known = ("http://www.okta.com/x", "https://sts.windows.net/x/", "https://accounts.google.com/x", "acme")

    said = {
        expiry.renewal
        for entity_id in known
        for expiry in certificate_expiries({"idp": {"entity_id": entity_id}}, certificates("idp"))
    }

    assert len(said) == len(Provider)
