"""python3-saml behind one function: schema, signatures and structure of a response that the gate admitted."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from threading import local
from types import FunctionType
from typing import Any

import onelogin.saml2
import xmlsec
from lxml import etree
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings as LibrarySettings
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from app.rules.identity import Rejection
from saml.documents import SAML, Element, descend, text
from saml.gate import Admitted, Sealed
from saml.rejections import Name, name_of, reject
from saml.settings import ServiceProvider

_SCHEMAS = Path(onelogin.saml2.__file__).parent / "schemas"
_CONFIRMATIONS = "/saml:Subject/saml:SubjectConfirmation"
_TRUSTED = "a signature by a certificate of the connection"


class _Compiled(local):
    """Schemas by the name of their file, compiled once in each thread: a compiled one keeps its log of errors, so that
    two threads must not validate with it at once. Compiling costs more than all the rest of a response.
    """

    def __init__(self) -> None:
        self._schemas: dict[str, etree.XMLSchema] = {}

    def get(self, name: str) -> etree.XMLSchema:
        """The schema of this name that comes with the library."""
        if name not in self._schemas:
            self._schemas[name] = etree.XMLSchema(file=str(_SCHEMAS / name))
        return self._schemas[name]


_compiled = _Compiled()


# The base classes are Any to mypy: python3-saml has no types.
class _XmlWithCompiledSchemas(OneLogin_Saml2_XML):  # type: ignore[misc]
    """What the library does with XML, but that it compiles no schema for each response."""

    @staticmethod
    def validate_xml(xml: Element, schema: str, _debug: bool) -> Element | str:
        """As the library's: the document, or what is wrong with it."""
        return xml if _compiled.get(schema).validate(xml) else "invalid_xml"


class _NotingUtils:
    """The library's utilities, and which certificates have verified a signature, by their place among the settings'."""

    def __init__(self) -> None:
        self.verified_by: set[int] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(OneLogin_Saml2_Utils, name)

    def validate_sign(self, xml: Element, *_: Any, xpath: str, multicerts: list[str], raise_exceptions: bool) -> bool:
        """As the library's, which tries one certificate after the other and does not say which it was."""
        for place, certificate in enumerate(multicerts):
            if OneLogin_Saml2_Utils.validate_sign(
                xml, xpath=xpath, multicerts=[certificate], raise_exceptions=raise_exceptions
            ):
                self.verified_by.add(place)
                return True
        return False


class _ResponseWithoutClock(OneLogin_Saml2_Response):  # type: ignore[misc]
    """python3-saml's Response on the gate's own tree, with every look at the machine's clock taken out.

    The library takes no time as argument, allows 300 seconds on Conditions and none at all on SubjectConfirmationData
    and SessionNotOnOrAfter: a provider whose clock is one second ahead would be refused. saml/checks.py does all of
    these checks, with one clock and one skew, so here the library is shown no times to compare.
    """

    def __init__(self, settings: LibrarySettings, admitted: Admitted) -> None:
        # Not super().__init__: it would decode and parse the post once more, with another parser than the gate's, and
        # decrypt with whatever algorithm the post names.
        self._settings = settings
        self._error = None
        self.document = admitted.root if admitted.sealed is None else admitted.sealed
        self.response = None
        self.encrypted = admitted.sealed is not None
        self.decrypted_document = admitted.root
        self.valid_scd_not_on_or_after = None

    def validate_timestamps(self, **_: Any) -> bool:
        """Conditions: checked by saml/checks.py."""
        return True

    def get_session_not_on_or_after(self) -> None:
        """AuthnStatement: checked by saml/checks.py."""

    def _query_assertion(self, xpath_expr: str) -> list[Element]:
        found: list[Element] = super()._query_assertion(xpath_expr)
        return [_without_terms(node) for node in found] if xpath_expr == _CONFIRMATIONS else found


def _is_valid(response: _ResponseWithoutClock, request_data: dict[str, str], utils: _NotingUtils) -> None:
    """The library's own, which finds schemas and utilities in names of its module that have no other way in."""
    theirs = OneLogin_Saml2_Response.is_valid
    names = {**theirs.__globals__, "OneLogin_Saml2_XML": _XmlWithCompiledSchemas, "OneLogin_Saml2_Utils": utils}
    FunctionType(theirs.__code__, names, argdefs=theirs.__defaults__)(response, request_data, raise_exceptions=True)


def _without_terms(confirmation: Element) -> Element:
    """A copy without Recipient, InResponseTo and times: the library sees that it is there and of which method.

    The signature and the schema are judged on the document, which stays as it is.
    """
    bare = deepcopy(confirmation)
    for data in bare.iter(f"{SAML}SubjectConfirmationData"):
        data.attrib.clear()
    return bare


def judge(
    admitted: Admitted, *, settings: LibrarySettings, service_provider: ServiceProvider
) -> frozenset[int] | Rejection:
    """The places, among the certificates of `settings`, of those that verified the signatures, when schema, structure
    and every signature are right.
    """
    response, utils = _ResponseWithoutClock(settings, admitted), _NotingUtils()
    try:
        _is_valid(response, service_provider.request_data(), utils)
    except (OneLogin_Saml2_ValidationError, OneLogin_Saml2_Error, xmlsec.Error, etree.LxmlError, ValueError) as error:
        return _refusal(error, admitted=admitted, settings=settings)
    return frozenset(utils.verified_by)


def judge_sealed(sealed: Sealed, *, settings: LibrarySettings) -> Rejection | None:
    """None when the Response is not signed, or rightly so, by a certificate of the connection, as it came."""
    right = not sealed.response_is_signed or OneLogin_Saml2_Utils.validate_sign(
        sealed.root,
        xpath=OneLogin_Saml2_Utils.RESPONSE_SIGNATURE_XPATH,
        multicerts=settings.get_idp_data()["x509certMulti"]["signing"],
        raise_exceptions=False,
    )
    return None if right else reject(Name.SIGNATURE_INVALID, expected=_TRUSTED)


def is_valid_message(message: Element) -> bool:
    """Whether a message of the protocol follows the schema."""
    return bool(_compiled.get("saml-schema-protocol-2.0.xsd").validate(message))


def _refusal(error: Exception, *, admitted: Admitted, settings: LibrarySettings) -> Rejection:
    """The library's refusal with what was expected and what came, where its own message does not hold both."""
    name = name_of(error)
    expected, received = "", str(error)
    if name is Name.AUDIENCE_MISMATCH:
        expected = settings.get_sp_data()["entityId"]
        received = ", ".join(text(audience) for audience in audiences(admitted.assertion))
    elif name is Name.DESTINATION_MISMATCH:
        expected = settings.get_sp_data()["assertionConsumerService"]["url"]
        received = str(admitted.root.get("Destination"))
    elif name is Name.ISSUER_MISMATCH:
        expected = settings.get_idp_data()["entityId"]
        received = ", ".join(text(issuer) for issuer in issuers(admitted))
    elif name is Name.SIGNATURE_INVALID:
        expected = _TRUSTED
    return reject(name, expected=expected, received=received)


def audiences(assertion: Element) -> list[Element]:
    """Every Audience of every AudienceRestriction."""
    return descend(assertion, f"{SAML}Conditions", f"{SAML}AudienceRestriction", f"{SAML}Audience")


def issuers(admitted: Admitted) -> list[Element]:
    """The Issuer of the Response, where there is one, and that of its assertion."""
    return [*descend(admitted.root, f"{SAML}Issuer"), *descend(admitted.assertion, f"{SAML}Issuer")]
