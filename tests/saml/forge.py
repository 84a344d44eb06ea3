"""Makes SAML responses with real keys and signatures, and bends them in one place each."""

from __future__ import annotations

import base64
import functools
import os
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID
from lxml import etree
from lxml.etree import _Element

from app.ports.http import HttpAnswer, HttpFailedError
from app.rules.connections import Flow, OwnKey, Revision
from app.rules.identity import ExternalIdentity, Rejection, Stray, Unasked, Unverified
from app.rules.ids import ConnectionId, RevisionId
from saml.kind import SamlKind

BASE_URL = "https://doorward.test"
CONNECTION = ConnectionId("conn_1")
ENTITY_ID = f"{BASE_URL}/saml/{CONNECTION}/metadata"
ACS_URL = f"{BASE_URL}/saml/{CONNECTION}/acs"
ISSUER = "https://idp.test/metadata"
SSO_URL = "https://idp.test/sso"
REQUEST_ID = "_request"
NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
STARTED_AT = NOW - timedelta(seconds=30)

NAMESPACES = {
    "e": "http://www.w3.org/2001/04/xmlenc#",
    "e11": "http://www.w3.org/2009/xmlenc11#",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
Element = _Element
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey
Edit = Callable[[Element], None]


@dataclass(frozen=True)
class Pair:
    """A private key and a certificate of it, both PEM."""

    key: bytes
    certificate: str

    @property
    def der(self) -> str:
        """The certificate as metadata carries it."""
        return "".join(self.certificate.splitlines()[1:-1])


@functools.cache
def pair(name: str) -> Pair:
    """One key pair of each name for the whole run: `idp`, `old`, `attacker`, Doorward's `own`, and those that say what
    they are.

    A number at the end makes another one of the kind (`ec 3`). The certificate of `next` ends later than the others,
    that of `ending` soon.
    """
    keys: Mapping[str, Callable[[], PrivateKey]] = {
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "odd curve": lambda: ec.generate_private_key(ec.SECP256K1()),
        "dsa": lambda: dsa.generate_private_key(2048),
        "weak": lambda: rsa.generate_private_key(65537, 1024),
    }
    key = keys.get(name.rstrip("0123456789 "), lambda: rsa.generate_private_key(65537, 2048))()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=2000 if name.startswith("next") else 20 if name == "ending" else 1000))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(private, certificate.public_bytes(serialization.Encoding.PEM).decode())


EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"


@dataclass(frozen=True)
class Signing:
    """What is signed, with which key and algorithms. `where` is any of `assertion` and `response`."""

    where: tuple[str, ...] = ("assertion",)
    key: str = "idp"
    method: str = f"{MORE}rsa-sha256"
    digest: str = "http://www.w3.org/2001/04/xmlenc#sha256"
    canonicalization: str = EXCLUSIVE
    transforms: tuple[str, ...] = (ENVELOPED, EXCLUSIVE)
    prefixes: str = ""


ASSERTION_SIGNED = Signing()
RESPONSE_SIGNED = Signing(where=("response",))
BOTH_SIGNED = Signing(where=("assertion", "response"))
UNSIGNED = Signing(where=())


XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
_HASHES: Mapping[str | None, type[hashes.HashAlgorithm]] = {
    None: hashes.SHA1,
    SHA1: hashes.SHA1,
    f"{XENC}sha256": hashes.SHA256,
}


@dataclass(frozen=True)
class Encryption:
    """For whom an assertion is encrypted, with which algorithms, and how it is written down.

    `beside` puts the key behind the data, with a RetrievalMethod that names it, as Okta does. `inside` changes what is
    encrypted, `content_key` how long its key is, `value` and `wrapped_key` the octets that come of it.
    """

    key: str = "own"
    data: str = f"{XENC11}aes256-gcm"
    wrapping: str = f"{XENC}rsa-oaep-mgf1p"
    digest: str | None = SHA1
    beside: bool = False
    inside: Callable[[bytes], bytes] = lambda plain: plain
    key_bytes: int = 32
    value: Callable[[bytes], bytes] = lambda octets: octets
    wrapped_key: Callable[[bytes], bytes] = lambda octets: octets


GCM = Encryption()
CBC = Encryption(data=f"{XENC}aes256-cbc")


