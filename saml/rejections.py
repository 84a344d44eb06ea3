"""The closed list of reasons to refuse a SAML response: a sentence for the person, who changes what, in whose words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as LibraryError

from app.rules.identity import Rejection
from app.rules.identity_providers import Provider
from saml.documents import printable

#: What the administrator is shown of what came; longer values are cut.
LONGEST_SHOWN = 200


class Name(StrEnum):
    """Every way a response can fail, in the order in which it is looked for."""

    RESPONSE_MISSING = "response_missing"
    RESPONSE_TOO_LARGE = "response_too_large"
    NOT_BASE64 = "not_base64"
    NOT_XML = "not_xml"
    DOCTYPE_PRESENT = "doctype_present"
    NOT_A_RESPONSE = "not_a_response"
    COMMENT_PRESENT = "comment_present"
    ID_REPEATED = "id_repeated"
    STATUS_NOT_SUCCESS = "status_not_success"
    ASSERTION_MISSING = "assertion_missing"
    ASSERTION_REPEATED = "assertion_repeated"
    ID_UNUSABLE = "id_unusable"
    UNSIGNED = "unsigned"
    SIGNATURE_MISPLACED = "signature_misplaced"
    SIGNATURE_SHAPE = "signature_shape"
    SIGNATURE_REFERENCE = "signature_reference"
    SIGNATURE_TRANSFORMS = "signature_transforms"
    SIGNATURE_ALGORITHM = "signature_algorithm"
    NO_KEY_TO_DECRYPT = "no_key_to_decrypt"
    ENCRYPTION_SHAPE = "encryption_shape"
    ENCRYPTION_ALGORITHM = "encryption_algorithm"
    ENCRYPTION_UNAUTHENTICATED = "encryption_unauthenticated"
    DECRYPTION_FAILED = "decryption_failed"

    VERSION_UNSUPPORTED = "version_unsupported"
    SCHEMA_INVALID = "schema_invalid"
    CONDITIONS_MISSING = "conditions_missing"
    AUTHN_STATEMENT_MISSING = "authn_statement_missing"
    ATTRIBUTE_ENCRYPTED = "attribute_encrypted"
    SIGNATURE_INVALID = "signature_invalid"

    TIME_UNREADABLE = "time_unreadable"
    ISSUER_MISMATCH = "issuer_mismatch"
    IN_RESPONSE_TO_MISSING = "in_response_to_missing"
    IN_RESPONSE_TO_MISMATCH = "in_response_to_mismatch"
    REQUEST_UNKNOWN = "request_unknown"
    UNSOLICITED = "unsolicited"
    DESTINATION_MISSING = "destination_missing"
    DESTINATION_MISMATCH = "destination_mismatch"
    AUDIENCE_MISSING = "audience_missing"
    AUDIENCE_MISMATCH = "audience_mismatch"
    CONDITION_UNKNOWN = "condition_unknown"
    ASSERTION_NOT_YET_VALID = "assertion_not_yet_valid"
    ASSERTION_EXPIRED = "assertion_expired"
    CONFIRMATION_MISSING = "confirmation_missing"
    RECIPIENT_MISSING = "recipient_missing"
    RECIPIENT_MISMATCH = "recipient_mismatch"
    CONFIRMATION_WITHOUT_EXPIRY = "confirmation_without_expiry"
    CONFIRMATION_NOT_YET_VALID = "confirmation_not_yet_valid"
    CONFIRMATION_EXPIRED = "confirmation_expired"
    ISSUED_IN_FUTURE = "issued_in_future"
    ISSUED_BEFORE_REQUEST = "issued_before_request"
    ISSUED_TOO_LONG_AGO = "issued_too_long_ago"
    SESSION_EXPIRED = "session_expired"
    NOT_AUTHENTICATED_AGAIN = "not_authenticated_again"

    NAME_ID_ENCRYPTED = "name_id_encrypted"
    NAME_ID_MISSING = "name_id_missing"
    NAME_ID_TRANSIENT = "name_id_transient"
    NAME_ID_FOR_ANOTHER_SERVICE = "name_id_for_another_service"
    SUBJECT_MISSING = "subject_missing"
    SUBJECT_AMBIGUOUS = "subject_ambiguous"
    SUBJECT_TOO_LONG = "subject_too_long"
    EMAIL_MISSING = "email_missing"
    EMAIL_AMBIGUOUS = "email_ambiguous"
    EMAIL_INVALID = "email_invalid"
    OUTSIDE_ORGANIZATION = "profile_not_allowed_outside_organization"


class Who(StrEnum):
    """Who must change something."""

    IDENTITY_PROVIDER = "At the identity provider"
    CONNECTION = "In the connection's settings in Doorward"
    PERSON = "The person who signs in"
    CLOCKS = "On the identity provider's server or on this one"


@dataclass(frozen=True, slots=True)
class Cause:
    """One row of the table: `sentence` is for the browser, the rest for whoever administers the connection."""

    sentence: str
    who: Who
    fix: str
    okta: str = ""
    entra: str = ""
    google: str = ""

    def advice(self, provider: Provider | None) -> str:
        """The whole advice as one text, the words of this provider's own pages last; of all of them for None."""
        words = {Provider.OKTA: self.okta, Provider.ENTRA: self.entra, Provider.GOOGLE: self.google}
        wanted = [one for one in words if words[one] and provider in {None, one}]
        return " ".join([f"{self.who}: {self.fix}", *(f"In {_PRODUCTS[one]}: {words[one]}" for one in wanted)])


