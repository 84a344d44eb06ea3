"""The signature of an ID token or a logout token: a fixed list of algorithms, no extensions, and only keys the issuer
publishes now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc.errors import JoseError
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact
from joserfc.util import urlsafe_b64decode

from oidc.discovery import Documents
from oidc.keys import ALGORITHMS, PublishedKey
from oidc.rejections import Name, RejectedError, shown
from oidc.strict_json import read_object


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A verified token. `type` is what its header says it is; `signing_input` is what the signature covers: the same
    for every spelling of the signature.
    """

    algorithm: str
    type: str | None
    claims: dict[str, Any]
    signing_input: str


class _FixedAlgorithms(JWSRegistry):
    """joserfc with our list of algorithms alone; its own lookup warns of EdDSA, which RFC 9864 merely renames."""

    max_header_length = 8192  # a certificate chain (x5c) may ride along; it is never looked at

    def __init__(self) -> None:
        super().__init__(algorithms=list(ALGORITHMS), strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


def verify_signature(
    token: str,
    *,
    documents: Documents,
    jwks_uri: str,
    now: datetime,
    malformed: Name = Name.ID_TOKEN_MALFORMED,
) -> SignedToken:
    """Verify a compact JWS (RFC 7515) with the issuer's keys and read its claims. Raises RejectedError.

    When no kept key does, the keys are fetched once more (at most once a minute): providers rotate, some under one id.
    `malformed` is what a token that cannot be read is called.
    """
    unverified = _read_unverified(token, malformed)
    problem = _problem(unverified, documents.keys(jwks_uri, now=now))
    if problem is not None:
        newer = documents.newer_keys(jwks_uri, now=now)
        problem = problem if newer is None else _problem(unverified, newer)
    if problem is not None:
        expected = "a signature by a key in the provider's key set"
        raise RejectedError(problem, expected=expected, received=_key_of(unverified.protected))
    return SignedToken(
        algorithm=unverified.protected["alg"],
        type=unverified.protected.get("typ"),
        claims=_read_claims(unverified, malformed),
        signing_input=token.rpartition(".")[0],
    )


def _read_unverified(token: str, malformed: Name) -> CompactSignature:
    """The checks that need no key."""
    # 1. three parts in ASCII, the first a JSON object that reads in one way only
    if not token.isascii() or token.count(".") != 2:
        raise RejectedError(malformed, expected="a signed JWT in three parts", received=_parts_of(token))
    try:
        header = read_object(urlsafe_b64decode(token.partition(".")[0].encode()))
        unverified = extract_compact(token.encode(), registry=_FixedAlgorithms())
    except (JoseError, ValueError) as error:
        raise RejectedError(malformed, expected="a signed JWT", received=shown(str(error))) from error
    # 2. an algorithm of the list, whatever the provider announces
    if not isinstance(header["alg"], str) or header["alg"] not in ALGORITHMS:
        expected = f"one of {', '.join(ALGORITHMS)}"
        raise RejectedError(Name.ALGORITHM_NOT_ALLOWED, expected=expected, received=shown(header["alg"]))
    # 3. no extension that has to be understood (RFC 7515, section 4.1.11): none is
    if "crit" in header or "b64" in header:
        raise RejectedError(Name.CRITICAL_HEADER_REFUSED, expected="no crit and no b64", received=shown(header))
    # 4. a key id that can be compared
    if not isinstance(header.get("kid"), str | None):
        raise RejectedError(malformed, expected="a kid that is text", received=shown(header["kid"]))
    return unverified


def _problem(unverified: CompactSignature, keys: tuple[PublishedKey, ...]) -> Name | None:
    """Why no key verifies the token; None when one does. Without a kid every fitting key is tried (Core 1.0, 10.1)."""
    header = unverified.protected
    named = [key for key in keys if header.get("kid") in {None, key.key_id} and key.fits(header["alg"])]
    if not named:
        return Name.KEY_UNKNOWN
    strong = [key for key in named if not key.is_weak]
    if not strong:
        return Name.KEY_TOO_WEAK
    return None if any(_verifies(unverified, key) for key in strong) else Name.SIGNATURE_INVALID


def _verifies(unverified: CompactSignature, key: PublishedKey) -> bool:
    try:
        return validate_compact(unverified, key.load(), registry=_FixedAlgorithms())
    except JoseError:  # a header of the wrong shape, such as a typ that is no text
        return False


def _read_claims(verified: CompactSignature, malformed: Name) -> dict[str, Any]:
    try:
        return read_object(verified.payload or b"")
    except ValueError as error:
        raise RejectedError(malformed, expected="claims as a JSON object", received=str(error)) from error


def _parts_of(token: str) -> str:
    count = token.count(".") + 1
    return "an encrypted token" if count == 5 else f"{count} parts"


def _key_of(header: dict[str, Any]) -> str:
    return f"{header['alg']}, key {shown(header['kid'])}" if header.get("kid") else f"{header['alg']}, no key id"
