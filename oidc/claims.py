"""The table of ID token claims: what each has to look like, whether it must be there, and what its lack is called."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from oidc.rejections import Name, RejectedError, shown

_LATEST = 253_402_300_799  # the last second of the year 9999: what comes later is no time that can be computed with
_LONGEST_SUBJECT = 255  # OpenID Connect Core 1.0, section 2
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_plain_text(value: object, *, longest: int = 1000) -> bool:
    """Whether this is text that every database and page can hold: no control characters, no halves of characters."""
    return isinstance(value, str) and 0 < len(value) <= longest and not _UNPRINTABLE.search(value)


def is_time(value: object) -> bool:
    """Whether this is a NumericDate (RFC 7519, section 2) within the calendar."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 0 <= value <= _LATEST


def _is_subject(value: object) -> bool:
    return is_plain_text(value, longest=_LONGEST_SUBJECT) and bool(str(value).strip())


def _is_audience(value: object) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(is_plain_text(entry) for entry in values)


@dataclass(frozen=True, slots=True)
class Claim:
    """`rejection` is what it is called when the claim is missing although required, or not of the right shape."""

    has_shape: Callable[[object], bool]
    shape: str
    required: bool
    rejection: Name


#: Every claim of an ID token that is looked at before its meaning is. Others are the profile's business (oidc.profile).
CLAIMS: Mapping[str, Claim] = MappingProxyType(
    {
        "iss": Claim(is_plain_text, "text", True, Name.ISSUER_WRONG),
        "aud": Claim(_is_audience, "text or a list of texts", True, Name.AUDIENCE_WRONG),
        "sub": Claim(_is_subject, f"1 to {_LONGEST_SUBJECT} printable characters", True, Name.SUBJECT_MISSING),
        "exp": Claim(is_time, "seconds since 1970", True, Name.TIME_MISSING),
        "iat": Claim(is_time, "seconds since 1970", True, Name.TIME_MISSING),
        "nonce": Claim(is_plain_text, "the nonce of this sign-in", True, Name.NONCE_WRONG),
        "nbf": Claim(is_time, "seconds since 1970", False, Name.CLAIM_INVALID),
        "auth_time": Claim(is_time, "seconds since 1970", False, Name.CLAIM_INVALID),
        "azp": Claim(is_plain_text, "text", False, Name.AUTHORIZED_PARTY_WRONG),
        "at_hash": Claim(is_plain_text, "text", False, Name.ACCESS_TOKEN_HASH_WRONG),
        "jti": Claim(is_plain_text, "text", False, Name.CLAIM_INVALID),
        "amr": Claim(lambda value: isinstance(value, list), "a list", False, Name.CLAIM_INVALID),
    }
)

#: What belongs to the token and not to the person; never part of what a test sign-in shows.
OF_THE_TOKEN = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "jti", "sid", "exp", "iat", "nbf", "aud", "azp"})


def check_shapes(unverified_claims: Mapping[str, Any]) -> None:
    """Compare with the table, so that whoever reads a claim finds the type they expect. Raises RejectedError."""
    for name, claim in CLAIMS.items():
        if name not in unverified_claims:
            if claim.required:
                raise RejectedError(claim.rejection, expected=f"{name}: {claim.shape}", received="nothing")
        elif not claim.has_shape(unverified_claims[name]):
            received = "something else" if name == "nonce" else shown(unverified_claims[name])
            raise RejectedError(claim.rejection, expected=f"{name}: {claim.shape}", received=received)
