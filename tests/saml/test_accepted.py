"""What honest identity providers send is accepted, and becomes the identity it says."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from app.rules.identity import UNKNOWN_GROUPS, ExternalIdentity, ProviderSession, ReceivedGroups
from saml import library
from tests.saml import forge
from tests.saml.forge import (
    ACS_URL,
    ASSERTION_SIGNED,
    BOTH_SIGNED,
    CBC,
    EMAIL_ADDRESS,
    ENTITY_ID,
    EXCLUSIVE,
    GCM,
    ISSUER,
    MORE,
    NOW,
    REQUEST_ID,
    RESPONSE_SIGNED,
    UNSPECIFIED,
    XENC,
    XENC11,
    Edit,
    Element,
    Encryption,
    Recipe,
    Signing,
    World,
    add,
    attr,
    attribute_list,
    attributes,
    both,
    drop,
    key_value,
    name_id,
    pair,
    put,
    sign_element,
)

XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
MICROSOFT = "http://schemas.microsoft.com/identity/claims"
ENTRA_GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
GROUPS_LINK = "http://schemas.microsoft.com/claims/groups.link"
NO_DESTINATION = attr("/samlp:Response", "Destination", None)
GUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"


ORDINARY = World()


def identity(
    before: Edit | None = None,
    *,
    signing: Signing = ASSERTION_SIGNED,
    world: World = ORDINARY,
    encryption: Encryption | None = None,
) -> ExternalIdentity:
    """What an accepted response becomes; fails with the rejection otherwise."""
    verdict = world.judge(Recipe(signing, before, encryption).post())
    assert isinstance(verdict, ExternalIdentity), verdict
    return verdict


def groups(*names: str) -> ReceivedGroups:
    return ReceivedGroups.of(frozenset(names))


_XML_SCHEMA = etree.XMLSchema


@dataclass(frozen=True)
class Style:
    """How one product writes its assertions."""

    product: str
    signing: Signing
    edit: Edit
    subject: str
    stable: bool
    groups: ReceivedGroups
    name: str = "Alice Archer"
    world: World = field(default=World())
    encryption: Encryption | None = None


STYLES = [
    Style(
        "Okta",
        BOTH_SIGNED,
        both(
            name_id("alice@acme.test", UNSPECIFIED),
            attributes(
                email=("alice@acme.test",), givenName=("Alice",), sn=("Archer",), group=("red", "blue", "green")
            ),
            attr("//saml:AuthnStatement", "AuthnInstant", "2026-11-23T12:00:00.123Z"),
        ),
        "alice@acme.test",
        False,
        groups("red", "blue", "green"),
    ),
    Style(
        "Okta, encrypted",
        BOTH_SIGNED,
        both(
            name_id("alice@acme.test", UNSPECIFIED),
            attributes(email=("alice@acme.test",), givenName=("Alice",), sn=("Archer",), group=("red",)),
        ),
        "alice@acme.test",
        False,
        groups("red"),
        encryption=replace(CBC, beside=True),
    ),
    Style(
        "Entra",
        ASSERTION_SIGNED,
        both(
            name_id("alice@acme.test", EMAIL_ADDRESS),
            attribute_list(
                (f"{MICROSOFT}/tenantid", (GUID,)),
                (f"{MICROSOFT}/objectidentifier", (GUID,)),
                (f"{MICROSOFT}/displayname", ("Alice A. Archer",)),
                (f"{XMLSOAP}/givenname", ("Alice",)),
                (f"{XMLSOAP}/surname", ("Archer",)),
                (f"{XMLSOAP}/emailaddress", ("Alice@Acme.test",)),
                (f"{XMLSOAP}/name", ("alice@acme.onmicrosoft.test",)),
                (ENTRA_GROUPS, (GUID,)),
            ),
            attr("//saml:Conditions", "NotBefore", "2026-11-23T12:00:00.1234567Z"),
        ),
        GUID,
        True,
        groups(GUID),
        "Alice A. Archer",
        World(attributes={"subject": f"{MICROSOFT}/objectidentifier"}),
    ),
    Style(
        "Entra with more than 150 groups",
        ASSERTION_SIGNED,
        attribute_list((f"{XMLSOAP}/emailaddress", ("alice@acme.test",)), (GROUPS_LINK, ("https://graph.test/x",))),
        "u-1",
        True,
        UNKNOWN_GROUPS,
        "",
    ),
    Style(
        "ADFS",
        ASSERTION_SIGNED,
        both(
            name_id("alice@acme.test", EMAIL_ADDRESS),
            attribute_list(
                (f"{XMLSOAP}/givenname", ("Alice",)),
                (f"{XMLSOAP}/surname", ("Archer",)),
                ("http://schemas.xmlsoap.org/claims/Group", ("Domain Users", "IT")),
            ),
        ),
        "alice@acme.test",
        False,
        groups("Domain Users", "IT"),
    ),
    Style(
        "ADFS, encrypted, response signed as well",
        BOTH_SIGNED,
        both(
            name_id("alice@acme.test", EMAIL_ADDRESS),
            attribute_list((f"{XMLSOAP}/givenname", ("Alice",)), (f"{XMLSOAP}/surname", ("Archer",))),
        ),
        "alice@acme.test",
        False,
        UNKNOWN_GROUPS,
        encryption=CBC,
    ),
    Style(
        "Google",
        ASSERTION_SIGNED,
        both(
            name_id("alice@acme.test", EMAIL_ADDRESS),
            attributes(email=("alice@acme.test",), firstName=("Alice",), lastName=("Archer",), groups=("Staff",)),
        ),
        "alice@acme.test",
        False,
        groups("Staff"),
    ),
    Style(
        "Google with Signed response",
        RESPONSE_SIGNED,
        both(
            name_id("alice@acme.test", EMAIL_ADDRESS),
            attributes(email=("alice@acme.test",), firstName=("Alice",), lastName=("Archer",)),
        ),
        "alice@acme.test",
        False,
        UNKNOWN_GROUPS,
    ),
    Style(
        "PingFederate, assertion signed, no Destination",
        ASSERTION_SIGNED,
        both(
            NO_DESTINATION,
            name_id("alice@acme.test", EMAIL_ADDRESS),
            attributes(firstname=("Alice",), lastname=("Archer",), memberOf=("red,green, blue,",)),
        ),
        "alice@acme.test",
        False,
        groups("red", "green", "blue"),
        world=World(attributes={"groups_separator": ","}),
    ),
    Style(
        "PingFederate, response signed",
        RESPONSE_SIGNED,
        both(name_id("alice@acme.test", EMAIL_ADDRESS), attributes(firstname=("Alice",), lastname=("Archer",))),
        "alice@acme.test",
        False,
        UNKNOWN_GROUPS,
    ),
    Style(
        "PingFederate, both signed and encrypted",
        BOTH_SIGNED,
        both(name_id("alice@acme.test", EMAIL_ADDRESS), attributes(firstname=("Alice",), lastname=("Archer",))),
        "alice@acme.test",
        False,
        UNKNOWN_GROUPS,
        encryption=CBC,
    ),
    Style(
        "Keycloak with one Attribute for each role",
        BOTH_SIGNED,
        attribute_list(("email", ("alice@acme.test",)), ("Role", ("a",)), ("Role", ("b",)), ("givenName", ("Alice",))),
        "u-1",
        True,
        groups("a", "b"),
        "Alice",
        World(attributes={"groups": "Role"}),
    ),
    Style(
        "OneLogin without attributes",
        ASSERTION_SIGNED,
        both(name_id("alice@acme.test", EMAIL_ADDRESS), drop("//saml:AttributeStatement")),
        "alice@acme.test",
        False,
        UNKNOWN_GROUPS,
        "",
    ),
    Style(
        "Auth0",
        RESPONSE_SIGNED,
        both(
            name_id("auth0|5f7c", UNSPECIFIED),
            attribute_list(
                (f"{XMLSOAP}/emailaddress", ("alice@acme.test",)),
                (f"{XMLSOAP}/givenname", ("Alice",)),
                (f"{XMLSOAP}/surname", ("Archer",)),
                ("http://schemas.auth0.com/groups", ("red",)),
            ),
        ),
        "auth0|5f7c",
        False,
        groups("red"),
    ),
    Style(
        "Shibboleth by object identifiers",
        BOTH_SIGNED,
        attribute_list(
            ("urn:oid:0.9.2342.19200300.100.1.3", ("alice@acme.test",)),
            ("urn:oid:2.16.840.1.113730.3.1.241", ("Alice Archer",)),
            ("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", ("<saml:NameID>opaque</saml:NameID>",)),
        ),
        "u-1",
        True,
        UNKNOWN_GROUPS,
    ),
]


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.product)
def test_style_of_product_is_accepted(style: Style) -> None:
    found = identity(style.edit, signing=style.signing, world=style.world, encryption=style.encryption)
    assert (found.issuer, found.email, found.name) == (ISSUER, "alice@acme.test", style.name)
    assert (found.subject, found.subject_is_stable) == (style.subject, style.stable)
    assert found.groups == style.groups


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.product)
@pytest.mark.parametrize(
    "signing", [ASSERTION_SIGNED, RESPONSE_SIGNED, BOTH_SIGNED], ids=lambda signing: "+".join(signing.where)
)
def test_style_of_product_is_accepted_in_each_signing_shape(style: Style, signing: Signing) -> None:
    addressed = both(style.edit, attr("/samlp:Response", "Destination", ACS_URL))
    assert identity(addressed, signing=signing, world=style.world).email == "alice@acme.test"


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.product)
@pytest.mark.parametrize(
    "signing", [ASSERTION_SIGNED, RESPONSE_SIGNED, BOTH_SIGNED], ids=lambda signing: "+".join(signing.where)
)
def test_style_of_product_is_the_same_person_when_it_is_encrypted(style: Style, signing: Signing) -> None:
    addressed = both(style.edit, attr("/samlp:Response", "Destination", ACS_URL))
    plain = identity(addressed, signing=signing, world=style.world)
    assert identity(addressed, signing=signing, world=style.world, encryption=GCM) == plain


@pytest.mark.parametrize(
    "encryption",
    [
        *(replace(GCM, data=f"{XENC11}aes{bits}-gcm", key_bytes=bits // 8) for bits in (128, 192, 256)),
        *(replace(CBC, data=f"{XENC}aes{bits}-cbc", key_bytes=bits // 8) for bits in (128, 192)),
        replace(GCM, digest=None),
        replace(GCM, digest=f"{XENC}sha256"),
        replace(GCM, wrapping=f"{XENC11}rsa-oaep"),
    ],
    ids=lambda encryption: f"{encryption.data[-10:]} {encryption.wrapping[-10:]} {str(encryption.digest)[-6:]}",
)
def test_allowed_encryption_is_decrypted(encryption: Encryption) -> None:
    assert identity(signing=RESPONSE_SIGNED, encryption=encryption).subject == "u-1"


@pytest.mark.parametrize("own", [("own", "own 2"), ("own 2", "own")], ids=["first", "second"])
def test_each_of_two_own_keys_decrypts(own: tuple[str, ...]) -> None:
    assert identity(encryption=GCM, world=World(own=own)).subject == "u-1"


def test_prefixes_of_the_response_hold_inside_what_is_encrypted() -> None:
    """As of products that encrypt what they have written without its namespaces."""

    def undeclared(plain: bytes) -> bytes:
        return re.sub(rb' xmlns:\w+="[^"]+"', b"", plain, count=0)

    sent = identity(signing=RESPONSE_SIGNED, encryption=replace(GCM, inside=undeclared))
    assert sent == identity(signing=RESPONSE_SIGNED)


def test_assertion_that_was_signed_as_a_document_of_its_own_keeps_its_prefixes_inside_what_is_encrypted() -> None:
    alone = etree.fromstring(
        etree.tostring(forge.one(forge.response(), "/samlp:Response/saml:Assertion"), with_tail=False)
        .replace(b'xmlns:saml="', b'xmlns="')
        .replace(b"<saml:", b"<")
        .replace(b"</saml:", b"</")
    )
    forge.sign_element(alone, forge.ASSERTION_SIGNED)
    root = forge.response()
    forge.encrypt(root, replace(forge.GCM, inside=lambda _: etree.tostring(alone)))

    judged = World().judge(base64.b64encode(etree.tostring(root)).decode())

    assert isinstance(judged, ExternalIdentity), judged


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.product)
def test_style_of_product_is_the_same_person_when_nobody_asked(style: Style) -> None:
    world = replace(style.world, asked=False, allows_unsolicited=True)
    unasked = identity(both(style.edit, forge.nobody_asked), signing=style.signing, world=world)
    assert unasked == identity(style.edit, signing=style.signing, world=style.world)


def test_answer_that_was_asked_for_is_accepted_where_others_are_allowed_too() -> None:
    assert identity(world=World(allows_unsolicited=True)).subject == "u-1"


def test_ordinary_response_becomes_the_whole_identity() -> None:
    assert identity() == ExternalIdentity(
        issuer=ISSUER,
        subject="u-1",
        subject_is_stable=True,
        email="alice@acme.test",
        name="Alice Archer",
        groups=groups("staff", "it"),
        replay_key="_assertion",
        replay_until=NOW + timedelta(seconds=300 + 120),
        authenticated_at=NOW,
        session_until=NOW + timedelta(hours=8),
        session=ProviderSession(
            issuer=ISSUER,
            subject="u-1",
            index="_session",
            qualifiers={"Format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"},
            hint={"Format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"},
        ),
        received={
            "email": ("alice@acme.test",),
            "firstName": ("Alice",),
            "lastName": ("Archer",),
            "groups": ("staff", "it"),
        },
        signed_with=frozenset({"idp"}),
    )


@pytest.mark.parametrize("signing", [Signing(key="old"), replace(BOTH_SIGNED, key="old")])
def test_certificate_that_verified_is_named(signing: Signing) -> None:
    verdict = World(certificates=("idp", "old", "ec")).judge(Recipe(signing).post())
    assert isinstance(verdict, ExternalIdentity)
    assert verdict.signed_with == frozenset({"old"})


def test_both_certificates_are_named_where_two_signed() -> None:
    def sign_response(root: Element) -> None:
        sign_element(root, Signing(key="old"))

    verdict = World(certificates=("idp", "old")).judge(Recipe(after=sign_response).post())
    assert isinstance(verdict, ExternalIdentity), verdict
    assert verdict.signed_with == frozenset({"idp", "old"})


@pytest.mark.parametrize(
    "signing",
    [
        *(Signing(method=f"{MORE}rsa-sha{bits}") for bits in (384, 512)),
        *(Signing(key="ec", method=f"{MORE}ecdsa-sha{bits}") for bits in (256, 384, 512)),
        Signing(digest=f"{MORE}sha384"),
        Signing(digest="http://www.w3.org/2001/04/xmlenc#sha512"),
        Signing(canonicalization=f"{EXCLUSIVE}WithComments"),
        replace(ASSERTION_SIGNED, transforms=(ASSERTION_SIGNED.transforms[0], f"{EXCLUSIVE}WithComments")),
    ],
    ids=lambda signing: f"{signing.method[-12:]} {signing.digest[-6:]} {signing.canonicalization[-12:]}",
)
def test_allowed_algorithm_is_accepted(signing: Signing) -> None:
    assert identity(signing=signing, world=World(certificates=(signing.key,))).subject == "u-1"


def test_new_certificate_beside_the_old_one_is_accepted() -> None:
    world = World(certificates=("old", "idp"))
    assert identity(world=world).subject == identity(signing=Signing(key="old"), world=world).subject


def test_prefixes_named_for_canonicalization_are_accepted() -> None:
    assert identity(signing=Signing(prefixes="xs xsi")).subject == "u-1"


def test_key_hints_beside_the_certificate_are_passed_over() -> None:
    keycloak = both(
        add("//ds:KeyInfo", "<ds:KeyName>k1</ds:KeyName>", at=0), add("//ds:KeyInfo", key_value("attacker"))
    )
    assert isinstance(World().judge(Recipe(after=keycloak).post()), ExternalIdentity)


def test_base64_in_lines_is_accepted() -> None:
    folded = Recipe(posted=lambda text: "\r\n".join(text[start : start + 76] for start in range(0, len(text), 76)))
    assert isinstance(World().judge(folded.post()), ExternalIdentity)


def test_byte_order_mark_of_utf_8_is_accepted() -> None:
    marked = Recipe(raw=lambda xml: b"\xef\xbb\xbf" + xml)
    assert isinstance(World().judge(marked.post()), ExternalIdentity)


def test_provider_without_issuer_in_the_response_is_accepted() -> None:
    assert identity(drop("/samlp:Response/saml:Issuer")).subject == "u-1"


# The library alone, with its 300 seconds here and none there, would refuse half of these.
@pytest.mark.parametrize("seconds", [-119, -60, -1, 0, 1, 60, 119])
def test_provider_whose_clock_is_off_by_less_than_the_skew_is_accepted(seconds: int) -> None:
    stamp = (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    ended = (NOW + timedelta(seconds=min(seconds, 0) + 1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    clock = both(
        attr("//saml:Assertion", "IssueInstant", stamp),
        attr("//saml:AuthnStatement", "AuthnInstant", stamp),
        attr("//saml:Conditions", "NotBefore", stamp),
        attr("//saml:Conditions", "NotOnOrAfter", ended),
        attr("//saml:SubjectConfirmationData", "NotBefore", stamp),
        attr("//saml:SubjectConfirmationData", "NotOnOrAfter", ended),
        attr("//saml:AuthnStatement", "SessionNotOnOrAfter", ended),
    )
    assert identity(clock, world=World(is_test=True)).email == "alice@acme.test"


def test_response_of_another_year_is_judged_by_the_clock_that_is_passed_in() -> None:
    stopped = World(now=datetime(2026, 11, 23, 12, 4, 59, tzinfo=UTC))
    assert identity(world=stopped).subject == "u-1"


@pytest.mark.parametrize("written", ["2026-11-23T13:00:00+01:00", "2026-11-23T12:00:00"])
def test_time_in_another_spelling_is_understood(written: str) -> None:
    found = identity(attr("//saml:AuthnStatement", "AuthnInstant", written))
    assert found.authenticated_at == NOW


def test_sign_in_from_an_old_session_is_accepted_when_it_is_no_test() -> None:
    old = identity(attr("//saml:AuthnStatement", "AuthnInstant", "2026-09-01T08:00:00Z"))
    assert old.authenticated_at == datetime(2026, 9, 1, 8, tzinfo=UTC)


def test_session_without_an_end_has_none() -> None:
    assert identity(attr("//saml:AuthnStatement", "SessionNotOnOrAfter", None)).session_until is None


def test_assertion_without_dates_in_conditions_is_accepted() -> None:
    timeless = both(attr("//saml:Conditions", "NotBefore", None), attr("//saml:Conditions", "NotOnOrAfter", None))
    assert identity(timeless).subject == "u-1"


def test_conditions_of_saml_itself_are_accepted() -> None:
    known = both(add("//saml:Conditions", "<saml:OneTimeUse/>"), add("//saml:Conditions", "<saml:ProxyRestriction/>"))
    assert identity(known).subject == "u-1"


def test_one_audience_of_several_is_enough() -> None:
    more = add("//saml:AudienceRestriction", "<saml:Audience>https://other.test</saml:Audience>", at=0)
    assert identity(more).subject == "u-1"


def test_replay_is_remembered_for_a_day_at_most() -> None:
    endless = identity(attr("//saml:SubjectConfirmationData", "NotOnOrAfter", "9999-12-31T23:59:59Z"))
    assert endless.replay_until == NOW + timedelta(days=1, seconds=120)


def test_one_good_confirmation_among_several_is_enough() -> None:
    other = f"""<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
    NotOnOrAfter="2026-11-23T12:03:00Z" Recipient="https://other.test/acs" InResponseTo="{REQUEST_ID}"/>
    </saml:SubjectConfirmation>"""
    assert identity(add("//saml:Subject", other, at=1)).subject == "u-1"


def test_name_id_qualified_for_us_is_accepted_and_trimmed() -> None:
    qualified = both(attr("//saml:NameID", "SPNameQualifier", ENTITY_ID), put("//saml:NameID", " u-1\n"))
    assert identity(qualified).subject == "u-1"


def test_characters_in_cdata_are_read_whole() -> None:
    wrapped = Recipe(raw=lambda xml: xml.replace(b">Alice<", b"><![CDATA[Ali]]>ce<"))
    verdict = World().judge(wrapped.post())
    assert isinstance(verdict, ExternalIdentity)
    assert verdict.name == "Alice Archer"


def test_address_is_trimmed_and_lower_case() -> None:
    assert identity(attributes(email=("  Alice@ACME.test\n",))).email == "alice@acme.test"


def test_name_is_one_line_of_limited_length() -> None:
    sent = attributes(email=("alice@acme.test",), displayName=(f"Alice\n  {'A' * 300}",))
    assert identity(sent).name == f"Alice {'A' * 194}"


def test_usual_names_that_agree_are_one_address() -> None:
    assert identity(attributes(email=("alice@acme.test",), mail=("Alice@acme.test",))).email == "alice@acme.test"


def test_chosen_attributes_are_the_only_ones_looked_at() -> None:
    chosen = World(
        attributes={
            "subject": "uid",
            "email": "work",
            "first_name": "given",
            "last_name": "family",
            "display_name": "shown",
            "groups": "teams",
        }
    )
    sent = attributes(
        uid=("7",),
        work=("alice@acme.test",),
        email=("bob@acme.test",),
        given=("Ann",),
        family=("Other",),
        displayName=("Not this",),
        teams=("red",),
        groups=("blue",),
    )
    found = identity(both(sent, drop("//saml:NameID")), world=chosen)
    assert (found.subject, found.subject_is_stable, found.email) == ("7", True, "alice@acme.test")
    assert (found.name, found.groups) == ("Ann Other", groups("red"))


def test_groups_attribute_without_a_value_is_empty() -> None:
    assert identity(attributes(email=("alice@acme.test",), groups=())).groups == groups()


def test_groups_attribute_that_is_not_sent_is_unknown() -> None:
    assert identity(attributes(email=("alice@acme.test",))).groups == UNKNOWN_GROUPS


def test_overage_link_beside_groups_is_unknown() -> None:
    sent = attribute_list(
        ("email", ("alice@acme.test",)), (ENTRA_GROUPS, (GUID,)), (GROUPS_LINK, ("https://graph.test",))
    )
    assert identity(sent).groups == UNKNOWN_GROUPS


def test_certificate_in_the_response_is_not_what_is_trusted() -> None:
    foreign = Recipe(after=put("//ds:X509Certificate", pair("attacker").der))
    assert isinstance(World().judge(foreign.post()), ExternalIdentity)


def test_schema_is_compiled_once_however_many_responses_come(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []

    def compile_schema(*, file: str) -> etree.XMLSchema:
        compiled.append(file)
        return _XML_SCHEMA(file=file)

    monkeypatch.setattr(library, "_compiled", library._Compiled())
    monkeypatch.setattr(etree, "XMLSchema", compile_schema)

    for _ in range(3):
        identity()

    assert len(compiled) == 1