def encrypt(root: Element, encryption: Encryption) -> None:
    """Put an EncryptedAssertion in the place of the Assertion."""
    assertion = one(root, "/samlp:Response/saml:Assertion")
    assertion.tail = None
    content_key = os.urandom(encryption.key_bytes)
    value = encryption.value(_encrypted(encryption.inside(etree.tostring(assertion)), content_key, encryption))
    methods = f'<ds:DigestMethod Algorithm="{encryption.digest}"/>' if encryption.digest else ""
    wrapped = encryption.wrapped_key(_wrapped(content_key, encryption))
    encrypted_key = f"""<e:EncryptedKey xmlns:e="{XENC}" Id="_key"><e:EncryptionMethod Algorithm="{encryption.wrapping}"
    >{methods}</e:EncryptionMethod><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{pair(encryption.key).der}
    </ds:X509Certificate></ds:X509Data></ds:KeyInfo><e:CipherData><e:CipherValue>{_folded(wrapped)}</e:CipherValue>
    </e:CipherData></e:EncryptedKey>"""
    named = f'<ds:RetrievalMethod Type="{XENC}EncryptedKey" URI="#_key"/>'
    parent = assertion.getparent()
    assert parent is not None
    parent.replace(
        assertion,
        element(
            f"""<saml:EncryptedAssertion><e:EncryptedData xmlns:e="{XENC}" Type="{XENC}Element"><e:EncryptionMethod
            Algorithm="{encryption.data}"/><ds:KeyInfo>{named if encryption.beside else encrypted_key}</ds:KeyInfo>
            <e:CipherData><e:CipherValue>{_folded(value)}</e:CipherValue></e:CipherData></e:EncryptedData>
            {encrypted_key if encryption.beside else ""}</saml:EncryptedAssertion>"""
        ),
    )


def _encrypted(plain: bytes, content_key: bytes, encryption: Encryption) -> bytes:
    if encryption.data.endswith("-gcm"):
        nonce = os.urandom(12)
        return nonce + AESGCM(content_key).encrypt(nonce, plain, None)
    vector = os.urandom(16)
    count = 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES(content_key), modes.CBC(vector)).encryptor()
    return vector + encryptor.update(plain + bytes(count - 1) + bytes([count])) + encryptor.finalize()


def _wrapped(content_key: bytes, encryption: Encryption) -> bytes:
    key = x509.load_pem_x509_certificate(pair(encryption.key).certificate.encode()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    if encryption.wrapping.endswith("rsa-1_5"):
        return key.encrypt(content_key, padding.PKCS1v15())
    return key.encrypt(content_key, padding.OAEP(padding.MGF1(hashes.SHA1()), _HASHES[encryption.digest](), None))


def _folded(octets: bytes) -> str:
    """As Java writes it."""
    return "\n".join(textwrap.wrap(base64.b64encode(octets).decode(), 76))


def prefix_list(prefixes: str) -> str:
    """What exclusive canonicalization may be given."""
    return f'<e:InclusiveNamespaces xmlns:e="{EXCLUSIVE}" PrefixList="{prefixes}"/>'


def sign(root: Element, signing: Signing, encryption: Encryption | None = None) -> None:
    """Put the signatures in, the inner one first, after each Issuer as the schema wants it; encrypt between them."""
    if "assertion" in signing.where:
        sign_element(one(root, "/samlp:Response/saml:Assertion"), signing)
    if encryption is not None:
        encrypt(root, encryption)
    if "response" in signing.where:
        sign_element(root, signing)


def sign_element(signed: Element, signing: Signing) -> None:
    """Put one signature in, after the Issuer, of the element by its ID."""
    xmlsec.tree.add_ids(signed, ["ID"])
    inclusive = prefix_list(signing.prefixes) if signing.prefixes else ""
    transforms = "".join(
        f'<ds:Transform Algorithm="{algorithm}">{inclusive if algorithm == EXCLUSIVE else ""}</ds:Transform>'
        for algorithm in signing.transforms
    )
    signature = etree.fromstring(
        f"""<ds:Signature xmlns:ds="{NAMESPACES["ds"]}"><ds:SignedInfo>
        <ds:CanonicalizationMethod Algorithm="{signing.canonicalization}"/>
        <ds:SignatureMethod Algorithm="{signing.method}"/>
        <ds:Reference URI="#{signed.get("ID")}"><ds:Transforms>{transforms}</ds:Transforms>
        <ds:DigestMethod Algorithm="{signing.digest}"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>
        <ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{pair(signing.key).der}</ds:X509Certificate>
        </ds:X509Data></ds:KeyInfo></ds:Signature>"""
    )
    one(signed, "saml:Issuer").addnext(signature)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pair(signing.key).key, xmlsec.constants.KeyDataFormatPem, None)
    context.sign(signature)


