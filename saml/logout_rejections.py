"""The closed list of reasons not to believe what an identity provider says of a logout."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.rules.identity import Rejection
from saml.rejections import Cause, Who, rejection


class Name(StrEnum):
    """Every way a logout can fail, in the order in which it is looked for."""

    TOO_LARGE = "logout_too_large"
    PARAMETER_REPEATED = "logout_parameter_repeated"
    MESSAGE_MISSING = "logout_message_missing"
    UNSIGNED = "logout_unsigned"
    SIGNATURE_ALGORITHM = "logout_signature_algorithm"
    SIGNATURE_INVALID = "logout_signature_invalid"
    NOT_DEFLATED = "logout_not_deflated"
    NOT_XML = "logout_not_xml"
    COMMENT_PRESENT = "logout_comment_present"
    WRONG_MESSAGE = "logout_wrong_message"
    SCHEMA_INVALID = "logout_schema_invalid"
    ISSUER_MISMATCH = "logout_issuer_mismatch"
    DESTINATION_MISMATCH = "logout_destination_mismatch"
    TIME_UNREADABLE = "logout_time_unreadable"
    ISSUED_IN_FUTURE = "logout_issued_in_future"
    TOO_OLD = "logout_too_old"
    EXPIRED = "logout_expired"
    ID_UNUSABLE = "logout_id_unusable"
    NAME_ID_MISSING = "logout_name_id_missing"
    IN_RESPONSE_TO_MISMATCH = "logout_in_response_to_mismatch"


def reject(name: Name, *, expected: str = "", received: str = "") -> Rejection:
    """The rejection of this name; `expected` and `received` are single values."""
    return rejection(name.value, CAUSES[name], expected=expected, received=received)


_UNREADABLE = "The identity provider's sign-out could not be read. Nobody was signed out."
_UNTRUSTED = "The identity provider's sign-out could not be verified. Nobody was signed out."
_ELSEWHERE = "The identity provider's sign-out was made for another service. Nobody was signed out."
_TIMING = "The identity provider's sign-out is not valid at this time. Nobody was signed out."

_RAW = "a logout reached Doorward damaged, or was put together by something other than an identity provider."
_CLOCK = "the two clocks differ, or the logout was held up for minutes. Let both machines follow a time server (NTP)."


def _at_provider(sentence: str, fix: str, *, okta: str = "", entra: str = "") -> Cause:
    return Cause(sentence, Who.IDENTITY_PROVIDER, fix, okta, entra)


CAUSES: Mapping[Name, Cause] = {
    Name.TOO_LARGE: _at_provider(_UNREADABLE, "send the logout without extensions; this one is too long."),
    Name.PARAMETER_REPEATED: _at_provider(_UNREADABLE, "send every parameter once."),
    Name.MESSAGE_MISSING: _at_provider(
        _UNREADABLE, "send logouts with the HTTP-Redirect binding, in the parameter SAMLRequest or SAMLResponse."
    ),
    Name.UNSIGNED: _at_provider(
        _UNTRUSTED,
        "sign logout requests and responses: without a signature anybody could sign people out.",
        okta='"Advanced Settings", "Signed Requests", and the certificate of this connection.',
    ),
    Name.SIGNATURE_ALGORITHM: _at_provider(_UNTRUSTED, "sign logouts with RSA-SHA256; SHA-1 is not accepted."),
    Name.SIGNATURE_INVALID: Cause(
        _UNTRUSTED,
        Who.CONNECTION,
        "the signature was not made with a certificate that this connection trusts. Has the provider a new one? "
        "Edit the connection and give its metadata again.",
    ),
    Name.NOT_DEFLATED: _at_provider(_UNREADABLE, _RAW),
    Name.NOT_XML: _at_provider(_UNREADABLE, _RAW),
    Name.COMMENT_PRESENT: _at_provider(_UNREADABLE, "take comments and processing instructions out of the logout."),
    Name.WRONG_MESSAGE: _at_provider(
        _UNREADABLE, "send a LogoutRequest as SAMLRequest and a LogoutResponse as SAMLResponse to the logout URL."
    ),
    Name.SCHEMA_INVALID: _at_provider(_UNREADABLE, "the logout does not follow the SAML 2.0 schema."),
    Name.ISSUER_MISMATCH: Cause(
        _ELSEWHERE,
        Who.CONNECTION,
        "the logout comes from another identity provider, or from another application of the same one. Edit the "
        "connection and give the metadata of this one.",
    ),
    Name.DESTINATION_MISMATCH: _at_provider(
        _ELSEWHERE,
        "the logout must name as its Destination this connection's logout URL.",
        okta='"Single Logout URL".',
        entra='"Basic SAML Configuration", "Logout Url".',
    ),
    Name.TIME_UNREADABLE: _at_provider(_UNREADABLE, "write every time as UTC, for example 2026-01-31T12:00:00Z."),
    Name.ISSUED_IN_FUTURE: Cause(_TIMING, Who.CLOCKS, _CLOCK),
    Name.TOO_OLD: Cause(_TIMING, Who.CLOCKS, _CLOCK),
    Name.EXPIRED: Cause(_TIMING, Who.CLOCKS, _CLOCK),
    Name.ID_UNUSABLE: _at_provider(
        _UNREADABLE, "give the logout an ID of at most 256 letters, digits, dots, dashes and underscores."
    ),
    Name.NAME_ID_MISSING: _at_provider(_UNREADABLE, "the logout must name whom it is about, by an unencrypted NameID."),
    Name.IN_RESPONSE_TO_MISMATCH: _at_provider(
        _ELSEWHERE, "the answer to a logout must name the request that it answers, in InResponseTo."
    ),
}