_PRODUCTS = {Provider.OKTA: "Okta", Provider.ENTRA: "Microsoft Entra", Provider.GOOGLE: "Google"}


@dataclass(frozen=True, slots=True)
class Usual:
    """What is expected and what came, where a check has no value of its own to show."""

    expected: str
    received: str = "nothing"


def reject(name: Name, *, expected: str = "", received: str = "") -> Rejection:
    """The rejection of this name. `expected` and `received` are single values, never an assertion; left empty they are
    said in the usual words. The advice is in everybody's words; `in_words_of` says it in one provider's.
    """
    usual = USUAL.get(name, _NOTHING)
    return rejection(name.value, CAUSES[name], expected=expected or usual.expected, received=received or usual.received)


def rejection(name: str, cause: Cause, *, expected: str, received: str) -> Rejection:
    """The only place a Rejection is made."""
    return Rejection(
        name=name,
        sentence=cause.sentence,
        expected=printable(expected[:LONGEST_SHOWN]),
        received=printable(received[:LONGEST_SHOWN]),
        fix=cause.advice(None),
    )


def in_words_of(provider: Provider, rejection: Rejection) -> Rejection:
    """The same rejection, with the names that this provider's own pages have for what is to be changed."""
    return replace(rejection, fix=CAUSES[Name(rejection.name)].advice(provider))


def unknown_while_followed(provider: Provider, rejection: Rejection) -> Rejection:
    """A signature that nothing verifies, of a connection whose certificates come from the metadata that it follows."""
    cause = replace(CAUSES[Name.SIGNATURE_INVALID], who=Who.IDENTITY_PROVIDER, fix=_PUBLISH_FIRST)
    return replace(rejection, sentence=f"{rejection.sentence} {_JUST_CHANGED}", fix=cause.advice(provider))


