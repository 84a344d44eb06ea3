"""Every response that is refused: one change of an accepted one each, under the name that it is refused with."""

from __future__ import annotations

import base64
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

from saml.gate import LONGEST_BASE64
from saml.rejections import Name
from tests.saml.forge import (
    ACS_URL,
    ASSERTION_SIGNED,
    BOTH_SIGNED,
    CBC,
    EMAIL_ADDRESS,
    ENTITY_ID,
    ENVELOPED,
    EXCLUSIVE,
    GCM,
    MORE,
    NOW,
    REQUEST_ID,
    RESPONSE_SIGNED,
    SHA1,
    TRANSIENT,
    UNSIGNED,
    XENC,
    XENC11,
    Case,
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
    element,
    every,
    key_value,
    name_id,
    nobody_asked,
    one,
    pair,
    prefix_list,
    put,
    sign_element,
)

ASSERTION = "/samlp:Response/saml:Assertion"
SCD = "//saml:SubjectConfirmationData"
SIGNED_INFO = "//ds:SignedInfo"
MD5 = "http://www.w3.org/2001/04/xmldsig-more#md5"
MANY_PREFIXES = " ".join(f"p{number}" for number in range(4000))
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"


ORDINARY = World()


def at(seconds: float) -> str:
    """A time that many seconds after now, as SAML writes it."""
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def signed(case: str, name: Name, before: Edit, *, world: World = ORDINARY, undone: Edit | None = None) -> Case:
    """The provider itself says something else, and signs it."""
    return Case(case, name, Recipe(before=before), undone=Recipe(before=undone), world=world)


def tampered(case: str, name: Name, after: Edit, *, signing: Signing = ASSERTION_SIGNED) -> Case:
    """Someone changes what the provider signed."""
    return Case(case, name, Recipe(signing, after=after), undone=Recipe(signing))


def resigned(case: str, name: Name, signing: Signing) -> Case:
    """The provider signs in another way."""
    return Case(case, name, Recipe(signing))


def posted(case: str, name: Name, text: str) -> Case:
    """Something else is posted altogether."""
    return Case(case, name, Recipe(posted=lambda _: text))


def raw(case: str, name: Name, old: bytes, new: bytes) -> Case:
    """The bytes differ in one place."""
    return Case(case, name, Recipe(raw=lambda xml: xml.replace(old, new, 1)))


def _evil(assertion: Element) -> Element:
    """A copy for another person, without a signature, under another ID."""
    evil = deepcopy(assertion)
    for signature in every(evil, "ds:Signature"):
        evil.remove(signature)
    evil.set("ID", "_evil")
    one(evil, "saml:Subject/saml:NameID").text = "u-2"
    return evil


def _signature_of(assertion: Element, *, into: Element) -> Element:
    """Move the signature from one assertion into another."""
    signature = one(assertion, "ds:Signature")
    one(into, "saml:Issuer").addnext(signature)
    return signature


def genuine_certificate(root: Element) -> None:
    """The right certificate beside a signature of another key."""
    put("//ds:X509Certificate", pair("idp").der)(root)


def xsw1(root: Element) -> None:
    """The signed Response inside the signature of a forged one."""
    original = deepcopy(root)
    original.remove(one(original, "ds:Signature"))
    root.set("ID", "_evil")
    one(root, "saml:Assertion").set("ID", "_evil_assertion")
    one(root, "ds:Signature").append(original)


def xsw2(root: Element) -> None:
    """The signed Response beside the signature in a forged one."""
    original = deepcopy(root)
    original.remove(one(original, "ds:Signature"))
    root.set("ID", "_evil")
    one(root, "saml:Assertion").set("ID", "_evil_assertion")
    one(root, "ds:Signature").addprevious(original)


def xsw3(root: Element) -> None:
    """A forged assertion before the signed one."""
    original = one(root, ASSERTION)
    original.addprevious(_evil(original))


def xsw4(root: Element) -> None:
    """The signed assertion inside a forged one."""
    original = one(root, ASSERTION)
    evil = _evil(original)
    original.addprevious(evil)
    evil.append(original)


def xsw5(root: Element) -> None:
    """A forged assertion with the signature, the signed one after it."""
    original = one(root, ASSERTION)
    evil = _evil(original)
    original.addprevious(evil)
    _signature_of(original, into=evil)


def xsw6(root: Element) -> None:
    """A forged assertion with the signature, the signed one inside the signature."""
    original = one(root, ASSERTION)
    evil = _evil(original)
    original.addprevious(evil)
    _signature_of(original, into=evil).append(original)


def xsw7(root: Element) -> None:
    """A forged assertion of the same ID inside Extensions."""
    evil = _evil(one(root, ASSERTION))
    evil.set("ID", "_assertion")
    add("/samlp:Response", "<samlp:Extensions/>", at=1)(root)
    one(root, "samlp:Extensions").append(evil)


def xsw8(root: Element) -> None:
    """A forged assertion with the signature, the signed one inside an Object of it."""
    original = one(root, ASSERTION)
    evil = _evil(original)
    original.addprevious(evil)
    add(".", "<ds:Object/>")(_signature_of(original, into=evil))
    one(evil, "ds:Signature/ds:Object").append(original)


def hidden_in_object(root: Element) -> None:
    """XSW8 with the signed content under a name that nobody counts."""
    add("//ds:Signature", "<ds:Object><saml:Advice ID='_hidden'/></ds:Object>")(root)


def second_in_advice(root: Element) -> None:
    """SAML allows assertions inside Advice; nobody here reads them, so none may be there."""
    advice = (
        "<saml:Advice><saml:Assertion ID='_other' Version='2.0' IssueInstant='2026-11-23T12:00:00Z'/></saml:Advice>"
    )
    add(ASSERTION, advice, at=4)(root)


def transform(algorithm: str, *, inside: str = "", at_index: int | None = None) -> Edit:
    """One more Transform in each signature."""
    return add("//ds:Transforms", f'<ds:Transform Algorithm="{algorithm}">{inside}</ds:Transform>', at=at_index)


def nested_xslt(depth: int) -> Edit:
    """A stylesheet whose cost doubles with each level (python3-saml issue 447)."""
    sheet = """<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/">
    <xsl:call-template name="work"><xsl:with-param name="left" select="%d"/></xsl:call-template></xsl:template>
    <xsl:template name="work"><xsl:param name="left"/><xsl:if test="$left &gt; 0">
    <xsl:call-template name="work"><xsl:with-param name="left" select="$left - 1"/></xsl:call-template>
    <xsl:call-template name="work"><xsl:with-param name="left" select="$left - 1"/></xsl:call-template>
    </xsl:if></xsl:template></xsl:stylesheet>"""
    return transform(XSLT, inside=sheet % depth, at_index=0)


