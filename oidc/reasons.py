"""What every rejection tells the person at the browser, and whom it asks to change what, in the provider's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.rules.identity import Rejection
from app.rules.identity_providers import Provider, provider_of
from oidc.rejections import Name, RejectedError

_AGAIN = "Start the sign-in again; if it happens every time, tell your administrator."
_TELL = "Your organization's sign-in is not set up correctly; tell your administrator."
_TAMPERED = "Have the person sign in again. If it repeats, compare issuer, client id and redirect URI on both sides."
_SUPPORT = (
    "Have the person sign in again. If it repeats, ask the provider's support why its answer breaks the standard."
)
_NOT_OUT = "The identity provider's sign-out was not accepted. Nobody was signed out."
_LOGOUT_CLOCKS = (
    "The logout token is too old or from the future by this server's clock. Check the clocks of both sides (NTP)."
)
_LOGOUT_SUPPORT = "Ask the provider's support why its logout token breaks OpenID Connect Back-Channel Logout 1.0."
_ISSUER_OKTA = (
    "In Okta: Applications > your app > Sign On > OpenID Connect ID Token, use the Issuer shown there, or the Issuer "
    "URI under Security > API for a custom authorization server."
)
_CLIENT_ID_OKTA = "In Okta: Applications > your app > General > Client Credentials, compare Client ID."
_CLIENT_ID_ENTRA = "In Entra: App registrations > your app > Overview, compare Application (client) ID."
_CLIENT_ID_GOOGLE = "In Google Cloud: APIs & Services > Credentials > your client, compare Client ID."


@dataclass(frozen=True, slots=True)
class Reason:
    """`sentence` is for the person at the browser; `fix` says what to change, the rest in one provider's words."""

    sentence: str
    fix: str
    okta: str = ""
    entra: str = ""
    google: str = ""

    def fix_at(self, provider: Provider) -> str:
        """What to change, in the words of this provider's own pages where they differ."""
        own = {Provider.OKTA: self.okta, Provider.ENTRA: self.entra, Provider.GOOGLE: self.google}
        return own.get(provider) or self.fix


def rejection(error: RejectedError, *, issuer: str) -> Rejection:
    """The value that is recorded and shown, in the words of the provider behind `issuer`."""
    reason = REASONS[error.name]
    return Rejection(
        name=error.name.value,
        sentence=reason.sentence,
        expected=error.expected,
        received=error.received or "something else",
        fix=reason.fix_at(provider_of(issuer)),
    )