#: python3-saml's codes that can still occur behind the gate; any other one is a response that breaks the schema's
#: rules.
_OF_LIBRARY: Mapping[int, Name] = {
    LibraryError.UNSUPPORTED_SAML_VERSION: Name.VERSION_UNSUPPORTED,
    LibraryError.INVALID_XML_FORMAT: Name.SCHEMA_INVALID,
    LibraryError.MISSING_CONDITIONS: Name.CONDITIONS_MISSING,
    LibraryError.WRONG_NUMBER_OF_AUTHSTATEMENTS: Name.AUTHN_STATEMENT_MISSING,
    LibraryError.ENCRYPTED_ATTRIBUTES: Name.ATTRIBUTE_ENCRYPTED,
    LibraryError.WRONG_DESTINATION: Name.DESTINATION_MISMATCH,
    LibraryError.EMPTY_DESTINATION: Name.DESTINATION_MISMATCH,
    LibraryError.WRONG_AUDIENCE: Name.AUDIENCE_MISMATCH,
    LibraryError.WRONG_ISSUER: Name.ISSUER_MISMATCH,
    LibraryError.WRONG_SUBJECTCONFIRMATION: Name.CONFIRMATION_MISSING,
    LibraryError.INVALID_SIGNATURE: Name.SIGNATURE_INVALID,
}


def name_of(error: Exception) -> Name:
    """Our name for what python3-saml raised."""
    return _OF_LIBRARY.get(getattr(error, "code", -1), Name.SCHEMA_INVALID)


_UNREADABLE = "The identity provider's answer could not be read."
_UNTRUSTED = "The identity provider's answer could not be verified."
_JUST_CHANGED = "If it has just changed its certificate, sign in again in a minute."
_PUBLISH_FIRST = (
    "the signature was not made with a certificate that this connection trusts. It follows the provider's metadata, "
    "which is read anew for an unknown certificate, once a minute at most: publish a new one there first, then sign "
    "with it."
)
_ELSEWHERE = "The identity provider's answer was made for another service or another sign-in."
_TIMING = "The identity provider's answer is not valid at this time."
_INCOMPLETE = "The identity provider's answer does not say enough about who you are."

_RAW = (
    "a response reached Doorward damaged or was put together by something other than an identity provider. Try again; "
    "if it stays, compare what the browser's network view shows with what the provider's log says it sent."
)
_FORM = (
    "the response has a form that honest identity providers do not produce, and that attacks do. If it is genuine, "
    "a plug-in or a gateway changes it on the way: send it as the product makes it."
)
_SIGNING = (
    "sign the assertion or the whole response with RSA-SHA256 and a SHA-256 digest, enveloped, with exclusive "
    "canonicalization."
)
_OKTA_SIGNING = '"Advanced Settings" of the SAML app, "Signature Algorithm" RSA-SHA256 and "Digest Algorithm" SHA256.'
_ENTRA_SIGNING = '"SAML Certificates", "Edit", "Signing Option" Sign SAML assertion, "Signing Algorithm" SHA-256.'
_CLOCK = "the two clocks differ, or the answer was held up for minutes. Let both machines follow a time server (NTP)."
_ACS_OKTA = '"Single Sign-On URL" must be the ACS URL, with "Use this for Recipient URL and Destination URL" ticked.'
_ACS_ENTRA = '"Basic SAML Configuration", "Reply URL (Assertion Consumer Service URL)" must be the ACS URL.'
_ACS_GOOGLE = '"Service provider details", "ACS URL" must be the ACS URL.'
_AUDIENCE_OKTA = '"Audience URI (SP Entity ID)".'
_AUDIENCE_ENTRA = '"Basic SAML Configuration", "Identifier (Entity ID)".'
_AUDIENCE_GOOGLE = '"Service provider details", "Entity ID".'
_NAME_ID_OKTA = '"Name ID format" Persistent.'
_NAME_ID_ENTRA = '"Attributes & Claims", "Unique User Identifier (Name ID)", format Persistent.'
_NAME_ID_GOOGLE = '"Service provider details", "Name ID format" PERSISTENT.'
_SUBJECT_OKTA = '"Attribute Statements", for example name "id", value "user.id".'
_SUBJECT_ENTRA = '"Attributes & Claims", "Add new claim", for example with source "user.objectid".'
_EMAIL_OKTA = '"Attribute Statements", name "email", value "user.email".'
_EMAIL_ENTRA = '"Attributes & Claims", claim "emailaddress" with source "user.mail".'
_EMAIL_GOOGLE = '"Attribute mapping", "Primary email" to "email".'