def two_status_codes(root: Element) -> None:
    """The success that python3-saml reads is the first attribute, whatever its name."""
    code = one(root, "//samlp:StatusCode")
    code.attrib.clear()
    code.set("Other", "urn:oasis:names:tc:SAML:2.0:status:Success")
    code.set("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")


SUCCESS_WITHOUT_ASSERTION = drop(ASSERTION)
FAILED = both(
    drop(ASSERTION),
    attr("//samlp:StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:Responder"),
    add("//samlp:StatusCode", '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/>'),
    add("//samlp:Status", "<samlp:StatusMessage>not assigned</samlp:StatusMessage>"),
)
SECOND_CONFIRMATION = f"""<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<saml:SubjectConfirmationData NotOnOrAfter="{at(300)}" Recipient="https://other.test/acs" InResponseTo="_request"/>
</saml:SubjectConfirmation>"""
OTHER_AUDIENCE = (
    "<saml:AudienceRestriction><saml:Audience>https://other.test</saml:Audience></saml:AudienceRestriction>"
)


def _into_extensions(root: Element) -> None:
    add("/samlp:Response", "<samlp:Extensions/>", at=1)(root)
    one(root, "samlp:Extensions").append(one(root, ASSERTION))


def _evil_in_extensions(root: Element) -> None:
    add("/samlp:Response", "<samlp:Extensions/>", at=1)(root)
    one(root, "samlp:Extensions").append(_evil(one(root, ASSERTION)))


def _followed_by_evil(root: Element) -> None:
    original = one(root, ASSERTION)
    original.addnext(_evil(original))


def _signature_from(document: str) -> Edit:
    """The provider's signature of something else that has the ID of the assertion."""

    def edit(root: Element) -> None:
        other = element(document)
        sign_element(other, ASSERTION_SIGNED)
        here = one(root, f"{ASSERTION}/ds:Signature")
        here.addprevious(one(other, "ds:Signature"))
        one(root, ASSERTION).remove(here)

    return edit


def _inside_extensions(document: str) -> Edit:
    """A document that the provider signed, whole, in the place of its signature of the assertion."""

    def edit(root: Element) -> None:
        drop("//ds:Signature")(root)
        other = element(document)
        sign_element(other, ASSERTION_SIGNED)
        add("/samlp:Response", "<samlp:Extensions/>", at=1)(root)
        one(root, "samlp:Extensions").append(other)

    return edit


ISSUED = "<saml:Issuer>https://idp.test/metadata</saml:Issuer>"
LOGOUT_REQUEST = f'<samlp:LogoutRequest ID="_assertion" Version="2.0">{ISSUED}</samlp:LogoutRequest>'
ERROR_RESPONSE = f'<samlp:Response ID="_error" Version="2.0">{ISSUED}<samlp:Status/></samlp:Response>'
METADATA = f"""<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_metadata">{ISSUED}
</md:EntityDescriptor>"""


def _copied(path: str) -> Edit:
    """An element twice, one after the other."""

    def edit(root: Element) -> None:
        found = one(root, path)
        found.addnext(deepcopy(found))

    return edit


