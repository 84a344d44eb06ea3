"""The cases that are refused: a world that is accepted, one mutation, and the name under which it is refused then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from app.ports.http import HttpAnswer, HttpFailedError
from oidc.rejections import Name
from tests.oidc.provider import (
    CLIENT_ID,
    NOW,
    answer_json,
    b64,
    ec_key,
    half_hash,
    hmac_signer,
    json_bytes,
    public,
    rsa_key,
    signer,
)
from tests.oidc.sign_in import Make, SignIn, entra, google, plain, rehearsal, thin

Mutate = Callable[[SignIn], object]
DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Case:
    name: Name
    situation: str
    mutate: Mutate
    world: Make = plain

    def __str__(self) -> str:
        return f"{self.name}: {self.situation}"


def claim(name: str, value: object) -> Mutate:
    return lambda s: s.provider.claims.update({name: value})


def without(name: str) -> Mutate:
    return lambda s: s.provider.claims.pop(name)


def header(**members: object) -> Mutate:
    return lambda s: s.provider.header.update(members)


def userinfo(name: str, value: object) -> Mutate:
    return lambda s: s.provider.userinfo.update({name: value})


def discovery(**members: object) -> Mutate:
    return lambda s: s.provider.discovery.update(members)


def says(path: str, answer: HttpAnswer | HttpFailedError) -> Mutate:
    return lambda s: s.provider.answers.update({path: answer})


def token_answer(**members: object) -> Mutate:
    return lambda s: s.provider.tokens.update(members)


def token_error(error: str, *, status: int = 400) -> Mutate:
    return says("/token", answer_json({"error": error, "error_description": "why"}, status=status))


def query(**parameters: str) -> Mutate:
    return lambda s: setattr(s, "query", [*(p for p in s.query if p[0] not in parameters), *parameters.items()])


def dropped(parameter: str) -> Mutate:
    return lambda s: setattr(s, "query", [p for p in s.query if p[0] != parameter])


def repeated(parameter: str, value: str) -> Mutate:
    return lambda s: s.query.append((parameter, value))


def error_answer(error: str) -> Mutate:
    return lambda s: setattr(s, "query", [("state", "flow_1"), ("iss", s.provider.issuer), ("error", error)])


def published(*keys: dict[str, object]) -> Mutate:
    return lambda s: setattr(s.provider, "keys", list(keys))


def raw_id_token(token: str) -> Mutate:
    return token_answer(id_token=token)


def at(**delta: float) -> int:
    return int((NOW + timedelta(**delta)).timestamp())


def signed_with_hmac(secret: bytes) -> Mutate:
    def mutate(s: SignIn) -> None:
        s.provider.header["alg"] = "HS256"
        s.provider.sign = hmac_signer(secret)

    return mutate


def oct_key_published(s: SignIn) -> None:
    """A symmetric key in the key set, HS256 announced and used: all consistent, and never accepted."""
    s.provider.keys.append({"kty": "oct", "kid": "h1", "k": b64(b"s" * 32), "alg": "HS256"})
    s.provider.discovery["id_token_signing_alg_values_supported"] = ["HS256", "RS256"]
    s.provider.header.update(alg="HS256", kid="h1")
    s.provider.sign = hmac_signer(b"s" * 32)


def none_announced(s: SignIn) -> None:
    s.provider.discovery["id_token_signing_alg_values_supported"] = ["none", "RS256"]
    s.provider.header["alg"] = "none"
    s.provider.sign = lambda _algorithm, _signing_input: b""


def weak_key(s: SignIn) -> None:
    s.provider.keys = [public(rsa_key(bits=1024), kid="k1")]
    s.provider.sign = signer(rsa_key(bits=1024))


def signed_by(key: object) -> Mutate:
    return lambda s: setattr(s.provider, "sign", key)


def changed_after_signing(s: SignIn) -> None:
    head, _, signature = s.provider.id_token().split(".")
    payload = json_bytes({**s.provider.claims, "email": "ceo@acme.test"})
    s.provider.tokens["id_token"] = f"{head}.{b64(payload)}.{signature}"


def turned_into_test(s: SignIn) -> SignIn:
    s.is_test = True
    return s


def parts(first: bytes, second: bytes = b"{}") -> str:
    return f"{b64(first)}.{b64(second)}.{b64(b'signature')}"


def signed_text(payload: bytes) -> Mutate:
    def mutate(s: SignIn) -> None:
        signing_input = f"{b64(json_bytes(s.provider.header))}.{b64(payload)}"
        s.provider.tokens["id_token"] = f"{signing_input}.{b64(s.provider.sign('RS256', signing_input.encode()))}"

    return mutate


OTHER_KEY = signer(rsa_key(2))
FAILED = HttpFailedError("idp.example.test took longer than 5 seconds; try again, then check that it is up.")
NOT_JSON = HttpAnswer(200, {"content-type": "text/html"}, b"<html>")

# fmt: off
CASES: tuple[Case, ...] = (
    # the answer in the browser
    Case(Name.PARAMETER_REPEATED, "a second code", repeated("code", "code-2")),
    Case(Name.PARAMETER_REPEATED, "a second iss, equal", repeated("iss", "https://idp.example.test")),
    Case(Name.ISSUER_PARAMETER_MISSING, "announced and left out", dropped("iss")),
    Case(Name.ISSUER_PARAMETER_WRONG, "another provider's answer (mix-up)", query(iss="https://evil.test")),
    Case(Name.ISSUER_PARAMETER_WRONG, "a slash more", query(iss="https://idp.example.test/")),
    Case(Name.ISSUER_PARAMETER_WRONG, "empty", query(iss="")),
    Case(Name.ISSUER_PARAMETER_WRONG, "with a sign that turns the line round",
         query(iss="https://idp.example.test\N{RIGHT-TO-LEFT OVERRIDE}")),
    Case(Name.ISSUER_PARAMETER_WRONG, "wrong although nothing was announced", lambda s: (
        s.provider.discovery.pop("authorization_response_iss_parameter_supported"), query(iss="https://evil.test")(s))),
    Case(Name.ISSUER_PARAMETER_WRONG, "on an error answer", lambda s: (
        error_answer("access_denied")(s), query(iss="https://evil.test")(s))),
    Case(Name.ACCESS_DENIED, "access_denied", error_answer("access_denied")),
    Case(Name.INTERACTION_REQUIRED, "login_required", error_answer("login_required")),
    Case(Name.INTERACTION_REQUIRED, "interaction_required", error_answer("interaction_required")),
    Case(Name.INTERACTION_REQUIRED, "consent_required", error_answer("consent_required")),
    Case(Name.INTERACTION_REQUIRED, "account_selection_required", error_answer("account_selection_required")),
    Case(Name.SCOPE_REFUSED, "invalid_scope", error_answer("invalid_scope")),
    Case(Name.REQUEST_REFUSED, "invalid_request", error_answer("invalid_request")),
    Case(Name.REQUEST_REFUSED, "an error nobody knows", error_answer("x" * 5000)),
    Case(Name.REQUEST_REFUSED, "an error beside a code", query(error="invalid_request")),
    Case(Name.PROVIDER_UNAVAILABLE, "server_error", error_answer("server_error")),
    Case(Name.PROVIDER_UNAVAILABLE, "temporarily_unavailable", error_answer("temporarily_unavailable")),
    Case(Name.CODE_MISSING, "no code", dropped("code")),
    Case(Name.CODE_MISSING, "an empty code", query(code="")),
    Case(Name.CODE_MISSING, "an endless code", query(code="x" * 9000)),
    Case(Name.CODE_MISSING, "a code with a bell", query(code="a\ab")),
    # what the provider publishes
    Case(Name.PROVIDER_UNREACHABLE, "discovery does not answer", says(DISCOVERY, FAILED)),
    Case(Name.PROVIDER_UNREACHABLE, "discovery answers 503", says(DISCOVERY, HttpAnswer(503, {}, b""))),
    Case(Name.PROVIDER_UNREACHABLE, "the key set does not answer", says("/jwks", FAILED)),
    Case(Name.PROVIDER_UNREACHABLE, "the token endpoint does not answer", says("/token", FAILED)),
    Case(Name.PROVIDER_UNREACHABLE, "userinfo does not answer and is needed", says("/userinfo", FAILED), thin),
    Case(Name.DISCOVERY_INVALID, "404", says(DISCOVERY, HttpAnswer(404, {}, b""))),
    Case(Name.DISCOVERY_INVALID, "a redirect", says(DISCOVERY, HttpAnswer(302, {"location": "https://b.test"}, b""))),
    Case(Name.DISCOVERY_INVALID, "no JSON", says(DISCOVERY, NOT_JSON)),
    Case(Name.DISCOVERY_INVALID, "a list", says(DISCOVERY, answer_json([]))),
    Case(Name.DISCOVERY_INVALID, "not UTF-8", says(DISCOVERY, HttpAnswer(200, {}, b"\xff"))),
    Case(Name.DISCOVERY_INVALID, "nested without end", says(DISCOVERY, HttpAnswer(200, {}, b"[" * 200_000))),
    Case(Name.DISCOVERY_INVALID, "no token endpoint", discovery(token_endpoint=None)),
    Case(Name.DISCOVERY_INVALID, "a token endpoint over http", discovery(token_endpoint="http://idp.example.test/t")),
    Case(Name.DISCOVERY_INVALID, "an endpoint on loopback http", discovery(jwks_uri="http://127.0.0.1/jwks")),
    Case(Name.DISCOVERY_INVALID, "a javascript: URL", discovery(authorization_endpoint="javascript:alert(1)")),
    Case(Name.DISCOVERY_INVALID, "a user in the URL", discovery(authorization_endpoint="https://a@idp.example.test/")),
    Case(Name.DISCOVERY_INVALID, "a fragment", discovery(authorization_endpoint="https://idp.example.test/#a")),
    Case(Name.DISCOVERY_INVALID, "a broken URL", discovery(authorization_endpoint="https://[::1")),
    Case(Name.DISCOVERY_INVALID, "an endless URL", discovery(authorization_endpoint="https://idp.test/" + "a" * 600)),
    Case(Name.DISCOVERY_INVALID, "userinfo over http", discovery(userinfo_endpoint="http://idp.example.test/u")),
    Case(Name.DISCOVERY_INVALID, "no code flow", discovery(response_types_supported=["id_token"])),
    Case(Name.DISCOVERY_INVALID, "only HS256", discovery(id_token_signing_alg_values_supported=["HS256"])),
    Case(Name.DISCOVERY_INVALID, "only private_key_jwt",
         discovery(token_endpoint_auth_methods_supported=["private_key_jwt"])),
    Case(Name.DISCOVERY_ISSUER_WRONG, "another issuer", discovery(issuer="https://evil.test")),
    Case(Name.DISCOVERY_ISSUER_WRONG, "a slash more", discovery(issuer="https://idp.example.test/")),
    Case(Name.DISCOVERY_ISSUER_WRONG, "no issuer", lambda s: s.provider.discovery.pop("issuer")),
    Case(Name.DISCOVERY_ISSUER_WRONG, "a template", discovery(issuer="https://login.test/{tenantid}/v2.0"), entra),
    Case(Name.KEYS_INVALID, "404", says("/jwks", HttpAnswer(404, {}, b""))),
    Case(Name.KEYS_INVALID, "no JSON", says("/jwks", NOT_JSON)),
    Case(Name.KEYS_INVALID, "no list", says("/jwks", answer_json({"keys": {}}))),
    Case(Name.KEYS_INVALID, "no keys", published()),
    Case(Name.KEYS_INVALID, "only a symmetric key", published({"kty": "oct", "k": "c2VjcmV0"})),
    Case(Name.KEYS_INVALID, "only an encryption key", published(public(rsa_key(), use="enc"))),
    Case(Name.KEYS_INVALID, "a key that may only sign", published(public(rsa_key(), key_ops=["sign"]))),
    Case(Name.KEYS_INVALID, "odd key_ops", published(public(rsa_key(), key_ops="verify"))),
    Case(Name.KEYS_INVALID, "only another curve", published(public(ec_key("P-384")))),
    Case(Name.KEYS_INVALID, "a point off the curve", published(public(ec_key(), y="AAAA"))),
    Case(Name.KEYS_INVALID, "a modulus that is no number", published(public(rsa_key(), n="!"))),
    Case(Name.KEYS_INVALID, "a modulus missing", published({"kty": "RSA", "e": "AQAB"})),
    Case(Name.KEYS_INVALID, "a kid that is no text", published(public(rsa_key(), kid=1))),
    Case(Name.KEYS_INVALID, "a kty that is no text", published(public(rsa_key(), kty=["RSA"]))),
    Case(Name.KEYS_INVALID, "a private key", published(public(rsa_key(), d="AQAB"))),
    Case(Name.KEYS_INVALID, "too many keys", published(*[public(rsa_key())] * 101)),
    Case(Name.KEYS_INVALID, "keys that are no objects", lambda s: setattr(s.provider, "keys", ["a", None])),
    # the code for tokens
    Case(Name.CLIENT_REFUSED, "invalid_client", token_error("invalid_client")),
    Case(Name.CLIENT_REFUSED, "401 without JSON", says("/token", HttpAnswer(401, {}, b"no"))),
    Case(Name.CODE_REFUSED, "invalid_grant", token_error("invalid_grant")),
    Case(Name.CODE_REFUSED, "an error under 200", token_error("invalid_grant", status=200)),
    Case(Name.CODE_REFUSED, "400 without JSON", says("/token", HttpAnswer(400, {}, b"no"))),
    Case(Name.REQUEST_REFUSED, "unauthorized_client", token_error("unauthorized_client")),
    Case(Name.PROVIDER_UNAVAILABLE, "500 at the token endpoint", says("/token", HttpAnswer(500, {}, b"oops"))),
    Case(Name.TOKEN_ANSWER_INVALID, "no JSON", says("/token", NOT_JSON)),
    Case(Name.TOKEN_ANSWER_INVALID, "no access token", token_answer(access_token=None)),
    Case(Name.TOKEN_ANSWER_INVALID, "an access token with a line break", token_answer(access_token="a\r\nX: 1")),
    Case(Name.TOKEN_ANSWER_INVALID, "no token type", token_answer(token_type=None)),
    Case(Name.TOKEN_ANSWER_INVALID, "another token type", token_answer(token_type="DPoP")),
    Case(Name.ID_TOKEN_MISSING, "none", token_answer(id_token=None)),
    Case(Name.ID_TOKEN_MISSING, "empty", token_answer(id_token="")),
    Case(Name.ID_TOKEN_MISSING, "no text", token_answer(id_token=["a.b.c"])),
    # the signature
    Case(Name.ID_TOKEN_MALFORMED, "two parts", raw_id_token("a.b")),
    Case(Name.ID_TOKEN_MALFORMED, "encrypted", raw_id_token("a.b.c.d.e")),
    Case(Name.ID_TOKEN_MALFORMED, "letters outside ASCII", raw_id_token("ä.b.c")),
    Case(Name.ID_TOKEN_MALFORMED, "no base64", raw_id_token("!.b.c")),
    Case(Name.ID_TOKEN_MALFORMED, "a header that is a list", raw_id_token(parts(b'["alg"]'))),
    Case(Name.ID_TOKEN_MALFORMED, "a header without alg", raw_id_token(parts(b"{}"))),
    Case(Name.ID_TOKEN_MALFORMED, "a header that says alg twice", raw_id_token(parts(b'{"alg":"RS256","alg":"none"}'))),
    Case(Name.ID_TOKEN_MALFORMED, "a header nested without end", raw_id_token(parts(b'{"alg":' + b"[" * 5000))),
    Case(Name.ID_TOKEN_MALFORMED, "a payload over the cap", claim("x", "x" * 200_000)),
    Case(Name.ID_TOKEN_MALFORMED, "a kid that is no text", header(kid=1)),
    Case(Name.ID_TOKEN_MALFORMED, "claims that are a list", signed_text(b"[]")),
    Case(Name.ID_TOKEN_MALFORMED, "claims that say sub twice", signed_text(b'{"sub":"a","sub":"b"}')),
    Case(Name.ID_TOKEN_MALFORMED, "a claim that is not a number", signed_text(b'{"exp":NaN}')),
    Case(Name.ID_TOKEN_MALFORMED, "claims nested without end", signed_text(b'{"a":' + b"[" * 50_000)),
    Case(Name.ALGORITHM_NOT_ALLOWED, "none, announced", none_announced),
    Case(Name.ALGORITHM_NOT_ALLOWED, "HS256 with the public key",
         signed_with_hmac(rsa_key().as_pem(private=False))),
    Case(Name.ALGORITHM_NOT_ALLOWED, "HS256 with the client secret", signed_with_hmac(b"a-secret_of.the~client")),
    Case(Name.ALGORITHM_NOT_ALLOWED, "HS256 with a published symmetric key", oct_key_published),
    Case(Name.ALGORITHM_NOT_ALLOWED, "RS512", header(alg="RS512")),
    Case(Name.ALGORITHM_NOT_ALLOWED, "an algorithm that is no text", lambda s: (
        header(alg=["RS256"])(s), signed_by(lambda _algorithm, _input: b"x")(s))),
    Case(Name.CRITICAL_HEADER_REFUSED, "crit with an unknown name", header(crit=["exp"], exp=1)),
    Case(Name.CRITICAL_HEADER_REFUSED, "crit, empty", header(crit=[])),
    Case(Name.CRITICAL_HEADER_REFUSED, "an unencoded payload", header(b64=True, crit=["b64"])),
    Case(Name.KEY_UNKNOWN, "another kid", header(kid="k2")),
    Case(Name.KEY_UNKNOWN, "a key of another algorithm", published(public(rsa_key(), kid="k1", alg="PS256"))),
    Case(Name.KEY_UNKNOWN, "a key of another type", published(public(ec_key(), kid="k1"))),
    Case(Name.KEY_TOO_WEAK, "RSA with 1024 bits", weak_key),
    Case(Name.SIGNATURE_INVALID, "signed with another key", signed_by(OTHER_KEY)),
    Case(Name.SIGNATURE_INVALID, "changed after signing", changed_after_signing),
    Case(Name.SIGNATURE_INVALID, "no signature", signed_by(lambda _algorithm, _input: b"")),
    Case(Name.SIGNATURE_INVALID, "its own key in the header", lambda s: (
        header(jwk=public(rsa_key(2)))(s), signed_by(OTHER_KEY)(s))),
    Case(Name.SIGNATURE_INVALID, "a typ that is no text", header(typ=1)),
    # what the ID token says
    Case(Name.CLAIM_INVALID, "nbf that is no time", claim("nbf", "now")),
    Case(Name.CLAIM_INVALID, "auth_time that is no time", claim("auth_time", True)),
    Case(Name.CLAIM_INVALID, "jti that is no text", claim("jti", 7)),
    Case(Name.CLAIM_INVALID, "amr that is no list", claim("amr", "pwd")),
    Case(Name.ISSUER_WRONG, "another issuer", claim("iss", "https://evil.test")),
    Case(Name.ISSUER_WRONG, "a slash more", claim("iss", "https://idp.example.test/")),
    Case(Name.ISSUER_WRONG, "no issuer", without("iss")),
    Case(Name.ISSUER_WRONG, "a list", claim("iss", ["https://idp.example.test"])),
    Case(Name.ISSUER_WRONG, "Google's short name from someone else", claim("iss", "accounts.google.com")),
    Case(Name.AUDIENCE_WRONG, "another client", claim("aud", "other")),
    Case(Name.AUDIENCE_WRONG, "none", without("aud")),
    Case(Name.AUDIENCE_WRONG, "an empty list", claim("aud", [])),
    Case(Name.AUDIENCE_WRONG, "a list of others", claim("aud", ["other"])),
    Case(Name.AUDIENCE_WRONG, "others beside us", lambda s: (
        claim("aud", [CLIENT_ID, "other"])(s), claim("azp", CLIENT_ID)(s))),
    Case(Name.AUDIENCE_WRONG, "others, issued to us", lambda s: (claim("aud", "other")(s), claim("azp", CLIENT_ID)(s))),
    Case(Name.AUDIENCE_WRONG, "an object", claim("aud", {"a": CLIENT_ID})),
    Case(Name.AUTHORIZED_PARTY_WRONG, "another client", claim("azp", "other")),
    Case(Name.AUTHORIZED_PARTY_WRONG, "empty", claim("azp", "")),
    Case(Name.SUBJECT_MISSING, "none", without("sub")),
    Case(Name.SUBJECT_MISSING, "empty", claim("sub", "")),
    Case(Name.SUBJECT_MISSING, "a space", claim("sub", " ")),
    Case(Name.SUBJECT_MISSING, "a number", claim("sub", 1)),
    Case(Name.SUBJECT_MISSING, "a NUL", claim("sub", "u\0")),
    Case(Name.SUBJECT_MISSING, "half a character", claim("sub", "u\ud800")),
    Case(Name.SUBJECT_MISSING, "256 characters", claim("sub", "u" * 256)),
    Case(Name.TIME_MISSING, "no exp", without("exp")),
    Case(Name.TIME_MISSING, "no iat", without("iat")),
    Case(Name.TIME_MISSING, "exp as text", claim("exp", str(at(minutes=5)))),
    Case(Name.TIME_MISSING, "exp in another calendar", claim("exp", 10**400)),
    Case(Name.TIME_MISSING, "iat beyond all numbers", signed_text(b'{"iss":"https://idp.example.test","aud":"a","sub":"a",'
         b'"exp":1,"iat":1e999,"nonce":"n"}')),
    Case(Name.ID_TOKEN_EXPIRED, "expired a second over the skew", lambda s: (
        claim("exp", at(seconds=-121))(s), claim("iat", at(seconds=-300))(s))),
    Case(Name.ID_TOKEN_NOT_YET_VALID, "made a second over the skew ahead", claim("iat", at(seconds=121))),
    Case(Name.ID_TOKEN_NOT_YET_VALID, "nbf a second over the skew ahead", claim("nbf", at(seconds=121))),
    Case(Name.ID_TOKEN_TOO_OLD, "made in 2014, valid until 9999", lambda s: (
        claim("iat", 1_400_000_000)(s), claim("exp", 253_402_300_799)(s))),
    Case(Name.ID_TOKEN_TOO_OLD, "made a second over age and skew ago", claim("iat", at(minutes=-12, seconds=-1))),
    Case(Name.NONCE_WRONG, "another sign-in's", claim("nonce", "nonce-2")),
    Case(Name.NONCE_WRONG, "none", without("nonce")),
    Case(Name.NONCE_WRONG, "empty", claim("nonce", "")),
    Case(Name.NONCE_WRONG, "a list", claim("nonce", ["nonce-1"])),
    Case(Name.ACCESS_TOKEN_HASH_WRONG, "another access token's", claim("at_hash", half_hash("at-2"))),
    Case(Name.ACCESS_TOKEN_HASH_WRONG, "empty", claim("at_hash", "")),
    Case(Name.ACCESS_TOKEN_HASH_WRONG, "an object", claim("at_hash", {})),
    Case(Name.ACCESS_TOKEN_HASH_WRONG, "the access token changed", token_answer(access_token="at-2")),
    Case(Name.AUTHENTICATION_NOT_FRESH, "an old session", claim("auth_time", at(hours=-1)), rehearsal),
    Case(Name.AUTHENTICATION_NOT_FRESH, "no auth_time", without("auth_time"), rehearsal),
    Case(Name.AUTHENTICATION_NOT_FRESH, "an old session at Entra", lambda s: (
        turned_into_test(s), claim("auth_time", at(hours=-1))(s)), entra),
    # userinfo
    Case(Name.USERINFO_REFUSED, "403", says("/userinfo", HttpAnswer(403, {}, b"")), thin),
    Case(Name.USERINFO_INVALID, "no JSON", says("/userinfo", NOT_JSON), thin),
    Case(Name.USERINFO_INVALID, "not UTF-8", says("/userinfo", HttpAnswer(200, {}, b"\xff\xfe\xff")), thin),
    Case(Name.USERINFO_SIGNED, "a JWT",
         says("/userinfo", HttpAnswer(200, {"content-type": "application/jwt; charset=utf-8"}, b"a.b.c")), thin),
    Case(Name.USERINFO_SUBJECT_WRONG, "another subject", userinfo("sub", "u-2"), thin),
    Case(Name.USERINFO_SUBJECT_WRONG, "no subject", lambda s: s.provider.userinfo.pop("sub"), thin),
    Case(Name.USERINFO_SUBJECT_WRONG, "another subject, for groups alone", lambda s: (
        without("groups")(s), userinfo("sub", "u-2")(s))),
    # who it is
    Case(Name.TENANT_WRONG, "another tenant", claim("tid", "other"), entra),
    Case(Name.TENANT_WRONG, "no tenant", without("tid"), entra),
    Case(Name.OBJECT_ID_MISSING, "no object id", without("oid"), entra),
    Case(Name.OBJECT_ID_MISSING, "an empty object id", claim("oid", ""), entra),
    Case(Name.HOSTED_DOMAIN_WRONG, "a private account", without("hd"), google),
    Case(Name.HOSTED_DOMAIN_WRONG, "another organization", claim("hd", "evil.test"), google),
    Case(Name.HOSTED_DOMAIN_WRONG, "no verified domain", lambda s: setattr(s, "verified_hosts", frozenset()), google),
    Case(Name.EMAIL_MISSING, "none anywhere", lambda s: s.provider.userinfo.pop("email"), thin),
    Case(Name.EMAIL_MISSING, "empty", claim("email", "")),
    Case(Name.EMAIL_MISSING, "no userinfo endpoint", lambda s: s.provider.discovery.pop("userinfo_endpoint"), thin),
    Case(Name.EMAIL_INVALID, "no address", claim("email", "ada")),
    Case(Name.EMAIL_INVALID, "two addresses", claim("email", ["ada@acme.test", "b@acme.test"])),
    Case(Name.EMAIL_INVALID, "two addresses in one", claim("email", "ada@evil.test,b@acme.test")),
    Case(Name.EMAIL_INVALID, "two at signs", claim("email", "ada@evil.test@acme.test")),
    Case(Name.EMAIL_INVALID, "a Kelvin sign for a k", claim("email", "mi\u212ae@acme.test")),
    Case(Name.EMAIL_INVALID, "a NUL", claim("email", "ada\0@acme.test")),
    Case(Name.EMAIL_INVALID, "no dot in the host", claim("email", "ada@localhost")),
    Case(Name.EMAIL_INVALID, "255 characters", claim("email", f"ada@{'a' * 241}.acme.test")),
    Case(Name.EMAIL_NOT_VERIFIED, "false", claim("email_verified", False)),
    Case(Name.EMAIL_NOT_VERIFIED, "false as text", claim("email_verified", "false")),
    Case(Name.EMAIL_NOT_VERIFIED, "zero", claim("email_verified", 0)),
    Case(Name.EMAIL_NOT_VERIFIED, "a word", claim("email_verified", "yes")),
    Case(Name.EMAIL_NOT_VERIFIED, "a list", claim("email_verified", [True])),
    Case(Name.EMAIL_NOT_VERIFIED, "false from userinfo", userinfo("email_verified", False), thin),
    Case(Name.EMAIL_NOT_VERIFIED, "false although assumed", lambda s: (
        s.settings["claims"].update(email_verification="assumed"), claim("email_verified", False)(s))),
    Case(Name.EMAIL_NOT_VERIFIED, "an unverified domain at Entra", claim("xms_edov", False), entra),
    Case(Name.EMAIL_NOT_VERIFIED, "zero at Entra", claim("xms_edov", "0"), entra),
    Case(Name.EMAIL_VERIFICATION_MISSING, "nothing said", without("email_verified")),
    Case(Name.EMAIL_VERIFICATION_MISSING, "said of another address", lambda s: (
        without("email_verified")(s), userinfo("email", "other@acme.test")(s), userinfo("email_verified", True)(s))),
    Case(Name.EMAIL_VERIFICATION_MISSING, "nothing said by Entra", without("xms_edov"), entra),
    Case(Name.EMAIL_VERIFICATION_MISSING, "Entra's claim from someone else", lambda s: (
        without("email_verified")(s), claim("xms_edov", True)(s))),
    Case(Name.OUTSIDE_ORGANIZATION, "another domain", claim("email", "ceo@victim.test")),
    Case(Name.OUTSIDE_ORGANIZATION, "a subdomain", claim("email", "ada@sub.acme.test")),
    Case(Name.OUTSIDE_ORGANIZATION, "a domain that ends alike", claim("email", "ada@evilacme.test")),
    Case(Name.OUTSIDE_ORGANIZATION, "no verified domain", lambda s: setattr(s, "verified_hosts", frozenset())),
)
# fmt: on
