"""Logouts of a provider in the HTTP-Redirect binding, signed with real keys, and the cases that are refused."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from urllib.parse import quote_plus

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree

from app.rules.connections import Revision
from app.rules.identity import Rejection
from app.rules.logout import EndedThere, SignOutOutcome
from saml.kind import SamlKind
from saml.logout_rejections import Name
from saml.redirect_binding import LONGEST_QUERY, LONGEST_XML, read_query
from tests.saml.forge import (
    BASE_URL,
    CONNECTION,
    ISSUER,
    MORE,
    NAMESPACES,
    NOW,
    Edit,
    Element,
    Internet,
    StoppedClock,
    World,
    add,
    attr,
    both,
    drop,
    pair,
    put,
)

LOGOUT_URL = f"{BASE_URL}/saml/{CONNECTION}/logout"
SLO_URL = "https://idp.test/slo"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
OUR_REQUEST = "_logout"
RSA_SHA256 = f"{MORE}rsa-sha256"
_HASHES: dict[str, HashAlgorithm] = {"sha256": SHA256(), "sha384": SHA384(), "sha512": SHA512(), "sha1": SHA1()}


def _document(name: str, attributes: str, inner: str) -> Element:
    now = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    return etree.fromstring(
        f"""<samlp:{name} xmlns:samlp="{NAMESPACES["samlp"]}" xmlns:saml="{NAMESPACES["saml"]}"
 ID="_theirs" Version="2.0" IssueInstant="{now}" Destination="{LOGOUT_URL}" {attributes}>