REASONS: Mapping[Name, Reason] = MappingProxyType(
    {
        Name.PARAMETER_REPEATED: Reason(f"The answer came in twice at once. {_AGAIN}", _TAMPERED),
        Name.ISSUER_PARAMETER_MISSING: Reason(
            f"The answer does not say who sent it. {_AGAIN}",
            "The provider announces the `iss` parameter (RFC 9207) and left it out; look for a proxy or gateway that "
            "rewrites its redirects.",
        ),
        Name.ISSUER_PARAMETER_WRONG: Reason(
            "The answer came from another identity provider than the one you were sent to.",
            "Someone may have tried to pass another provider's answer for yours. Compare the issuer of this connection "
            "with the provider's own.",
        ),
        Name.ACCESS_DENIED: Reason(
            "The identity provider did not let you in.",
            "Assign the person to the application at the provider, or let them accept the request.",
            okta="In Okta: Applications > your app > Assignments, assign the person or one of their groups.",
            entra="In Entra: Enterprise applications > your app > Users and groups, assign the person or a group, or "
            "turn off Properties > Assignment required.",
            google="In Google Admin: check that the app is not blocked under Security > API controls.",
        ),
        Name.INTERACTION_REQUIRED: Reason(
            f"The identity provider wants to ask you something first. {_AGAIN}",
            "The provider needs a step of its own, such as consent or an account choice. Grant consent for everyone "
            "at the provider.",
            entra="In Entra: App registrations > your app > API permissions, choose Grant admin consent.",
        ),
        Name.SCOPE_REFUSED: Reason(
            _TELL,
            "The provider does not know one of the scopes of this connection. Remove it here or allow it there.",
            okta="In Okta: Security > API > your authorization server > Scopes, add the scope (for example groups), or "
            "remove it from this connection.",
        ),
        Name.REQUEST_REFUSED: Reason(
            _TELL,
            "The provider refused the request. Compare client id and redirect URI, and allow the authorization code "
            "flow with PKCE.",
            okta="In Okta: Applications > your app > General, compare Client ID and Sign-in redirect URIs and enable "
            "Authorization Code.",
            entra="In Entra: App registrations > your app, compare Application (client) ID and, under Authentication, "
            "the Web redirect URI.",
            google="In Google Cloud: APIs & Services > Credentials > your client, compare Client ID and Authorized "
            "redirect URIs.",
        ),
        Name.PROVIDER_UNAVAILABLE: Reason(
            "The identity provider has a problem of its own. Try again in a few minutes.",
            "The provider reported an error of its own; see its status page.",
        ),
        Name.CODE_MISSING: Reason(
            f"The identity provider sent you back without an answer. {_AGAIN}",
            "The provider has to return a code in the query of the redirect URI (response_type=code, "
            "response_mode=query).",
        ),
        Name.PROVIDER_UNREACHABLE: Reason(
            "The identity provider cannot be reached at the moment. Try again in a few minutes.",
            "See the provider's status page, and check that this server may open connections to it.",
        ),
        Name.DISCOVERY_INVALID: Reason(
            _TELL,
            "The provider's discovery document cannot be used. Check the issuer of this connection.",
            okta=_ISSUER_OKTA,
            entra="In Entra the issuer is https://login.microsoftonline.com/<Directory (tenant) ID>/v2.0.",
            google="Google's issuer is https://accounts.google.com.",
        ),
        Name.DISCOVERY_ISSUER_WRONG: Reason(
            _TELL,
            "The discovery document names another issuer. Enter exactly the issuer it names, including any slash at "
            "the end.",
            entra="In Entra the issuer is https://login.microsoftonline.com/<Directory (tenant) ID>/v2.0.",
        ),
        Name.KEYS_INVALID: Reason(
            _TELL,
            "The provider's key set (jwks_uri) cannot be read or holds no signing key that can be used. Publish an RSA "
            "key of at least 2048 bits, a P-256 key or an Ed25519 key.",
        ),
        Name.CLIENT_REFUSED: Reason(
            _TELL,
            "Client id or client secret is wrong, or the secret has expired. Make a new secret at the provider and "
            "enter it here.",
            okta="In Okta: Applications > your app > General > Client Credentials, generate a new secret and enter it "
            "here.",
            entra="In Entra: App registrations > your app > Certificates & secrets, add a client secret and enter its "
            "Value (not its Secret ID) here.",
            google="In Google Cloud: APIs & Services > Credentials > your client, add a secret and enter it here.",
        ),
        Name.CODE_REFUSED: Reason(
            f"The sign-in took too long or was used already. {_AGAIN}",
            "The provider did not exchange the code. If it happens every time, compare the redirect URI on both sides.",
        ),
        Name.TOKEN_ANSWER_INVALID: Reason(_TELL, _SUPPORT),
        Name.ID_TOKEN_MISSING: Reason(
            _TELL,
            "The provider answered without an ID token. Set the application up as OpenID Connect (not plain OAuth) and "
            "allow the scope openid.",
        ),
        Name.ID_TOKEN_MALFORMED: Reason(
            _TELL,
            "The ID token cannot be read. Turn off ID token encryption at the provider.",
        ),
        Name.ALGORITHM_NOT_ALLOWED: Reason(
            _TELL,
            "Set the ID token signing algorithm at the provider to RS256, PS256, ES256 or EdDSA.",
            okta="In Okta: Applications > your app > Sign On, set the ID token signing algorithm to RS256.",
        ),
        Name.CRITICAL_HEADER_REFUSED: Reason(
            _TELL, "The ID token demands an extension that is not supported. Turn it off at the provider."
        ),
        Name.KEY_UNKNOWN: Reason(
            "The identity provider has just changed its keys. Try again in a minute.",
            "The ID token is signed with a key that the provider does not publish. If it lasts longer than a few "
            "minutes, the provider's key set (jwks_uri) is out of date.",
        ),
        Name.KEY_TOO_WEAK: Reason(_TELL, "Replace the provider's signing key by an RSA key of at least 2048 bits."),
        Name.SIGNATURE_INVALID: Reason(
            _TELL,
            "The signature of the ID token is wrong. Check that issuer and jwks_uri belong to the same provider.",
        ),
        Name.CLAIM_INVALID: Reason(_TELL, _SUPPORT),
        Name.ISSUER_WRONG: Reason(
            _TELL,
            "The ID token was made by another issuer. Enter exactly the issuer the provider uses.",
            okta=_ISSUER_OKTA,
            entra="In Entra use the issuer https://login.microsoftonline.com/<Directory (tenant) ID>/v2.0.",
        ),
        Name.AUDIENCE_WRONG: Reason(
            _TELL,
            "The ID token was made for another application. Compare the client id, and let the token name no other "
            "audience.",
            okta=_CLIENT_ID_OKTA,
            entra=_CLIENT_ID_ENTRA,
            google=_CLIENT_ID_GOOGLE,
        ),
        Name.AUTHORIZED_PARTY_WRONG: Reason(
            _TELL,
            "The ID token was issued to another application. Compare the client id on both sides.",
            okta=_CLIENT_ID_OKTA,
            entra=_CLIENT_ID_ENTRA,
            google=_CLIENT_ID_GOOGLE,
        ),
        Name.SUBJECT_MISSING: Reason(
            _TELL, "The ID token has no subject of 1 to 255 printable characters. Map `sub` to a permanent identifier."
        ),
        Name.TIME_MISSING: Reason(_TELL, _SUPPORT),
        Name.ID_TOKEN_EXPIRED: Reason(
            f"The sign-in took too long. {_AGAIN}",
            "The ID token had expired by this server's clock. Check the clocks of both sides (NTP).",
        ),
        Name.ID_TOKEN_NOT_YET_VALID: Reason(
            _TELL, "The ID token comes from the future by this server's clock. Check the clocks of both sides (NTP)."
        ),
        Name.ID_TOKEN_TOO_OLD: Reason(
            f"The sign-in took too long. {_AGAIN}",
            "The ID token was made long before this sign-in. Check the clocks of both sides (NTP).",
        ),
        Name.NONCE_WRONG: Reason(f"The answer belongs to another sign-in. {_AGAIN}", _TAMPERED),
        Name.ACCESS_TOKEN_HASH_WRONG: Reason(f"The answer does not fit together. {_AGAIN}", _SUPPORT),
        Name.AUTHENTICATION_NOT_FRESH: Reason(
            "The identity provider did not ask you to sign in again, which a test sign-in needs.",
            "Sign out at the provider and repeat the test. The provider has to honour prompt=login and send auth_time.",
        ),
        Name.USERINFO_REFUSED: Reason(
            _TELL, "The provider refused its userinfo endpoint. Put email and groups into the ID token, or allow it."
        ),
        Name.USERINFO_INVALID: Reason(
            _TELL, "The provider's userinfo endpoint did not answer with a JSON object. Put email into the ID token."
        ),
        Name.USERINFO_SIGNED: Reason(
            _TELL,
            "Turn off signed or encrypted userinfo responses for this application, or put email into the ID token.",
        ),
        Name.USERINFO_SUBJECT_WRONG: Reason(f"The answer belongs to someone else. {_AGAIN}", _SUPPORT),
        Name.TENANT_WRONG: Reason(
            "Your account belongs to another organization at Microsoft.",
            "The token's tenant (tid) is not the tenant of the issuer. Use the issuer of the tenant people sign in to.",
        ),
        Name.OBJECT_ID_MISSING: Reason(
            _TELL, "The ID token has no object id (oid). Add the scope profile to this connection."
        ),
        Name.HOSTED_DOMAIN_WRONG: Reason(
            "Use your organization's Google account, not a private one.",
            "Google vouches (hd) for another domain than the verified ones. Verify that domain here, or set the user "
            "type of the OAuth consent screen to Internal.",
        ),
        Name.EMAIL_MISSING: Reason(
            _TELL,
            "Neither the ID token nor userinfo has an email address. Fill it in at the provider and allow the scope "
            "email.",
            okta="In Okta: Directory > People > the person > Profile, fill in Primary email; with a custom "
            "authorization server, Security > API > your server > Access Policies, allow the scope email.",
            entra="In Entra: App registrations > your app > Token configuration, add the optional claim email, and "
            "fill in the person's Email property.",
        ),
        Name.EMAIL_INVALID: Reason(
            "Your account at the identity provider has no usable email address.",
            "The email claim has to hold one plain ASCII address. Correct it at the provider, or choose another claim.",
        ),
        Name.EMAIL_NOT_VERIFIED: Reason(
            "The identity provider has not verified your email address.",
            "Verify the person's address at the provider.",
            okta="In Okta: Directory > People > the person, have the primary email verified.",
            entra="In Entra the address's domain is not verified (xms_edov): verify it under Custom domain names, or "
            "correct the person's Email property.",
        ),
        Name.EMAIL_VERIFICATION_MISSING: Reason(
            _TELL,
            "The provider does not say whether it verified the address. Have it send email_verified, or set "
            "claims.email_verification to `assumed` if nobody can choose their own address there.",
            entra="In Entra: App registrations > your app > Manifest, add the optional ID token claim xms_edov beside "
            "email; or set claims.email_verification to `assumed` if nobody can choose their own Email property.",
        ),
        Name.OUTSIDE_ORGANIZATION: Reason(
            "Your email address does not belong to this organization.",
            "The address is outside the verified domains. Verify its domain here, or correct it at the provider.",
        ),
        Name.LOGOUT_TOKEN_MISSING: Reason(
            _NOT_OUT, "The provider has to post one form field logout_token to the back-channel logout URL."
        ),
        Name.LOGOUT_TOKEN_MALFORMED: Reason(
            _NOT_OUT, "The logout token cannot be read. Turn off its encryption at the provider."
        ),
        Name.LOGOUT_TYPE_WRONG: Reason(
            _NOT_OUT, "The token is of another type than a logout token. Compare the back-channel logout URL."
        ),
        Name.LOGOUT_ISSUER_WRONG: Reason(
            _NOT_OUT, "The logout token was made by another issuer. Enter exactly the issuer the provider uses."
        ),
        Name.LOGOUT_AUDIENCE_WRONG: Reason(
            _NOT_OUT,
            "The logout token was made for another application. Compare the client id and the back-channel logout URL.",
        ),
        Name.LOGOUT_TIME_MISSING: Reason(_NOT_OUT, _LOGOUT_SUPPORT),
        Name.LOGOUT_NOT_YET_VALID: Reason(_NOT_OUT, _LOGOUT_CLOCKS),
        Name.LOGOUT_EXPIRED: Reason(_NOT_OUT, _LOGOUT_CLOCKS),
        Name.LOGOUT_TOO_OLD: Reason(_NOT_OUT, _LOGOUT_CLOCKS),
        Name.LOGOUT_ID_MISSING: Reason(_NOT_OUT, _LOGOUT_SUPPORT),
        Name.LOGOUT_EVENT_MISSING: Reason(_NOT_OUT, _LOGOUT_SUPPORT),
        Name.LOGOUT_NONCE_PRESENT: Reason(
            _NOT_OUT, "An ID token was sent in the place of a logout token. If it repeats, somebody may be trying it."
        ),
        Name.LOGOUT_NAMES_NOBODY: Reason(_NOT_OUT, "The logout token has to name the subject, the session, or both."),
    }
)