def _at_provider(sentence: str, fix: str, *, okta: str = "", entra: str = "", google: str = "") -> Cause:
    return Cause(sentence, Who.IDENTITY_PROVIDER, fix, okta, entra, google)


def _to_acs(fix: str) -> Cause:
    return _at_provider(_ELSEWHERE, fix, okta=_ACS_OKTA, entra=_ACS_ENTRA, google=_ACS_GOOGLE)


def _signing(fix: str = _SIGNING) -> Cause:
    return _at_provider(_UNTRUSTED, fix, okta=_OKTA_SIGNING, entra=_ENTRA_SIGNING)


def _encrypting(fix: str) -> Cause:
    return _at_provider(
        _UNREADABLE,
        fix,
        okta='"Advanced Settings", "Response" Signed, "Key Transport Algorithm" RSA-OAEP, "Encryption Certificate" '
        "Doorward's.",
        entra='"Token encryption", activate Doorward\'s certificate; "SAML Certificates", "Signing Option" Sign SAML '
        "response and assertion.",
    )


def _email(fix: str) -> Cause:
    return _at_provider(_INCOMPLETE, fix, okta=_EMAIL_OKTA, entra=_EMAIL_ENTRA, google=_EMAIL_GOOGLE)


def _clock() -> Cause:
    return Cause(_TIMING, Who.CLOCKS, _CLOCK)


