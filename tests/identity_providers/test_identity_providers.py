"""The identity providers of the tests work: metadata and discovery are served, and what they sign verifies."""

import json
from urllib.request import ProxyHandler, build_opener

import pytest
import xmlsec
from lxml import etree

from tests.identity_providers import KeyPair, Person, SamlIdentityProvider, Signing
from tests.servers.identity_providers import OidcIdp, SamlIdp

ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"


def fetch(url: str) -> bytes:
    with build_opener(ProxyHandler({})).open(url, timeout=10) as response:
        return bytes(response.read())


def verify(element: etree._Element, provider: SamlIdentityProvider) -> None:
    """Verify the signature that stands directly in an element with the provider's certificate."""
    signature = element.find(f"{{{SIGNATURE}}}Signature")
    assert signature is not None
    xmlsec.tree.add_ids(element, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(provider.certificate, xmlsec.constants.KeyDataFormatCertPem)
    context.verify(signature)


def response(provider: SamlIdentityProvider) -> etree._Element:
    xml = provider.respond("u-ada", acs="http://127.0.0.1:1/acs", audience="sp", in_response_to="_request")
    return etree.fromstring(xml)


def test_saml_metadata_is_served(saml_idp: SamlIdp) -> None:
    provider = saml_idp()
    metadata = etree.fromstring(fetch(provider.metadata_url))
    locations = metadata.findall(f".//{{{METADATA}}}SingleSignOnService")
    assert metadata.get("entityID") == provider.entity_id
    assert {location.get("Location") for location in locations} == {provider.sso_url}


@pytest.mark.parametrize(
    ("signing", "assertion_signed", "response_signed"),
    [("assertion", True, False), ("response", False, True), ("both", True, True)],
)
def test_saml_signs_what_it_is_told_to(
    saml_idp: SamlIdp, signing: Signing, assertion_signed: bool, response_signed: bool
) -> None:
    provider = saml_idp(signing=signing)
    document = response(provider)
    assertion = document.find(f"{{{ASSERTION}}}Assertion")
    assert assertion is not None
    for element, signed in ((document, response_signed), (assertion, assertion_signed)):
        if signed:
            verify(element, provider)
        else:
            assert element.find(f"{{{SIGNATURE}}}Signature") is None
    provider.stop()


def test_saml_sends_attributes_and_follows_control(saml_idp: SamlIdp) -> None:
    provider = saml_idp()
    provider.set_people([Person("u-ada", "ada@new.test", "Ada", "L", ("One", "Two"))])
    old_certificate = provider.certificate
    provider.rotate_certificate()
    document = response(provider)
    assertion = document.find(f"{{{ASSERTION}}}Assertion")
    assert assertion is not None
    verify(assertion, provider)
    assert provider.certificate != old_certificate
    values = {
        attribute.get("Name"): [value.text for value in attribute]
        for attribute in assertion.iter(f"{{{ASSERTION}}}Attribute")
    }
    assert values == {"email": ["ada@new.test"], "firstName": ["Ada"], "lastName": ["L"], "groups": ["One", "Two"]}


def test_saml_encrypts_for_the_service_provider(saml_idp: SamlIdp, tmp_path_factory: pytest.TempPathFactory) -> None:
    own = KeyPair.make(tmp_path_factory.mktemp("service-provider"))
    provider = saml_idp(signing="encrypted", encryption_certificate=own.certificate.read_text("ascii"))
    encrypted = response(provider).find(f".//{{{ASSERTION}}}EncryptedAssertion")
    assert encrypted is not None
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_file(str(own.key), xmlsec.constants.KeyDataFormatPem))
    assertion = xmlsec.EncryptionContext(manager).decrypt(encrypted[0])
    assert assertion.tag == f"{{{ASSERTION}}}Assertion"


def test_oidc_discovery_is_served(oidc_idp: OidcIdp) -> None:
    provider = oidc_idp()
    document = json.loads(fetch(f"{provider.issuer}/.well-known/openid-configuration"))
    assert document["issuer"] == provider.issuer
    before = json.loads(fetch(document["jwks_uri"]))["keys"]
    provider.rotate_keys()
    after = json.loads(fetch(document["jwks_uri"]))["keys"]
    assert {key["kid"] for key in before}.isdisjoint({key["kid"] for key in after})