GATE = [
    posted("nothing is posted", Name.RESPONSE_MISSING, " "),
    posted("more base64 than the limit", Name.RESPONSE_TOO_LARGE, "A" * (LONGEST_BASE64 + 4)),
    Case("more XML than the limit", Name.RESPONSE_TOO_LARGE, Recipe(raw=lambda xml: xml + b" " * (290_000 - len(xml)))),
    Case("a stray character in base64", Name.NOT_BASE64, Recipe(posted=lambda text: f"{text[:8]}-{text[8:]}")),
    tampered(
        "an element with thousands of attributes",
        Name.RESPONSE_TOO_LARGE,
        lambda root: one(root, "//saml:AttributeValue[.='Alice']").attrib.update({f"a{n}": "" for n in range(9000)}),
    ),
    Case("a character outside ASCII in base64", Name.NOT_BASE64, Recipe(posted=lambda text: f"{text}é")),
    Case("more after the padding of base64", Name.NOT_BASE64, Recipe(posted=lambda text: f"{text.rstrip('=')}==AAAA")),
    posted("not XML", Name.NOT_XML, base64.b64encode(b"hello").decode()),
    raw("a NUL byte", Name.NOT_XML, b"Alice", b"Ali\0ce"),
    Case("UTF-16", Name.NOT_XML, Recipe(raw=lambda xml: xml.decode().encode("utf-16"))),
    Case("UTF-16 without a byte order mark", Name.NOT_XML, Recipe(raw=lambda xml: xml.decode().encode("utf-16-le"))),
    Case(
        "a document type hidden in UTF-7",
        Name.NOT_XML,
        Recipe(raw=lambda xml: b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-' + xml),
    ),
    Case(
        "300 levels of elements",
        Name.NOT_XML,
        Recipe(raw=lambda xml: xml[:-17] + b"<a>" * 300 + b"</a>" * 300 + xml[-17:]),
    ),
    raw("an undeclared entity", Name.NOT_XML, b"Alice", b"&alice;"),
    Case("a document type", Name.DOCTYPE_PRESENT, Recipe(raw=lambda xml: b"<!DOCTYPE x>" + xml)),
    Case(
        "an external entity",
        Name.DOCTYPE_PRESENT,
        Recipe(raw=lambda xml: b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + xml.replace(b"u-1", b"&e;")),
    ),
    Case(
        "a billion laughs",
        Name.DOCTYPE_PRESENT,
        Recipe(
            raw=lambda xml: (
                b'<!DOCTYPE x [<!ENTITY a "ha">'
                + b"".join(b'<!ENTITY %c "%s">' % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(9))
                + b"]>"
                + xml.replace(b"u-1", b"&j;")
            )
        ),
    ),
    Case(
        "another message of the protocol",
        Name.NOT_A_RESPONSE,
        Recipe(raw=lambda xml: xml.replace(b"samlp:Response", b"samlp:LogoutResponse")),
    ),
    raw("a comment in the NameID", Name.COMMENT_PRESENT, b">u-1<", b">u-1<!-- -->.evil<"),
    raw("a comment in the NameID that changes no text", Name.COMMENT_PRESENT, b">u-1<", b">u-<!-- -->1<"),
    raw("a comment in DigestValue", Name.COMMENT_PRESENT, b"<ds:DigestValue>", b"<ds:DigestValue><!-- -->"),
    raw("a processing instruction", Name.COMMENT_PRESENT, b">Alice<", b">Al<?x y?>ice<"),
    Case(
        "a stylesheet before the root",
        Name.COMMENT_PRESENT,
        Recipe(raw=lambda xml: b'<?xml-stylesheet href="x"?>' + xml),
    ),
    tampered("the ID of the Response repeated", Name.ID_REPEATED, attr("/samlp:Response", "ID", "_assertion")),
    tampered("Id as well as ID", Name.ID_REPEATED, attr("//ds:Signature", "Id", "_assertion")),
    tampered(
        "xml:id as well as ID",
        Name.ID_REPEATED,
        attr("//samlp:Status", "{http://www.w3.org/XML/1998/namespace}id", "_assertion"),
    ),
    tampered(
        "an ID of another namespace as well as ID", Name.ID_REPEATED, attr("//samlp:Status", "{urn:x}ID", " _assertion")
    ),
    Case("the provider refused", Name.STATUS_NOT_SUCCESS, Recipe(UNSIGNED, FAILED)),
    Case(
        "success and failure in one StatusCode",
        Name.STATUS_NOT_SUCCESS,
        Recipe(after=two_status_codes),
    ),
    tampered("no status", Name.STATUS_NOT_SUCCESS, drop("//samlp:Status")),
    Case("success without an assertion", Name.ASSERTION_MISSING, Recipe(RESPONSE_SIGNED, SUCCESS_WITHOUT_ASSERTION)),
    tampered("XSW1", Name.ASSERTION_REPEATED, xsw1, signing=RESPONSE_SIGNED),
    tampered("XSW2", Name.ASSERTION_REPEATED, xsw2, signing=RESPONSE_SIGNED),
    tampered("XSW3", Name.ASSERTION_REPEATED, xsw3),
    tampered("XSW4", Name.ASSERTION_REPEATED, xsw4),
    tampered("XSW5", Name.ASSERTION_REPEATED, xsw5),
    tampered("XSW6", Name.ASSERTION_REPEATED, xsw6),
    tampered("XSW7", Name.ID_REPEATED, xsw7),
    tampered("XSW8", Name.ASSERTION_REPEATED, xsw8),
    signed("an assertion in Advice", Name.ASSERTION_REPEATED, second_in_advice),
    tampered("a forged assertion after the signed one", Name.ASSERTION_REPEATED, _followed_by_evil),
    tampered("a forged assertion in Extensions", Name.ASSERTION_REPEATED, _evil_in_extensions),
    tampered("the assertion moved into Extensions", Name.ASSERTION_REPEATED, _into_extensions),
    resigned("no signature", Name.UNSIGNED, UNSIGNED),
    tampered("signatures stripped", Name.UNSIGNED, drop("//ds:Signature"), signing=BOTH_SIGNED),
    tampered(
        "the signature moved to Status",
        Name.SIGNATURE_MISPLACED,
        lambda root: one(root, "samlp:Status").append(one(root, "//ds:Signature")),
    ),
    tampered("signed metadata inside", Name.SIGNATURE_MISPLACED, _inside_extensions(METADATA)),
    tampered("a signed error Response inside", Name.SIGNATURE_MISPLACED, _inside_extensions(ERROR_RESPONSE)),
    tampered(
        "the signature twice",
        Name.SIGNATURE_MISPLACED,
        lambda root: one(root, ASSERTION).insert(1, deepcopy(one(root, "//ds:Signature"))),
    ),
]


SIGNATURES = [
    tampered("two SignedInfo", Name.SIGNATURE_SHAPE, _copied(SIGNED_INFO)),
    tampered("two References", Name.SIGNATURE_SHAPE, _copied("//ds:Reference")),
    tampered("two DigestValues", Name.SIGNATURE_SHAPE, _copied("//ds:DigestValue")),
    tampered("an element in DigestValue", Name.SIGNATURE_SHAPE, add("//ds:DigestValue", "<ds:Object/>")),
    tampered("an Object", Name.SIGNATURE_SHAPE, hidden_in_object),
    tampered("no SignatureValue", Name.SIGNATURE_SHAPE, drop("//ds:SignatureValue")),
    tampered(
        "HMACOutputLength",
        Name.SIGNATURE_SHAPE,
        add("//ds:SignatureMethod", "<ds:HMACOutputLength>1</ds:HMACOutputLength>"),
    ),
    tampered(
        "a RetrievalMethod to a file",
        Name.SIGNATURE_SHAPE,
        add("//ds:KeyInfo", '<ds:RetrievalMethod URI="file:///etc/passwd"/>'),
    ),
    tampered("a Reference to the whole document", Name.SIGNATURE_REFERENCE, attr("//ds:Reference", "URI", "")),
    tampered("a Reference without a URI", Name.SIGNATURE_REFERENCE, attr("//ds:Reference", "URI", None)),
    tampered("a Reference to another element", Name.SIGNATURE_REFERENCE, attr("//ds:Reference", "URI", "#_response")),
    tampered("a Reference to a file", Name.SIGNATURE_REFERENCE, attr("//ds:Reference", "URI", "file:///etc/passwd")),
    tampered("a Reference to an endless file", Name.SIGNATURE_REFERENCE, attr("//ds:Reference", "URI", "/dev/zero")),
    tampered("a Reference to a host", Name.SIGNATURE_REFERENCE, attr("//ds:Reference", "URI", "http://127.0.0.1:9/")),
    tampered(
        "a Reference by XPointer",
        Name.SIGNATURE_REFERENCE,
        attr("//ds:Reference", "URI", "#xpointer(id('_assertion'))"),
    ),
    tampered(
        "a Reference by XPointer to an ID that reads like one",
        Name.SIGNATURE_REFERENCE,
        both(attr("/samlp:Response", "ID", "xpointer(/)"), attr("//ds:Reference", "URI", "#xpointer(/)")),
        signing=RESPONSE_SIGNED,
    ),
    tampered(
        "an ID taken away",
        Name.SIGNATURE_REFERENCE,
        attr("/samlp:Response", "ID", None),
        signing=RESPONSE_SIGNED,
    ),
    tampered("the assertion's ID taken away", Name.ID_UNUSABLE, attr(ASSERTION, "ID", None)),
    Case(
        "an assertion with an endless ID",
        Name.ID_UNUSABLE,
        Recipe(RESPONSE_SIGNED, attr(ASSERTION, "ID", "x" * 257)),
        undone=Recipe(RESPONSE_SIGNED, attr(ASSERTION, "ID", "x" * 256)),
    ),
    tampered("an XSLT transform", Name.SIGNATURE_TRANSFORMS, nested_xslt(40)),
    tampered("thousands of prefixes", Name.SIGNATURE_TRANSFORMS, add("//ds:Transform[2]", prefix_list(MANY_PREFIXES))),
    tampered(
        "an element in exclusive canonicalization",
        Name.SIGNATURE_TRANSFORMS,
        add("//ds:Transform[2]", "<ds:XPath>0</ds:XPath>"),
    ),
    tampered("an XPath transform", Name.SIGNATURE_TRANSFORMS, transform(XPATH, inside="<ds:XPath>0</ds:XPath>")),
    tampered("an XPath transform instead", Name.SIGNATURE_TRANSFORMS, attr("//ds:Transform[2]", "Algorithm", XPATH)),
    tampered(
        "an element in the enveloped transform",
        Name.SIGNATURE_TRANSFORMS,
        add("//ds:Transform[1]", "<ds:XPath>0</ds:XPath>"),
    ),
    tampered(
        "an element in canonicalization",
        Name.SIGNATURE_TRANSFORMS,
        add("//ds:CanonicalizationMethod", "<ds:XPath>0</ds:XPath>"),
    ),
    tampered(
        "a transform under another name",
        Name.SIGNATURE_TRANSFORMS,
        lambda root: setattr(one(root, "//ds:Transform[2]"), "tag", "{urn:x}Transform"),
    ),
    resigned("a third transform", Name.SIGNATURE_TRANSFORMS, Signing(transforms=(ENVELOPED, EXCLUSIVE, EXCLUSIVE))),
    resigned("inclusive canonicalization by default", Name.SIGNATURE_TRANSFORMS, Signing(transforms=(ENVELOPED,))),
    resigned(
        "inclusive canonicalization of the element",
        Name.SIGNATURE_TRANSFORMS,
        Signing(transforms=(ENVELOPED, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")),
    ),
    resigned(
        "inclusive canonicalization of SignedInfo",
        Name.SIGNATURE_TRANSFORMS,
        Signing(canonicalization="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
    ),
    tampered("no transforms", Name.SIGNATURE_TRANSFORMS, drop("//ds:Transform")),
    resigned("RSA-SHA1", Name.SIGNATURE_ALGORITHM, Signing(method="http://www.w3.org/2000/09/xmldsig#rsa-sha1")),
    resigned("a SHA-1 digest", Name.SIGNATURE_ALGORITHM, Signing(digest=SHA1)),
    tampered("an MD5 digest", Name.SIGNATURE_ALGORITHM, attr("//ds:DigestMethod", "Algorithm", MD5)),
    tampered("RSA-MD5", Name.SIGNATURE_ALGORITHM, attr("//ds:SignatureMethod", "Algorithm", f"{MORE}rsa-md5")),
    tampered(
        "RSA-RIPEMD160", Name.SIGNATURE_ALGORITHM, attr("//ds:SignatureMethod", "Algorithm", f"{MORE}rsa-ripemd160")
    ),
    tampered(
        "HMAC with the certificate as key",
        Name.SIGNATURE_ALGORITHM,
        attr("//ds:SignatureMethod", "Algorithm", f"{MORE}hmac-sha256"),
    ),
    tampered("no digest method", Name.SIGNATURE_ALGORITHM, attr("//ds:DigestMethod", "Algorithm", None)),
]

ENCRYPTED_DATA, ENCRYPTED_KEY = "//e:EncryptedData", "//e:EncryptedKey"
TRIPLE_DES = f"{XENC}tripledes-cbc"
BESIDE = replace(GCM, beside=True)


def sealed(
    case: str,
    name: Name,
    after: Edit | None = None,
    *,
    encryption: Encryption = GCM,
    before: Edit | None = None,
    signing: Signing = ASSERTION_SIGNED,
    signed: Signing | None = None,
    undone: Encryption | None = None,
) -> Case:
    """An encrypted assertion with one thing wrong with it. It is encrypted as it should be when undone, unless what is
    wrong was done afterwards; `signed` is how it is signed then, where that is what is wrong.
    """
    rightly = undone or (GCM if after is None else encryption)
    return Case(
        case, name, Recipe(signing, before, encryption, after), undone=Recipe(signed or signing, encryption=rightly)
    )


def _moved(path: str, into: str) -> Edit:
    return lambda root: one(root, into).append(one(root, path))


def _elsewhere(path: str, uri: str) -> Edit:
    """The value is at an address."""
    return both(
        drop(f"{path}/e:CipherData/e:CipherValue"),
        add(f"{path}/e:CipherData", f'<e:CipherReference URI="{uri}"/>'),
    )


def _block_by_block(plain: bytes) -> bytes:
    """Padded with blanks, so that a block of padding follows."""
    return plain + b" " * (-len(plain) % 16)


def garbled(octets: bytes) -> bytes:
    """The last octet is another one."""
    return octets[:-1] + bytes([octets[-1] ^ 1])


def wrongly_padded(octets: bytes) -> bytes:
    """The octet before the last block from which the last octet is made: it says more than 16 of padding then."""
    return octets[:-17] + bytes([octets[-17] ^ 0x80]) + octets[-16:]


def inside(change: Callable[[bytes], bytes]) -> Encryption:
    """What is encrypted is something else."""
    return replace(GCM, inside=change)


WITHOUT_ID = attr(ENCRYPTED_KEY, "Id", None)
OAEP_METHOD = f"{ENCRYPTED_KEY}/e:EncryptionMethod"
RETRIEVAL = "//ds:RetrievalMethod"

ENCRYPTION = [
    sealed("no EncryptedData", Name.ENCRYPTION_SHAPE, drop(ENCRYPTED_DATA)),
    sealed("two EncryptedData", Name.ENCRYPTION_SHAPE, both(_copied(ENCRYPTED_DATA), WITHOUT_ID)),
    sealed("no EncryptedKey", Name.ENCRYPTION_SHAPE, drop(ENCRYPTED_KEY)),
    sealed("two EncryptedKeys", Name.ENCRYPTION_SHAPE, both(_copied(ENCRYPTED_KEY), WITHOUT_ID)),
    sealed("a name beside the key", Name.ENCRYPTION_SHAPE, add(f"{ENCRYPTED_DATA}/ds:KeyInfo", "<ds:KeyName/>")),
    sealed(
        "a key inside what it encrypts", Name.ENCRYPTION_SHAPE, _moved(ENCRYPTED_KEY, f"{ENCRYPTED_DATA}/e:CipherData")
    ),
    sealed("a value that stands elsewhere", Name.ENCRYPTION_SHAPE, _elsewhere(ENCRYPTED_DATA, "file:///etc/passwd")),
    sealed("a key that stands elsewhere", Name.ENCRYPTION_SHAPE, _elsewhere(ENCRYPTED_KEY, "http://127.0.0.1:9/")),
    sealed(
        "a RetrievalMethod of a file",
        Name.ENCRYPTION_SHAPE,
        attr(RETRIEVAL, "URI", "file:///etc/passwd"),
        encryption=BESIDE,
    ),
    sealed(
        "a RetrievalMethod of another key", Name.ENCRYPTION_SHAPE, attr(RETRIEVAL, "URI", "#_other"), encryption=BESIDE
    ),
    sealed(
        "a RetrievalMethod of another type",
        Name.ENCRYPTION_SHAPE,
        attr(RETRIEVAL, "Type", f"{XENC}EncryptedData"),
        encryption=BESIDE,
    ),
    sealed(
        "a RetrievalMethod with transforms",
        Name.ENCRYPTION_SHAPE,
        add(RETRIEVAL, "<ds:Transforms/>"),
        encryption=BESIDE,
    ),
    sealed("no EncryptionMethod", Name.ENCRYPTION_SHAPE, drop(f"{ENCRYPTED_DATA}/e:EncryptionMethod")),
    sealed("parameters of OAEP", Name.ENCRYPTION_SHAPE, add(OAEP_METHOD, "<e:OAEPparams>AAAA</e:OAEPparams>")),
    sealed(
        "a size of the key",
        Name.ENCRYPTION_SHAPE,
        add(f"{ENCRYPTED_DATA}/e:EncryptionMethod", "<e:KeySize>8</e:KeySize>"),
    ),
    sealed(
        "Triple DES", Name.ENCRYPTION_ALGORITHM, attr(f"{ENCRYPTED_DATA}/e:EncryptionMethod", "Algorithm", TRIPLE_DES)
    ),
    sealed(
        "RSA PKCS #1 v1.5", Name.ENCRYPTION_ALGORITHM, encryption=replace(GCM, wrapping=f"{XENC}rsa-1_5", digest=None)
    ),
    sealed("OAEP with MD5", Name.ENCRYPTION_ALGORITHM, attr(f"{OAEP_METHOD}/ds:DigestMethod", "Algorithm", MD5)),
    sealed("two digests of OAEP", Name.ENCRYPTION_ALGORITHM, _copied(f"{OAEP_METHOD}/ds:DigestMethod")),
    sealed(
        "a mask of OAEP that the schema does not know",
        Name.ENCRYPTION_ALGORITHM,
        add(OAEP_METHOD, f'<e11:MGF Algorithm="{XENC11}mgf1sha256"/>'),
    ),
    sealed("AES-CBC in a Response without signature", Name.ENCRYPTION_UNAUTHENTICATED, encryption=CBC),
    Case(
        "no key of our own",
        Name.NO_KEY_TO_DECRYPT,
        Recipe(encryption=GCM),
        Recipe(encryption=GCM),
        World(own=()),
        World(),
    ),
    sealed("encrypted for somebody else", Name.DECRYPTION_FAILED, encryption=replace(GCM, key="attacker")),
    sealed("a changed value", Name.DECRYPTION_FAILED, encryption=replace(GCM, value=garbled)),
    sealed("a changed key", Name.DECRYPTION_FAILED, encryption=replace(GCM, wrapped_key=garbled)),
    sealed("no value", Name.DECRYPTION_FAILED, encryption=replace(GCM, value=lambda _: b"")),
    sealed(
        "a value that is no base64", Name.DECRYPTION_FAILED, put(f"{ENCRYPTED_DATA}/e:CipherData/e:CipherValue", "A")
    ),
    sealed("a shorter key than the name says", Name.DECRYPTION_FAILED, encryption=replace(GCM, key_bytes=16)),
    sealed("an encrypted text", Name.DECRYPTION_FAILED, encryption=inside(lambda _: b"secret")),
    sealed("an encrypted comment", Name.DECRYPTION_FAILED, encryption=inside(lambda _: b"<!-- secret -->")),
    sealed("encrypted octets", Name.DECRYPTION_FAILED, encryption=inside(lambda _: b"\xff\xfe")),
    sealed(
        "an encrypted document type", Name.DECRYPTION_FAILED, encryption=inside(lambda plain: b"<!DOCTYPE x>" + plain)
    ),
    sealed(
        "an element named as the place of what is decrypted",
        Name.DECRYPTION_FAILED,
        add("/samlp:Response", "<samlp:Extensions><doorward-assertion/></samlp:Extensions>", at=1),
    ),
    sealed("two encrypted assertions", Name.DECRYPTION_FAILED, encryption=inside(lambda plain: plain + plain)),
    sealed(
        "an encrypted way out of its place",
        Name.DECRYPTION_FAILED,
        encryption=inside(lambda plain: plain + b"</place><place>"),
    ),
    sealed("another encrypted element", Name.DECRYPTION_FAILED, encryption=inside(lambda _: b"<saml:Advice/>")),
    sealed(
        "AES-CBC wrongly padded",
        Name.DECRYPTION_FAILED,
        encryption=replace(CBC, inside=_block_by_block, value=wrongly_padded),
        signing=BOTH_SIGNED,
        undone=CBC,
    ),
    sealed(
        "AES-CBC of half a block",
        Name.DECRYPTION_FAILED,
        encryption=replace(CBC, value=lambda octets: octets[:-8]),
        signing=BOTH_SIGNED,
        undone=CBC,
    ),
    sealed(
        "AES-CBC of nothing",
        Name.DECRYPTION_FAILED,
        encryption=replace(CBC, value=lambda octets: octets[:16]),
        signing=BOTH_SIGNED,
        undone=CBC,
    ),
    sealed(
        "a signed Response whose value was changed",
        Name.SIGNATURE_INVALID,
        put(f"{ENCRYPTED_DATA}/e:CipherData/e:CipherValue", "AAAA"),
        encryption=CBC,
        signing=RESPONSE_SIGNED,
    ),
    sealed(
        "a comment in what is encrypted",
        Name.COMMENT_PRESENT,
        encryption=inside(lambda plain: plain.replace(b"u-1", b"u-1<!-- -->")),
    ),
    sealed("nothing signed, all encrypted", Name.UNSIGNED, encryption=GCM, signing=UNSIGNED, signed=ASSERTION_SIGNED),
    sealed(
        "encrypted by somebody who signs it",
        Name.SIGNATURE_INVALID,
        encryption=GCM,
        signing=Signing(key="attacker"),
        signed=ASSERTION_SIGNED,
    ),
    sealed(
        "changed between signing and encrypting",
        Name.SIGNATURE_INVALID,
        encryption=inside(lambda plain: plain.replace(b"u-1", b"u-2")),
    ),
    sealed(
        "the ID of the Response inside what is encrypted",
        Name.ID_REPEATED,
        before=attr(ASSERTION, "ID", "_response"),
        encryption=GCM,
    ),
    sealed(
        "an assertion in Advice inside what is encrypted",
        Name.ASSERTION_REPEATED,
        before=second_in_advice,
        encryption=GCM,
    ),
    sealed(
        "one more transform inside what is encrypted",
        Name.SIGNATURE_TRANSFORMS,
        encryption=GCM,
        signing=Signing(transforms=(ENVELOPED, EXCLUSIVE, EXCLUSIVE)),
        signed=ASSERTION_SIGNED,
    ),
    sealed(
        "another audience inside what is encrypted",
        Name.AUDIENCE_MISMATCH,
        before=put("//saml:Audience", "https://other.test"),
        encryption=GCM,
    ),
    sealed(
        "another issuer inside what is encrypted",
        Name.ISSUER_MISMATCH,
        before=put("//saml:Assertion/saml:Issuer", "https://evil.test"),
        encryption=GCM,
    ),
]

LIBRARY = [
    signed("SAML 1.1", Name.VERSION_UNSUPPORTED, attr("/samlp:Response", "Version", "1.1")),
    tampered("no ID in the Response", Name.SCHEMA_INVALID, attr("/samlp:Response", "ID", None)),
    signed("an unknown element", Name.SCHEMA_INVALID, add(ASSERTION, "<saml:Surprise/>")),
    signed("a time that is none", Name.SCHEMA_INVALID, attr("//saml:Conditions", "NotOnOrAfter", "tomorrow")),
    signed("no Conditions", Name.CONDITIONS_MISSING, drop("//saml:Conditions")),
    signed("no AuthnStatement", Name.AUTHN_STATEMENT_MISSING, drop("//saml:AuthnStatement")),
    signed("two AuthnStatements", Name.AUTHN_STATEMENT_MISSING, _copied("//saml:AuthnStatement")),
    signed(
        "an encrypted attribute",
        Name.ATTRIBUTE_ENCRYPTED,
        add(
            "//saml:AttributeStatement",
            '<saml:EncryptedAttribute><e:EncryptedData xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:CipherData>'
            "<e:CipherValue>AA==</e:CipherValue></e:CipherData></e:EncryptedData></saml:EncryptedAttribute>",
        ),
    ),
    resigned("a key of someone else, with its certificate", Name.SIGNATURE_INVALID, Signing(key="attacker")),
    Case(
        "a key of someone else, under the right certificate",
        Name.SIGNATURE_INVALID,
        Recipe(Signing(key="attacker"), after=genuine_certificate),
    ),
    Case(
        "a key of someone else, sent along as KeyValue",
        Name.SIGNATURE_INVALID,
        Recipe(Signing(key="attacker"), after=add("//ds:KeyInfo", key_value("attacker"))),
    ),
    Case(
        "a certificate that is not trusted any more",
        Name.SIGNATURE_INVALID,
        Recipe(Signing(key="old")),
        undone=Recipe(Signing(key="old")),
        undone_world=World(certificates=("idp", "old")),
    ),
    tampered("another NameID", Name.SIGNATURE_INVALID, put("//saml:NameID", "u-2")),
    tampered(
        "another address", Name.SIGNATURE_INVALID, put("//saml:Attribute[1]/saml:AttributeValue", "boss@acme.test")
    ),
    tampered(
        "one more group",
        Name.SIGNATURE_INVALID,
        add("//saml:Attribute[4]", "<saml:AttributeValue>boss</saml:AttributeValue>"),
    ),
    tampered(
        "another status under a signed Response",
        Name.SIGNATURE_INVALID,
        attr("/samlp:Response", "Consent", "urn:x"),
        signing=RESPONSE_SIGNED,
    ),
    tampered(
        "one of two signatures broken",
        Name.SIGNATURE_INVALID,
        attr("/samlp:Response", "Consent", "urn:x"),
        signing=BOTH_SIGNED,
    ),
    tampered("the signature of a LogoutRequest", Name.SIGNATURE_INVALID, _signature_from(LOGOUT_REQUEST)),
    tampered("an empty DigestValue", Name.SIGNATURE_INVALID, put("//ds:DigestValue", "")),
    tampered("an empty SignatureValue", Name.SIGNATURE_INVALID, put("//ds:SignatureValue", "")),
    tampered("another digest method", Name.SIGNATURE_INVALID, attr("//ds:DigestMethod", "Algorithm", f"{MORE}sha384")),
    tampered(
        "a relative namespace, which canonicalization cannot write",
        Name.SIGNATURE_INVALID,
        add("//saml:AttributeValue[.='Alice']", '<x xmlns="relative"/>'),
    ),
]

ADDRESSEE = [
    signed(
        "a year that no clock knows",
        Name.TIME_UNREADABLE,
        attr("//saml:Conditions", "NotOnOrAfter", "12026-01-01T00:00:00Z"),
    ),
    signed(
        "a time before the first year",
        Name.TIME_UNREADABLE,
        attr("//saml:Conditions", "NotBefore", "0001-01-01T00:00:00+01:00"),
    ),
    signed("another issuer", Name.ISSUER_MISMATCH, put("//saml:Issuer", "https://evil.test")),
    tampered(
        "another issuer of the Response only",
        Name.ISSUER_MISMATCH,
        put("/samlp:Response/saml:Issuer", "https://evil.test"),
    ),
    signed("an empty issuer", Name.ISSUER_MISMATCH, put("//saml:Issuer", "")),
    signed(
        "an issuer with a blank", Name.ISSUER_MISMATCH, put(f"{ASSERTION}/saml:Issuer", "https://idp.test/metadata ")
    ),
    Case(
        "a signed Response without Destination",
        Name.DESTINATION_MISSING,
        Recipe(RESPONSE_SIGNED, attr("/samlp:Response", "Destination", None)),
    ),
    signed("an empty Destination", Name.DESTINATION_MISMATCH, attr("/samlp:Response", "Destination", "")),
    signed(
        "another host as Destination",
        Name.DESTINATION_MISMATCH,
        attr("/samlp:Response", "Destination", "https://evil.test/acs"),
    ),
    signed(
        "a Destination that begins like ours",
        Name.DESTINATION_MISMATCH,
        attr("/samlp:Response", "Destination", f"{ACS_URL}.evil"),
    ),
    signed("no AudienceRestriction", Name.AUDIENCE_MISSING, drop("//saml:AudienceRestriction")),
    signed("an empty Audience", Name.AUDIENCE_MISMATCH, put("//saml:Audience", "")),
    signed("another audience", Name.AUDIENCE_MISMATCH, put("//saml:Audience", "https://other.test")),
    signed(
        "another connection's audience",
        Name.AUDIENCE_MISMATCH,
        put("//saml:Audience", ENTITY_ID.replace("conn_1", "conn_2")),
    ),
    signed("a second restriction that leaves us out", Name.AUDIENCE_MISMATCH, add("//saml:Conditions", OTHER_AUDIENCE)),
    signed(
        "a condition of unknown kind",
        Name.CONDITION_UNKNOWN,
        add("//saml:Conditions", '<saml:Condition xsi:type="saml:OneTimeUseType"/>'),
    ),
    signed("assertion starts too late", Name.ASSERTION_NOT_YET_VALID, attr("//saml:Conditions", "NotBefore", at(121))),
    signed("assertion ended too early", Name.ASSERTION_EXPIRED, attr("//saml:Conditions", "NotOnOrAfter", at(-120))),
    signed("nobody asked", Name.IN_RESPONSE_TO_MISSING, nobody_asked),
    signed(
        "no InResponseTo in the Response", Name.IN_RESPONSE_TO_MISSING, attr("/samlp:Response", "InResponseTo", None)
    ),
    signed("no InResponseTo in the confirmation", Name.IN_RESPONSE_TO_MISSING, attr(SCD, "InResponseTo", None)),
    signed(
        "another request in the Response",
        Name.IN_RESPONSE_TO_MISMATCH,
        attr("/samlp:Response", "InResponseTo", "_other"),
    ),
    signed("another request in the confirmation", Name.IN_RESPONSE_TO_MISMATCH, attr(SCD, "InResponseTo", "_other")),
    Case(
        "an assertion that answers nobody, under a Response rewritten to answer",
        Name.IN_RESPONSE_TO_MISSING,
        Recipe(before=attr(SCD, "InResponseTo", None), after=attr("/samlp:Response", "InResponseTo", REQUEST_ID)),
    ),
    signed(
        "holder of key",
        Name.CONFIRMATION_MISSING,
        attr("//saml:SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"),
    ),
    signed("a confirmation of no method", Name.CONFIRMATION_MISSING, attr("//saml:SubjectConfirmation", "Method", "")),
    signed("no confirmation data", Name.CONFIRMATION_MISSING, drop(SCD)),
    signed("no Recipient", Name.RECIPIENT_MISSING, attr(SCD, "Recipient", None)),
    signed("another Recipient", Name.RECIPIENT_MISMATCH, attr(SCD, "Recipient", "https://evil.test/acs")),
    signed(
        "a Recipient that ours is part of",
        Name.RECIPIENT_MISMATCH,
        attr(SCD, "Recipient", f"https://evil.test/?{ACS_URL}"),
    ),
    signed("no end of the confirmation", Name.CONFIRMATION_WITHOUT_EXPIRY, attr(SCD, "NotOnOrAfter", None)),
    signed("confirmation starts too late", Name.CONFIRMATION_NOT_YET_VALID, attr(SCD, "NotBefore", at(121))),
    signed("confirmation ended too early", Name.CONFIRMATION_EXPIRED, attr(SCD, "NotOnOrAfter", at(-120))),
    signed("issued in the future", Name.ISSUED_IN_FUTURE, attr(ASSERTION, "IssueInstant", at(121))),
    signed(
        "authenticated in the future", Name.ISSUED_IN_FUTURE, attr("//saml:AuthnStatement", "AuthnInstant", at(121))
    ),
    signed("issued before it was asked for", Name.ISSUED_BEFORE_REQUEST, attr(ASSERTION, "IssueInstant", at(-151))),
    signed(
        "a session that has ended", Name.SESSION_EXPIRED, attr("//saml:AuthnStatement", "SessionNotOnOrAfter", at(-120))
    ),
    signed(
        "a test sign-in from an old session",
        Name.NOT_AUTHENTICATED_AGAIN,
        attr("//saml:AuthnStatement", "AuthnInstant", at(-151)),
        world=World(is_test=True),
    ),
]

_ALLOWED = World(asked=False, allows_unsolicited=True)
OTHER_CONFIRMATION = f"""<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches">
<saml:SubjectConfirmationData InResponseTo="{REQUEST_ID}"/></saml:SubjectConfirmation>"""


def unsolicited(case: str, name: Name, before: Edit, *, undone: Edit = nobody_asked) -> Case:
    """The provider itself says something else, signs it, and nobody has asked."""
    return Case(f"unsolicited: {case}", name, Recipe(before=before), undone=Recipe(before=undone), world=_ALLOWED)


UNASKED = [
    Case(
        "unsolicited: not allowed",
        Name.UNSOLICITED,
        Recipe(before=nobody_asked),
        undone=Recipe(before=nobody_asked),
        world=World(asked=False),
        undone_world=_ALLOWED,
    ),
    Case(
        "unsolicited: encrypted, not allowed",
        Name.UNSOLICITED,
        Recipe(before=nobody_asked, encryption=GCM),
        undone=Recipe(before=nobody_asked, encryption=GCM),
        world=World(asked=False),
        undone_world=_ALLOWED,
    ),
    Case(
        "unsolicited: an answer to a request, where it is not allowed",
        Name.REQUEST_UNKNOWN,
        Recipe(),
        undone=Recipe(before=nobody_asked),
        world=World(asked=False),
        undone_world=_ALLOWED,
    ),
    unsolicited("an answer to a request, in another browser", Name.REQUEST_UNKNOWN, both()),
    unsolicited("InResponseTo in the Response only", Name.REQUEST_UNKNOWN, attr(SCD, "InResponseTo", None)),
    unsolicited(
        "InResponseTo in the confirmation only", Name.REQUEST_UNKNOWN, attr("/samlp:Response", "InResponseTo", None)
    ),
    unsolicited(
        "InResponseTo in a confirmation of another method",
        Name.REQUEST_UNKNOWN,
        both(nobody_asked, add("//saml:Subject", OTHER_CONFIRMATION)),
    ),
    Case(
        "unsolicited: InResponseTo taken out of the Response, which is not signed",
        Name.REQUEST_UNKNOWN,
        Recipe(after=attr("/samlp:Response", "InResponseTo", None)),
        undone=Recipe(before=nobody_asked),
        world=_ALLOWED,
    ),
    unsolicited(
        "minutes old",
        Name.ISSUED_TOO_LONG_AGO,
        both(nobody_asked, attr(ASSERTION, "IssueInstant", at(-301))),
        undone=both(nobody_asked, attr(ASSERTION, "IssueInstant", at(-300))),
    ),
    unsolicited(
        "another audience", Name.AUDIENCE_MISMATCH, both(nobody_asked, put("//saml:Audience", "https://other.test"))
    ),
    unsolicited(
        "an address of another organization",
        Name.OUTSIDE_ORGANIZATION,
        both(nobody_asked, attributes(email=("ceo@victim.test",))),
    ),
]

_BY_ATTRIBUTE = World(attributes={"subject": "uid"})
_UID = ("uid", ("1",))
_EMAIL = ("email", ("alice@acme.test",))
ENCRYPTED_ID = """<saml:EncryptedID><e:EncryptedData xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:CipherData>
<e:CipherValue>AA==</e:CipherValue></e:CipherData></e:EncryptedData></saml:EncryptedID>"""

PROFILE = [
    signed(
        "an encrypted NameID",
        Name.NAME_ID_ENCRYPTED,
        both(drop("//saml:NameID"), add("//saml:Subject", ENCRYPTED_ID, at=0)),
    ),
    signed("no NameID", Name.NAME_ID_MISSING, drop("//saml:NameID")),
    signed("an empty NameID", Name.NAME_ID_MISSING, put("//saml:NameID", "  ")),
    signed("a transient NameID", Name.NAME_ID_TRANSIENT, name_id("u-1", TRANSIENT)),
    signed(
        "a NameID for another service",
        Name.NAME_ID_FOR_ANOTHER_SERVICE,
        attr("//saml:NameID", "SPNameQualifier", "https://other.test"),
    ),
    signed(
        "the chosen subject is missing",
        Name.SUBJECT_MISSING,
        attribute_list(_EMAIL),
        world=_BY_ATTRIBUTE,
        undone=attribute_list(_EMAIL, _UID),
    ),
    signed(
        "the chosen subject has two values",
        Name.SUBJECT_AMBIGUOUS,
        attribute_list(_EMAIL, ("uid", ("1", "2"))),
        world=_BY_ATTRIBUTE,
        undone=attribute_list(_EMAIL, _UID),
    ),
    signed(
        "the chosen subject comes twice",
        Name.SUBJECT_AMBIGUOUS,
        attribute_list(_EMAIL, _UID, _UID),
        world=_BY_ATTRIBUTE,
        undone=attribute_list(_EMAIL, _UID),
    ),
    signed("an endless NameID", Name.SUBJECT_TOO_LONG, put("//saml:NameID", "x" * 257)),
    signed("no address", Name.EMAIL_MISSING, attributes(firstName=("Alice",))),
    signed("an empty address", Name.EMAIL_MISSING, attributes(email=(" ",))),
    Case(
        "the chosen address is missing, others do not count",
        Name.EMAIL_MISSING,
        Recipe(before=both(attributes(email=("alice@acme.test",)), name_id("alice@acme.test", EMAIL_ADDRESS))),
        undone=Recipe(before=attributes(work=("alice@acme.test",))),
        world=World(attributes={"email": "work"}),
    ),
    signed("two values of the address", Name.EMAIL_AMBIGUOUS, attributes(email=("alice@acme.test", "bob@acme.test"))),
    signed("the address twice", Name.EMAIL_AMBIGUOUS, attribute_list(_EMAIL, _EMAIL)),
    signed(
        "two addresses under two names",
        Name.EMAIL_AMBIGUOUS,
        attributes(email=("alice@acme.test",), mail=("bob@acme.test",)),
    ),
    *(
        signed(f"not an address: {text}", Name.EMAIL_INVALID, attributes(email=(text,)))
        for text in (
            "alice",
            "ali\N{KELVIN SIGN}e@acme.test",
            "@acme.test",
            "alice@",
            "a@b@acme.test",
            "al ice@acme.test",
            "x,alice@acme.test",
            "a" * 250 + "@acme.test",
        )
    ),
    signed("an address of another organization", Name.OUTSIDE_ORGANIZATION, attributes(email=("ceo@victim.test",))),
    signed("an address of a subdomain", Name.OUTSIDE_ORGANIZATION, attributes(email=("alice@eu.acme.test",))),
    signed(
        "a NameID of another organization",
        Name.OUTSIDE_ORGANIZATION,
        both(attributes(firstName=("Alice",)), name_id("ceo@victim.test", EMAIL_ADDRESS)),
    ),
    Case(
        "an organization without a verified domain",
        Name.OUTSIDE_ORGANIZATION,
        Recipe(),
        world=World(hosts=frozenset()),
        undone_world=World(),
    ),
]

CASES = [*GATE, *SIGNATURES, *ENCRYPTION, *LIBRARY, *ADDRESSEE, *UNASKED, *PROFILE]
# The clock of the other side: the same response, judged at another time.
CASES += [
    Case(
        "three minutes after its end",
        Name.ASSERTION_EXPIRED,
        Recipe(),
        world=replace(World(), now=NOW + timedelta(seconds=480)),
        undone_world=World(),
    ),
]