CAUSES: Mapping[Name, Cause] = {
    Name.RESPONSE_MISSING: _at_provider(
        _UNREADABLE, "send the response with the HTTP-POST binding, in the field SAMLResponse."
    ),
    Name.RESPONSE_TOO_LARGE: _at_provider(
        _UNREADABLE,
        "send fewer attributes or groups: only those that are mapped to a role.",
        okta='narrow the filter of "Group Attribute Statements".',
        entra='"Attributes & Claims", "Add a group claim", choose "Groups assigned to the application".',
        google='"Attribute mapping", "Group membership", choose fewer groups.',
    ),
    Name.NOT_BASE64: _at_provider(_UNREADABLE, _RAW),
    Name.NOT_XML: _at_provider(_UNREADABLE, _RAW),
    Name.DOCTYPE_PRESENT: _at_provider(_UNREADABLE, _FORM),
    Name.NOT_A_RESPONSE: _at_provider(
        _UNREADABLE, "send a SAML 2.0 Response to the ACS URL; this was another kind of message."
    ),
    Name.COMMENT_PRESENT: _at_provider(
        _UNTRUSTED,
        "take comments and processing instructions out of the response: they are not covered by its signature.",
    ),
    Name.ID_REPEATED: _at_provider(_UNTRUSTED, _FORM),
    Name.STATUS_NOT_SUCCESS: _at_provider(
        "The identity provider did not sign you in.",
        "the provider itself refused; its own sign-in log says why.",
        okta='"Reports", "System Log": is the person assigned to the app ("Assignments")?',
        entra='"Sign-in logs": is the person under "Users and groups" of the enterprise application?',
        google='"User access" of the SAML app must be ON for the person.',
    ),
    Name.NO_KEY_TO_DECRYPT: _at_provider(
        _UNREADABLE,
        "this organization has no key to decrypt with yet: switch assertion encryption off, or wait an hour, then "
        "import Doorward's metadata again.",
        okta='"Advanced Settings", "Assertion Encryption" Unencrypted.',
        entra='"Token encryption", deactivate the certificate.',
    ),
    Name.ENCRYPTION_SHAPE: _at_provider(_UNREADABLE, _FORM),
    Name.ENCRYPTION_ALGORITHM: _encrypting(
        "encrypt the assertion with AES-GCM (or AES-CBC under a signed Response) and its key with RSA-OAEP. RSA "
        "PKCS #1 v1.5 and Triple DES are not accepted."
    ),
    Name.ENCRYPTION_UNAUTHENTICATED: _encrypting(
        "whoever can change a message could read what AES-CBC hides: encrypt with AES-GCM, or sign the whole response "
        "as well."
    ),
    Name.DECRYPTION_FAILED: _encrypting(
        "encrypt for the certificate in Doorward's metadata of this connection; what came could not be decrypted with "
        "its key."
    ),
    Name.ASSERTION_MISSING: _at_provider(
        _INCOMPLETE, "a successful response must carry an assertion; this one has none."
    ),
    Name.ASSERTION_REPEATED: _at_provider(_UNTRUSTED, _FORM),
    Name.ID_UNUSABLE: _at_provider(
        _UNREADABLE, "give the assertion an ID of at most 256 letters, digits, dots, dashes and underscores."
    ),
    Name.UNSIGNED: _signing("neither the assertion nor the response is signed. Switch signing on."),
    Name.SIGNATURE_MISPLACED: _at_provider(_UNTRUSTED, _FORM),
    Name.SIGNATURE_SHAPE: _at_provider(_UNTRUSTED, _FORM),
    Name.SIGNATURE_REFERENCE: _at_provider(_UNTRUSTED, _FORM),
    Name.SIGNATURE_TRANSFORMS: _signing(),
    Name.SIGNATURE_ALGORITHM: _signing(),
    Name.VERSION_UNSUPPORTED: _at_provider(_UNREADABLE, "speak SAML 2.0, not an older version."),
    Name.SCHEMA_INVALID: _at_provider(
        _UNREADABLE, "the response does not follow the SAML 2.0 schema. A custom template is the usual reason."
    ),
    Name.CONDITIONS_MISSING: _at_provider(
        _UNREADABLE, "the assertion must carry Conditions with an audience and a validity."
    ),
    Name.AUTHN_STATEMENT_MISSING: _at_provider(_UNREADABLE, "the assertion must carry exactly one AuthnStatement."),
    Name.ATTRIBUTE_ENCRYPTED: _at_provider(
        _UNREADABLE, "send attributes unencrypted; only whole assertions may be encrypted."
    ),
    Name.SIGNATURE_INVALID: Cause(
        _UNTRUSTED,
        Who.CONNECTION,
        "the signature was not made with a certificate that this connection trusts. Has the provider a new one? "
        "Edit the connection and give its metadata again.",
        okta='"Sign On", "SAML Signing Certificates", the one with status Active.',
        entra='"SAML Certificates", "App Federation Metadata Url".',
        google='"Service provider details", "Manage certificates".',
    ),
    Name.TIME_UNREADABLE: _at_provider(_UNREADABLE, "write every time as UTC, for example 2026-01-31T12:00:00Z."),
    Name.ISSUER_MISMATCH: Cause(
        _ELSEWHERE,
        Who.CONNECTION,
        "the answer comes from another identity provider, or from another application of the same one. "
        "Edit the connection and give the metadata of this one.",
        okta='"Sign On", "View SAML setup instructions", "Identity Provider Issuer".',
        entra='"Set up", "Microsoft Entra Identifier".',
        google='"Google Identity Provider details", "Entity ID".',
    ),
    Name.IN_RESPONSE_TO_MISSING: _at_provider(
        _ELSEWHERE, "InResponseTo must stand in the Response and in SubjectConfirmationData."
    ),
    Name.IN_RESPONSE_TO_MISMATCH: Cause(
        _ELSEWHERE,
        Who.PERSON,
        "the answer belongs to another sign-in, such as one in another tab. Sign in again from the start.",
    ),
    Name.REQUEST_UNKNOWN: Cause(
        "This sign-in has expired or was started in another browser.",
        Who.PERSON,
        "the answer belongs to a sign-in that this browser has not begun, or more than ten minutes ago. Sign in again "
        "from the start. If it happens to many, something takes away the cookies of Doorward.",
    ),
    Name.UNSOLICITED: Cause(
        "Please start signing in here, not from the identity provider's page.",
        Who.PERSON,
        "a sign-in that begins at the identity provider is not allowed for this connection. Begin it at Doorward's "
        "sign-in page, or allow it in the settings of the connection.",
    ),
    Name.DESTINATION_MISSING: _to_acs("a signed response must name its Destination, the ACS URL."),
    Name.DESTINATION_MISMATCH: _to_acs("the response is addressed to another URL than this connection's ACS URL."),
    Name.AUDIENCE_MISSING: _at_provider(
        _ELSEWHERE,
        "the assertion must name its audience, this connection's entity ID.",
        okta=_AUDIENCE_OKTA,
        entra=_AUDIENCE_ENTRA,
        google=_AUDIENCE_GOOGLE,
    ),
    Name.AUDIENCE_MISMATCH: _at_provider(
        _ELSEWHERE,
        "the assertion was made for another service: set the audience to this connection's entity ID.",
        okta=_AUDIENCE_OKTA,
        entra=_AUDIENCE_ENTRA,
        google=_AUDIENCE_GOOGLE,
    ),
    Name.CONDITION_UNKNOWN: _at_provider(
        _UNTRUSTED, "the assertion carries a condition that is not part of SAML 2.0: remove it."
    ),
    Name.ASSERTION_NOT_YET_VALID: _clock(),
    Name.ASSERTION_EXPIRED: _clock(),
    Name.CONFIRMATION_MISSING: _at_provider(_UNTRUSTED, "the subject must be confirmed by the method bearer."),
    Name.RECIPIENT_MISSING: _to_acs("SubjectConfirmationData must name its Recipient, the ACS URL."),
    Name.RECIPIENT_MISMATCH: _to_acs("the assertion is addressed to another URL than this connection's ACS URL."),
    Name.CONFIRMATION_WITHOUT_EXPIRY: _at_provider(_UNTRUSTED, "SubjectConfirmationData must carry NotOnOrAfter."),
    Name.CONFIRMATION_NOT_YET_VALID: _clock(),
    Name.CONFIRMATION_EXPIRED: _clock(),
    Name.ISSUED_IN_FUTURE: _clock(),
    Name.ISSUED_BEFORE_REQUEST: _clock(),
    Name.ISSUED_TOO_LONG_AGO: _clock(),
    Name.SESSION_EXPIRED: Cause(
        "Your session at the identity provider has ended.",
        Who.PERSON,
        "sign out at the identity provider, then sign in again.",
    ),
    Name.NOT_AUTHENTICATED_AGAIN: _at_provider(
        "Please sign in at the identity provider again.",
        "a test sign-in asks the provider to authenticate the person anew (ForceAuthn) and the provider did not.",
        okta='"Advanced Settings", "Honor Force Authentication" Yes.',
    ),
    Name.NAME_ID_ENCRYPTED: _at_provider(
        _INCOMPLETE, "send the NameID unencrypted; only whole assertions may be encrypted."
    ),
    Name.NAME_ID_MISSING: _at_provider(
        _INCOMPLETE,
        "send a NameID, or name an immutable attribute as subject in the connection.",
        okta=_NAME_ID_OKTA,
        entra=_NAME_ID_ENTRA,
        google=_NAME_ID_GOOGLE,
    ),
    Name.NAME_ID_TRANSIENT: _at_provider(
        _INCOMPLETE,
        "a transient NameID differs every time: send a persistent one, or name an immutable attribute as subject in "
        "the connection.",
        okta=_NAME_ID_OKTA,
        entra=_NAME_ID_ENTRA,
        google=_NAME_ID_GOOGLE,
    ),
    Name.NAME_ID_FOR_ANOTHER_SERVICE: _at_provider(
        _ELSEWHERE, "SPNameQualifier of the NameID must be this connection's entity ID or absent."
    ),
    Name.SUBJECT_MISSING: _at_provider(
        _INCOMPLETE,
        "send the attribute that tells people apart for good, under the name that was expected. If it has another one, "
        'edit the connection: "Attribute that never changes for a person".',
        okta=_SUBJECT_OKTA,
        entra=_SUBJECT_ENTRA,
    ),
    Name.SUBJECT_AMBIGUOUS: _at_provider(_INCOMPLETE, "send one value of the attribute that tells people apart."),
    Name.SUBJECT_TOO_LONG: _at_provider(
        _INCOMPLETE, "the NameID or the attribute that is taken as subject may have 256 characters."
    ),
    Name.EMAIL_MISSING: _email("no email address was sent."),
    Name.EMAIL_AMBIGUOUS: _email(
        "several email addresses were sent: send one, or name the attribute in the connection."
    ),
    Name.EMAIL_INVALID: _email("what was sent as email address is not one."),
    Name.OUTSIDE_ORGANIZATION: Cause(
        "Your email address does not belong to this organization.",
        Who.PERSON,
        "only addresses on the organization's verified domains may sign in here. Sign in with such an account, or "
        "verify the domain first.",
    ),
}