def response() -> Element:
    """What an ordinary identity provider answers, not yet signed."""
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    now, soon, later = ((NOW + timedelta(seconds=seconds)).strftime(stamp) for seconds in (0, 300, 28_800))
    return etree.fromstring(
        f"""<samlp:Response xmlns:samlp="{NAMESPACES["samlp"]}" xmlns:saml="{NAMESPACES["saml"]}"
 xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 ID="_response" Version="2.0" IssueInstant="{now}" Destination="{ACS_URL}" InResponseTo="{REQUEST_ID}">
<saml:Issuer>{ISSUER}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
<saml:Assertion ID="_assertion" Version="2.0" IssueInstant="{now}">
<saml:Issuer>{ISSUER}</saml:Issuer>
<saml:Subject>
<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">u-1</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<saml:SubjectConfirmationData NotOnOrAfter="{soon}" Recipient="{ACS_URL}" InResponseTo="{REQUEST_ID}"/>
</saml:SubjectConfirmation>
</saml:Subject>
<saml:Conditions NotBefore="{now}" NotOnOrAfter="{soon}">
<saml:AudienceRestriction><saml:Audience>{ENTITY_ID}</saml:Audience></saml:AudienceRestriction>
</saml:Conditions>
<saml:AuthnStatement AuthnInstant="{now}" SessionNotOnOrAfter="{later}" SessionIndex="_session">
<saml:AuthnContext>
<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>
</saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement>
<saml:Attribute Name="email"><saml:AttributeValue>alice@acme.test</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="firstName"><saml:AttributeValue>Alice</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="lastName"><saml:AttributeValue>Archer</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="groups">
<saml:AttributeValue>staff</saml:AttributeValue><saml:AttributeValue>it</saml:AttributeValue>
</saml:Attribute>
</saml:AttributeStatement>
</saml:Assertion>
</samlp:Response>"""
    )


def key_value(name: str) -> str:
    """The public key of that pair as ds:KeyValue."""
    certificate = x509.load_pem_x509_certificate(pair(name).certificate.encode())
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    modulus = base64.b64encode(key.public_numbers().n.to_bytes(256)).decode()
    numbers = f"<ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
    return f"<ds:KeyValue><ds:RSAKeyValue>{numbers}</ds:RSAKeyValue></ds:KeyValue>"


def one(element: Element, path: str) -> Element:
    """The only element there."""
    (found,) = every(element, path)
    return found


def every(element: Element, path: str) -> list[Element]:
    """All elements at an XPath."""
    found = element.xpath(path, namespaces=NAMESPACES)
    assert isinstance(found, list)
    return [item for item in found if isinstance(item, Element)]


