"""The closed list of names under which an OpenID Connect sign-in or logout is rejected, and how a check says one."""

from __future__ import annotations

from enum import StrEnum

_SHOWN = 200


class Name(StrEnum):
    """Every rejection there is; the same word stands on the activity page, in the log and in the name of its test."""

    # the answer in the browser
    PARAMETER_REPEATED = "parameter_repeated"
    ISSUER_PARAMETER_MISSING = "issuer_parameter_missing"
    ISSUER_PARAMETER_WRONG = "issuer_parameter_wrong"
    ACCESS_DENIED = "access_denied"
    INTERACTION_REQUIRED = "interaction_required"
    SCOPE_REFUSED = "scope_refused"
    REQUEST_REFUSED = "request_refused"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    CODE_MISSING = "code_missing"
    # what the provider publishes
    PROVIDER_UNREACHABLE = "provider_unreachable"
    DISCOVERY_INVALID = "discovery_invalid"
    DISCOVERY_ISSUER_WRONG = "discovery_issuer_wrong"
    KEYS_INVALID = "keys_invalid"
    # the code for tokens
    CLIENT_REFUSED = "client_refused"
    CODE_REFUSED = "code_refused"
    TOKEN_ANSWER_INVALID = "token_answer_invalid"  # noqa: S105 (a name, not a secret)
    ID_TOKEN_MISSING = "id_token_missing"  # noqa: S105
    # the signature
    ID_TOKEN_MALFORMED = "id_token_malformed"  # noqa: S105
    ALGORITHM_NOT_ALLOWED = "algorithm_not_allowed"
    CRITICAL_HEADER_REFUSED = "critical_header_refused"
    KEY_UNKNOWN = "key_unknown"
    KEY_TOO_WEAK = "key_too_weak"
    SIGNATURE_INVALID = "signature_invalid"
    # what the ID token says
    CLAIM_INVALID = "claim_invalid"
    ISSUER_WRONG = "issuer_wrong"
    AUDIENCE_WRONG = "audience_wrong"
    AUTHORIZED_PARTY_WRONG = "authorized_party_wrong"
    SUBJECT_MISSING = "subject_missing"
    TIME_MISSING = "time_missing"
    ID_TOKEN_EXPIRED = "id_token_expired"  # noqa: S105
    ID_TOKEN_NOT_YET_VALID = "id_token_not_yet_valid"  # noqa: S105
    ID_TOKEN_TOO_OLD = "id_token_too_old"  # noqa: S105
    NONCE_WRONG = "nonce_wrong"
    ACCESS_TOKEN_HASH_WRONG = "access_token_hash_wrong"  # noqa: S105
    AUTHENTICATION_NOT_FRESH = "authentication_not_fresh"
    # userinfo
    USERINFO_REFUSED = "userinfo_refused"
    USERINFO_INVALID = "userinfo_invalid"
    USERINFO_SIGNED = "userinfo_signed"
    USERINFO_SUBJECT_WRONG = "userinfo_subject_wrong"
    # who it is
    TENANT_WRONG = "tenant_wrong"
    OBJECT_ID_MISSING = "object_id_missing"
    HOSTED_DOMAIN_WRONG = "hosted_domain_wrong"
    EMAIL_MISSING = "email_missing"
    EMAIL_INVALID = "email_invalid"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    EMAIL_VERIFICATION_MISSING = "email_verification_missing"
    OUTSIDE_ORGANIZATION = "profile_not_allowed_outside_organization"
    # a logout token
    LOGOUT_TOKEN_MISSING = "logout_token_missing"  # noqa: S105
    LOGOUT_TOKEN_MALFORMED = "logout_token_malformed"  # noqa: S105
    LOGOUT_TYPE_WRONG = "logout_type_wrong"
    LOGOUT_ISSUER_WRONG = "logout_issuer_wrong"
    LOGOUT_AUDIENCE_WRONG = "logout_audience_wrong"
    LOGOUT_TIME_MISSING = "logout_time_missing"
    LOGOUT_NOT_YET_VALID = "logout_not_yet_valid"
    LOGOUT_EXPIRED = "logout_expired"
    LOGOUT_TOO_OLD = "logout_too_old"
    LOGOUT_ID_MISSING = "logout_id_missing"
    LOGOUT_EVENT_MISSING = "logout_event_missing"
    LOGOUT_NONCE_PRESENT = "logout_nonce_present"
    LOGOUT_NAMES_NOBODY = "logout_names_nobody"


class RejectedError(Exception):
    """Carries a rejection out of a chain of checks; `oidc.callback` and `oidc.kind` turn it into the value it is."""

    def __init__(self, name: Name, *, expected: str = "", received: str = "") -> None:
        super().__init__(name.value)
        self.name = name
        self.expected = expected
        self.received = received


def shown(value: object) -> str:
    """A received value as it may be shown to an administrator: printable, one line, bounded."""
    text = value if isinstance(value, str) else repr(value)
    printable = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:_SHOWN])
    return printable if len(text) <= _SHOWN else f"{printable}…"