<saml:Issuer>{ISSUER}</saml:Issuer>{inner}</samlp:{name}>"""
    )


def logout_request() -> Element:
    """What an ordinary identity provider asks."""
    inner = f"""<saml:NameID Format="{PERSISTENT}">u-1</saml:NameID><samlp:SessionIndex>_session</samlp:SessionIndex>"""
    return _document("LogoutRequest", "", inner)


def logout_response() -> Element:
    """What it answers when it was asked."""
    inner = f"""<samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status>"""
    return _document("LogoutResponse", f'InResponseTo="{OUR_REQUEST}"', inner)


def lower_case(value: str) -> str:
    """As .NET escapes: %2b, not %2B."""
    escaped = quote_plus(value)
    return "".join(
        letter.lower() if "%" in escaped[max(0, place - 2) : place] else letter for place, letter in enumerate(escaped)
    )


@cache
def _private(key: str) -> PrivateKeyTypes:
    """Read once for the whole run: its numbers are proven each time."""
    return load_pem_private_key(pair(key).key, None)


def sign_octets(octets: bytes, *, key: str, method: str) -> bytes:
    """A signature as the binding has it."""
    private = _private(key)
    digest = _HASHES[method.rpartition("-")[2]] if method.startswith(MORE) else SHA1()
    if isinstance(private, ec.EllipticCurvePrivateKey):
        size = (private.key_size + 7) // 8
        return b"".join(part.to_bytes(size) for part in decode_dss_signature(private.sign(octets, ec.ECDSA(digest))))
    assert isinstance(private, rsa.RSAPrivateKey)
    return private.sign(octets, PKCS1v15(), digest)


@dataclass(frozen=True)
class Logout:
    """How one message is sent: edit, bytes, deflate, base64, sign, edit the query."""

    document: Callable[[], Element] = logout_request
    name: str = "SAMLRequest"
    before: Edit | None = None
    raw: Callable[[bytes], bytes] | None = None
    deflated: Callable[[bytes], bytes] | None = None
    encoded: Callable[[str], str] | None = None
    relay_state: str | None = "there"
    key: str = "idp"
    method: str = RSA_SHA256
    escape: Callable[[str], str] = quote_plus
    query: Callable[[str], str] | None = None

    def sent(self) -> str:
        """The query."""
        root = self.document()
        if self.before:
            self.before(root)
        xml = etree.tostring(root)
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        message = deflate.compress(self.raw(xml) if self.raw else xml) + deflate.flush()
        message = self.deflated(message) if self.deflated else message
        encoded = base64.b64encode(message).decode()
        parts = [f"{self.name}={self.escape(self.encoded(encoded) if self.encoded else encoded)}"]
        if self.relay_state is not None:
            parts.append(f"RelayState={self.escape(self.relay_state)}")
        parts.append(f"SigAlg={self.escape(self.method)}")
        signature = sign_octets("&".join(parts).encode(), key=self.key, method=self.method)
        query = "&".join([*parts, f"Signature={self.escape(base64.b64encode(signature).decode())}"])
        return self.query(query) if self.query else query


REQUEST = Logout()
ANSWER = Logout(logout_response, "SAMLResponse", relay_state="handle")


def revision(*certificates: str, own: tuple[str, ...] = ("own",), **idp: str) -> Revision:
    """A connection with a logout URL."""
    made = World(certificates=certificates or ("idp",), own=own).revision()
    return replace(made, settings={**made.settings, "idp": {**made.settings["idp"], "slo_url": SLO_URL, **idp}})


def kind() -> SamlKind:
    return SamlKind(base_url=BASE_URL, http=Internet({}), clock=StoppedClock())


def judged(logout: Logout, *, of: Revision | None = None) -> EndedThere | SignOutOutcome | Rejection:
    """What the product says."""
    query = read_query(logout.sent().encode())
    if logout.name == "SAMLResponse" and not isinstance(query, Rejection):
        return kind().return_verifier(query)(of or revision(), OUR_REQUEST, NOW)
    return kind().logout_verifier(query)(of or revision(), NOW)


@dataclass(frozen=True)
class LogoutCase:
    """One attack or mistake: an accepted message, and the one thing that is different."""

    id: str
    name: Name
    logout: Logout
    undone: Logout = Logout()


def _case(id_: str, name: Name, base: Logout = REQUEST, **changes: object) -> LogoutCase:
    return LogoutCase(id_, name, replace(base, **changes), base)  # type: ignore[arg-type]  # the fields are Logout's own


def _signed(id_: str, name: Name, before: Edit, *, base: Logout = REQUEST) -> LogoutCase:
    """The provider itself says something else, and signs it."""
    return _case(id_, name, base, before=before)


def _replacing(old: str, new: str) -> Callable[[str], str]:
    def change(query: str) -> str:
        assert old in query
        return query.replace(old, new, 1)

    return change


def _without(parameter: str) -> Callable[[str], str]:
    return lambda query: "&".join(part for part in query.split("&") if not part.startswith(f"{parameter}="))


def at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _of_another(query: str) -> str:
    """The message of this query with the signature of another."""
    other = Logout(relay_state="other").sent().rpartition("&Signature=")[2]
    return f"{query.rpartition('&Signature=')[0]}&Signature={other}"


ROOT = "/samlp:*"
ENCRYPTED_ID = (
    "<saml:EncryptedID><e:EncryptedData><e:CipherData><e:CipherValue>YQ==</e:CipherValue></e:CipherData>"
    "</e:EncryptedData></saml:EncryptedID>"
)

CASES: tuple[LogoutCase, ...] = (
    _case("no message at all", Name.MESSAGE_MISSING, query=_without("SAMLRequest")),
    _case("an empty message", Name.MESSAGE_MISSING, query=lambda _: "SAMLRequest=&SigAlg=a&Signature=b"),
    _case("a request and a response at once", Name.MESSAGE_MISSING, query=lambda query: f"{query}&SAMLResponse=a"),
    _case("a second SAMLRequest", Name.PARAMETER_REPEATED, query=lambda query: f"{query}&SAMLRequest=a"),
    _case("a second Signature", Name.PARAMETER_REPEATED, query=lambda query: f"{query}&Signature=a"),
    _case("a query beyond the limit", Name.TOO_LARGE, query=lambda query: f"{query}&pad={'a' * LONGEST_QUERY}"),
    _case("an unsigned logout", Name.UNSIGNED, query=lambda query: query.partition("&SigAlg=")[0]),
    _case("no Signature", Name.UNSIGNED, query=_without("Signature")),
    _case("no SigAlg", Name.UNSIGNED, query=_without("SigAlg")),
    _case("an empty Signature", Name.UNSIGNED, query=lambda query: f"{query.rpartition('=')[0]}="),
    _case("RSA-SHA1", Name.SIGNATURE_ALGORITHM, method="http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
    _case("HMAC", Name.SIGNATURE_ALGORITHM, query=_replacing("rsa-sha256", "hmac-sha256")),
    _case("a key of someone else", Name.SIGNATURE_INVALID, key="attacker"),
    _case("an elliptic key of someone else", Name.SIGNATURE_INVALID, key="ec", method=f"{MORE}ecdsa-sha256"),
    _case("another RelayState", Name.SIGNATURE_INVALID, query=_replacing("RelayState=there", "RelayState=elsewhere")),
    _case("no RelayState, where one was signed", Name.SIGNATURE_INVALID, query=_without("RelayState")),
    _case("a RelayState, where none was signed", Name.SIGNATURE_INVALID, relay_state=None,
          query=lambda query: f"{query}&RelayState=a"),
    _case("another digest than was signed", Name.SIGNATURE_INVALID, query=_replacing("rsa-sha256", "rsa-sha512")),
    _case("the signature of another logout", Name.SIGNATURE_INVALID, query=_of_another),
    _case("a signature that is not base64", Name.SIGNATURE_INVALID, query=lambda query: f"{query}*"),
    _case("the same octets escaped anew", Name.SIGNATURE_INVALID, query=_replacing("%3A", "%3a")),
    _case("a message that is not base64", Name.NOT_DEFLATED, encoded=lambda encoded: f"{encoded}*"),
    _case("a message that is not deflated", Name.NOT_DEFLATED, deflated=lambda _: b"<LogoutRequest/>"),
    _case("half a message", Name.NOT_DEFLATED, deflated=lambda message: message[:-20]),
    _case("more behind the message", Name.NOT_DEFLATED, deflated=lambda message: message + b"more"),
    _case("a deflate bomb", Name.TOO_LARGE, raw=lambda xml: xml + b" " * 5_000_000),
    _case("more XML than the limit", Name.TOO_LARGE, raw=lambda xml: xml + b" " * (LONGEST_XML + 1 - len(xml))),
    _case("no XML", Name.NOT_XML, raw=lambda _: b"logout"),
    _case("UTF-16", Name.NOT_XML, raw=lambda xml: xml.decode().encode("utf-16")),
    _case("a document type", Name.NOT_XML, raw=lambda xml: b'<!DOCTYPE a [<!ENTITY b "c">]>' + xml),
    _case("a comment in the NameID", Name.COMMENT_PRESENT, raw=lambda xml: xml.replace(b"u-1", b"u-<!---->1")),
    _case("a processing instruction", Name.COMMENT_PRESENT, raw=lambda xml: b"<?a b?>" + xml),
    _case("a LogoutResponse as SAMLRequest", Name.WRONG_MESSAGE, document=logout_response),
    _case("a LogoutRequest as SAMLResponse", Name.WRONG_MESSAGE, ANSWER, document=logout_request),
    _signed("SAML 1.1", Name.SCHEMA_INVALID, attr(ROOT, "Version", "1.1")),
    _signed("an unknown element", Name.SCHEMA_INVALID, add(ROOT, "<samlp:Surprise/>")),
    _signed("nobody named at all", Name.SCHEMA_INVALID, drop("//saml:NameID")),
    _signed("another issuer", Name.ISSUER_MISMATCH, put("//saml:Issuer", "https://evil.test")),
    _signed("no issuer", Name.ISSUER_MISMATCH, drop("//saml:Issuer")),
    _signed("another service's logout URL", Name.DESTINATION_MISMATCH, attr(ROOT, "Destination", "https://other.test")),
    _signed("a Destination that begins like ours", Name.DESTINATION_MISMATCH,
            attr(ROOT, "Destination", f"{LOGOUT_URL}/more")),
    _signed("another connection's logout URL", Name.DESTINATION_MISMATCH,
            attr(ROOT, "Destination", LOGOUT_URL.replace("conn_1", "conn_2"))),
    _signed("no Destination", Name.DESTINATION_MISMATCH, attr(ROOT, "Destination", None)),
    _signed("a year that no clock knows", Name.TIME_UNREADABLE, attr(ROOT, "IssueInstant", "12026-01-01T00:00:00Z")),
    _signed("issued in the future", Name.ISSUED_IN_FUTURE, attr(ROOT, "IssueInstant", at(121))),
    _signed("a stale logout", Name.TOO_OLD, attr(ROOT, "IssueInstant", at(-420))),
    _signed("a logout past its end", Name.EXPIRED, attr(ROOT, "NotOnOrAfter", at(-120))),
    _signed("an ID that is too long", Name.ID_UNUSABLE, attr(ROOT, "ID", "_" * 257)),
    _signed("an empty NameID", Name.NAME_ID_MISSING, put("//saml:NameID", " ")),
    _signed("an encrypted NameID", Name.NAME_ID_MISSING, both(add(ROOT, ENCRYPTED_ID, at=1), drop("//saml:NameID"))),
    _signed("the answer to another request", Name.IN_RESPONSE_TO_MISMATCH,
            attr(ROOT, "InResponseTo", "_other"), base=ANSWER),
    _signed("an answer to nobody", Name.IN_RESPONSE_TO_MISMATCH, attr(ROOT, "InResponseTo", None), base=ANSWER),
    _case("an unsigned answer", Name.UNSIGNED, ANSWER, query=lambda query: query.partition("&SigAlg=")[0]),
)  # fmt: skip