_NOTHING = Usual("")
#: Of every name whose checks may show nothing of what they expect.
USUAL: Mapping[Name, Usual] = {
    Name.RESPONSE_MISSING: Usual("the field SAMLResponse of a posted form"),
    Name.NOT_BASE64: Usual("base64"),
    Name.DOCTYPE_PRESENT: Usual("XML without a document type", "a document type"),
    Name.NOT_A_RESPONSE: Usual("a Response of SAML 2.0"),
    Name.COMMENT_PRESENT: Usual("values without comments and processing instructions", "such among them"),
    Name.ID_REPEATED: Usual("every ID once"),
    Name.ASSERTION_MISSING: Usual("one Assertion"),
    Name.ID_UNUSABLE: Usual("an ID of 1 to 256 letters, digits, dots, dashes and underscores"),
    Name.UNSIGNED: Usual("a Signature of the Response or of its Assertion"),
    Name.SIGNATURE_SHAPE: Usual("a Signature of the parts that XML Signature gives it, and no others"),
    Name.SIGNATURE_INVALID: Usual("", "one that none of these certificates verifies"),
    Name.SIGNATURE_REFERENCE: Usual("", "a reference to the whole document"),
    Name.NO_KEY_TO_DECRYPT: Usual("an Assertion that is not encrypted", "an EncryptedAssertion"),
    Name.DECRYPTION_FAILED: Usual(
        "an Assertion encrypted for a certificate of this organization", "one that none of its keys opens"
    ),
    Name.VERSION_UNSUPPORTED: Usual("Version 2.0"),
    Name.SCHEMA_INVALID: Usual("a document that follows the schemas of SAML 2.0"),
    Name.CONDITIONS_MISSING: Usual("one Conditions element"),
    Name.AUTHN_STATEMENT_MISSING: Usual("one AuthnStatement"),
    Name.ATTRIBUTE_ENCRYPTED: Usual("Attribute"),
    Name.TIME_UNREADABLE: Usual("a time such as 2026-01-31T12:00:00Z"),
    Name.CONDITION_UNKNOWN: Usual("AudienceRestriction, OneTimeUse, ProxyRestriction"),
    Name.UNSOLICITED: Usual("an answer to a request that was sent", "one that answers none"),
    Name.REQUEST_UNKNOWN: Usual("an answer to a request that this browser sent in the last ten minutes"),
    Name.CONFIRMATION_MISSING: Usual("a SubjectConfirmation of the method bearer"),
    Name.CONFIRMATION_WITHOUT_EXPIRY: Usual("NotOnOrAfter"),
    Name.NAME_ID_ENCRYPTED: Usual("NameID", "EncryptedID"),
    Name.NAME_ID_MISSING: Usual("NameID"),
    Name.EMAIL_INVALID: Usual("an address such as name@example.com"),
    Name.OUTSIDE_ORGANIZATION: Usual("an address at a verified domain"),
}