def element(xml: str) -> Element:
    """An element from text, with the usual prefixes."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return etree.fromstring(f"<wrap {declared} xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>{xml}</wrap>")[0]


def put(path: str, text: str | None) -> Edit:
    """Change the text of every element there."""

    def edit(root: Element) -> None:
        for found in every(root, path):
            found.text = text

    return edit


def attr(path: str, name: str, value: str | None) -> Edit:
    """Set an attribute of the elements there, or take it away."""

    def edit(root: Element) -> None:
        for found in every(root, path):
            found.attrib.pop(name, None)
            if value is not None:
                found.set(name, value)

    return edit


def drop(path: str) -> Edit:
    """Take elements out."""

    def edit(root: Element) -> None:
        for found in every(root, path):
            parent = found.getparent()
            assert parent is not None
            parent.remove(found)

    return edit


def add(path: str, xml: str, *, at: int | None = None) -> Edit:
    """Put an element into the one there, last unless said otherwise."""

    def edit(root: Element) -> None:
        parent = one(root, path)
        parent.insert(len(parent) if at is None else at, element(xml))

    return edit


def attributes(**named: tuple[str, ...]) -> Edit:
    """Replace all attributes."""
    return attribute_list(*named.items())


def attribute_list(*named: tuple[str, tuple[str, ...]]) -> Edit:
    """Replace all attributes by these, a name may come twice."""

    def edit(root: Element) -> None:
        statement = one(root, "//saml:AttributeStatement")
        for child in list(statement):
            statement.remove(child)
        for name, values in named:
            inner = "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
            statement.append(element(f'<saml:Attribute Name="{name}">{inner}</saml:Attribute>'))

    return edit


def both(*edits: Edit) -> Edit:
    """Several edits that are one change."""

    def edit(root: Element) -> None:
        for step in edits:
            step(root)

    return edit


def name_id(value: str, name_format: str | None) -> Edit:
    """Another NameID."""
    return both(put("//saml:NameID", value), attr("//saml:NameID", "Format", name_format))


def nobody_asked(root: Element) -> None:
    """As the provider answers whom nobody has sent."""
    for answering in every(root, "//*[@InResponseTo]"):
        del answering.attrib["InResponseTo"]


EMAIL_ADDRESS = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"


@dataclass(frozen=True)
class World:
    """Doorward's side of a sign-in: what the connection says and which request is under way, `asked` is whether one
    is.
    """

    attributes: Mapping[str, str] = field(default_factory=dict)
    hosts: frozenset[str] = frozenset({"acme.test"})
    certificates: tuple[str, ...] = ("idp",)
    is_test: bool = False
    asked: bool = True
    allows_unsolicited: bool = False
    now: datetime = NOW
    base_url: str = BASE_URL
    own: tuple[str, ...] = ("own",)

    def revision(self) -> Revision:
        certificates = [{"der": pair(name).der, "fingerprint": name, "not_after": ""} for name in self.certificates]
        idp = {"entity_id": ISSUER, "sso_url": SSO_URL, "certificates": certificates}
        settings: dict[str, object] = {"idp": idp, "attributes": dict(self.attributes)}
        if self.allows_unsolicited:
            settings["allow_idp_initiated"] = True
        own_keys = tuple(OwnKey(pair(name).der, pair(name).key.decode(), signs=name == "own") for name in self.own)
        return Revision(CONNECTION, RevisionId("rev_1"), settings, verified_hosts=self.hosts, own_keys=own_keys)

    def flow(self) -> Flow:
        return Flow("handle", REQUEST_ID, "nonce", "verifier", STARTED_AT, authenticate_again=self.is_test)

    def judge(self, posted: str) -> ExternalIdentity | Rejection:
        """What the product says."""
        verdict = self.verdict(posted)
        return verdict.rejection if isinstance(verdict, Unverified | Stray) else verdict

    def verdict(self, posted: str) -> Unasked:
        """The same, and what is known of what is refused, where nobody has asked."""
        kind = SamlKind(base_url=self.base_url, http=Internet({}), clock=StoppedClock())
        if self.asked:
            return kind.verifier(posted)(self.revision(), self.flow(), self.now)
        return kind.unsolicited_verifier(posted)(self.revision(), self.now)


class StoppedClock:
    def now(self) -> datetime:
        return NOW


class Internet:
    """An Http port that knows a few addresses."""

    def __init__(self, answers: Mapping[str, HttpAnswer]) -> None:
        self._answers = answers

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        if url not in self._answers:
            raise HttpFailedError("there is no such host")
        return self._answers[url]

    def post_form(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        raise HttpFailedError("nothing is posted here")


@dataclass(frozen=True)
class Recipe:
    """How one response is made: edit, sign and encrypt, edit what came of it, bytes, base64, text."""

    signing: Signing = ASSERTION_SIGNED
    before: Edit | None = None
    encryption: Encryption | None = None
    after: Edit | None = None
    raw: Callable[[bytes], bytes] | None = None
    posted: Callable[[str], str] | None = None

    def post(self) -> str:
        """The SAMLResponse field."""
        root = response()
        if self.before:
            self.before(root)
        sign(root, self.signing, self.encryption)
        if self.after:
            self.after(root)
        raw = etree.tostring(root)
        encoded = base64.b64encode(self.raw(raw) if self.raw else raw).decode()
        return self.posted(encoded) if self.posted else encoded


@dataclass(frozen=True)
class Case:
    """One attack or mistake: an accepted recipe and world, and the one thing that is different.

    `undone` and `undone_world` are what is accepted, where that is not the ordinary recipe or the same world.
    """

    id: str
    name: str
    recipe: Recipe
    undone: Recipe = Recipe()
    world: World = World()
    undone_world: World | None = None

    def mutated(self) -> ExternalIdentity | Rejection:
        return self.world.judge(self.recipe.post())

    def accepted(self) -> ExternalIdentity | Rejection:
        return (self.undone_world or self.world).judge(self.undone.post())
