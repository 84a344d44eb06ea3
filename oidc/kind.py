"""OidcKind: OpenID Connect as a kind of connection: its setup form, its start, and what verifies the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from app.ports.clock import Clock
from app.ports.http import Http
from app.rules.certificates import Certificate
from app.rules.connections import Flow, Revision, ServiceProviderValue, Settings, SettingsRead, SetupField, Verify
from app.rules.errors import DoorwardError, InvalidInputError, UnreachableError
from app.rules.expiry import Expiring, Expiry
from app.rules.guides import Guide, read_guides
from app.rules.identity import ExternalIdentity, ProviderSession, Rejection
from app.rules.identity_providers import Provider, provider_of
from app.rules.ids import ConnectionId
from app.rules.logout import EndedThere, SignOut, VerifyLogout
from oidc.callback import AuthorizationAnswer, Callback
from oidc.discovery import DocumentCache, Documents
from oidc.end_session import end_session_url
from oidc.logout import BackChannel
from oidc.reasons import rejection
from oidc.rejections import Name, RejectedError
from oidc.settings import DEFAULT_SCOPES, OidcSettings, read_submitted

#: How far a provider's clock may be from ours, for every time in a token.
SKEW = timedelta(seconds=120)

# Typed here, because the published stubs of authlib are not.
_code_challenge: Callable[[str], str] = create_s256_code_challenge

_RENEWALS: Mapping[Provider, str] = MappingProxyType(
    {
        Provider.OKTA: "In Okta: Applications > your app > General > Client Credentials, choose Generate new secret.",
        Provider.ENTRA: "In Entra: App registrations > your app > Certificates & secrets, choose New client secret.",
        Provider.GOOGLE: "In Google Cloud: APIs & Services > Credentials > your client, choose Add secret.",
        Provider.OTHER: "Make a new client secret at the identity provider.",
    }
)
_UNREACHABLE = frozenset({Name.PROVIDER_UNREACHABLE, Name.PROVIDER_UNAVAILABLE})


class OidcKind:
    """The ConnectionKind for OpenID Connect: authorization code, PKCE S256 and nonce, always."""

    protocol = "oidc"
    title = "OpenID Connect"
    uses_own_keys = False
    purposes: Mapping[str, str] = MappingProxyType(
        {
            "iss": "who says so",
            "sub": "who somebody is, for good",
            "oid": "who somebody is at Entra, for good",
            "tid": "which Entra tenant it is",
            "hd": "which Google Workspace it is",
            "email_verified": "whether the address counts",
            "xms_edov": "whether the address counts at Entra",
            "auth_time": "when they were last asked who they are",
        }
    )

    def __init__(
        self, *, base_url: str, http: Http, cache: DocumentCache, clock: Clock, skew: timedelta = SKEW
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._guides = read_guides(Path(__file__).with_name("guides.toml").read_text("utf-8"))
        self._clock = clock
        self._documents = Documents(http=http, cache=cache)
        self._back_channel = BackChannel(documents=self._documents, skew=skew)
        self._callback = Callback(http=http, documents=self._documents, skew=skew)

    def setup_fields(self) -> tuple[SetupField, ...]:
        return (
            SetupField("issuer", "Issuer", "url", "Okta: Issuer. Entra: https://login.microsoftonline.com/<Directory "
                       "(tenant) ID>/v2.0. Google: https://accounts.google.com.", required=True),
            SetupField("client_id", "Client ID", "text", "Entra: Application (client) ID.", required=True),
            SetupField("client_secret", "Client secret", "secret", "Entra: the secret's Value.", required=True),
            SetupField("client_secret_expires_at", "Client secret expires on", "date", "Entra: Expires, beside the "
                       "secret; it lasts 24 months at most. You are warned before that day."),
            SetupField("scopes", "Scopes", "text", f"Default: {' '.join(DEFAULT_SCOPES)}. Okta sends groups for the "
                       "scope groups."),
            SetupField("claims.email", "Address claim", "text", "Default: email."),
            SetupField("claims.name", "Name claim", "text", "Default: name."),
            SetupField("claims.groups", "Groups claim", "text", "Default: groups."),
            SetupField("claims.email_verification", "Email verification", "text", "required (default), or assumed for "
                       "a provider that never says email_verified and gives addresses out itself."),
        )  # fmt: skip

    def guides(self) -> tuple[Guide, ...]:
        return self._guides

    def read_settings(self, submitted: Settings, *, stored: SettingsRead | None = None) -> SettingsRead:
        settings, secret = read_submitted(submitted, stored=stored, now=self._clock.now())
        try:
            self._try_out(settings.issuer)
        except RejectedError as error:
            raise _setup_error(error, issuer=settings.issuer) from error
        return SettingsRead(settings=settings.as_json(), secrets={"client_secret": secret})

    def product(self, settings: Settings) -> Provider:
        """By the issuer."""
        return provider_of(OidcSettings.stored(settings).issuer)

    def typed(self, settings: Settings) -> Mapping[str, str]:
        return OidcSettings.stored(settings).as_typed()

    def service_provider_values(self, connection_id: ConnectionId) -> tuple[ServiceProviderValue, ...]:
        return (
            ServiceProviderValue("redirect_uri", "Sign-in redirect URI", self._redirect_uri(connection_id)),
            ServiceProviderValue("login_uri", "Initiate login URI", f"{self._base_url}/oidc/{connection_id}/login"),
            ServiceProviderValue(
                "post_logout_redirect_uri", "Sign-out redirect URI (optional)", self._signed_out_uri(connection_id)
            ),
            ServiceProviderValue(
                "backchannel_logout_uri",
                "Back-channel logout URL (optional)",
                f"{self._base_url}/oidc/{connection_id}/backchannel-logout",
            ),
        )

    def advise(self, received: Mapping[str, Sequence[str]], settings: Settings) -> tuple[str, ...]:
        """Nothing: claims have their names from the standard, and nobody maps them by hand."""
        return ()

    def summary(self, settings: Settings) -> Mapping[str, Any]:
        stored = OidcSettings.stored(settings)
        return {**stored.as_json(), "provider": provider_of(stored.issuer).value}

    def expiries(self, settings: Settings, certificates: tuple[Certificate, ...] = ()) -> tuple[Expiry, ...]:
        """When the client secret ends, as far as somebody has said so."""
        stored = OidcSettings.stored(settings)
        if stored.client_secret_expires_at is None:
            return ()
        ends = datetime.combine(stored.client_secret_expires_at, time.min, UTC)
        return (Expiry(Expiring.CLIENT_SECRET, ends, _RENEWALS[provider_of(stored.issuer)]),)

    def start(self, revision: Revision, flow: Flow) -> str:
        """The authorization request. May fetch discovery: call it outside any transaction. Raises UnreachableError."""
        settings = OidcSettings.stored(revision.settings)
        try:
            discovery = self._documents.discovery(settings.issuer, now=self._clock.now())
        except RejectedError as error:
            said = rejection(error, issuer=settings.issuer)
            raise UnreachableError(said.sentence, detail=f"{said.name}: {said.received}") from error
        return str(
            prepare_grant_uri(
                discovery.authorization_endpoint,
                client_id=settings.client_id,
                response_type="code",
                redirect_uri=self._redirect_uri(revision.connection_id),
                scope=" ".join(settings.scopes),
                state=flow.handle,
                nonce=flow.nonce,
                code_challenge=_code_challenge(flow.verifier),
                code_challenge_method="S256",
                login_hint=flow.email_hint,
                **(_reauthentication(settings.issuer) if flow.authenticate_again else {}),
            )
        )

    def sign_out(self, revision: Revision, session: ProviderSession, sign_out: SignOut) -> str | None:
        """The logout request, where the provider had an end_session_endpoint when the session was opened."""
        settings = OidcSettings.stored(revision.settings)
        back = self._signed_out_uri(revision.connection_id)
        return end_session_url(session, settings, post_logout_redirect_uri=back, state=sign_out.handle)

    def logout_verifier(self, form: Iterable[tuple[str, str]]) -> VerifyLogout:
        """What checks a logout token once the connection it is for is known."""

        def verify_logout(revision: Revision, now: datetime) -> EndedThere | Rejection:
            return self._back_channel.verify(form, revision=revision, now=now)

        return verify_logout

    def verifier(self, answer: AuthorizationAnswer) -> Verify:
        """What checks this answer once the flow it belongs to is known."""

        def verify(revision: Revision, flow: Flow, now: datetime) -> ExternalIdentity | Rejection:
            redirect_uri = self._redirect_uri(revision.connection_id)
            return self._callback.verify(answer, redirect_uri=redirect_uri, revision=revision, flow=flow, now=now)

        return verify

    def _signed_out_uri(self, connection_id: ConnectionId) -> str:
        return f"{self._base_url}/oidc/{connection_id}/signed-out"

    def _redirect_uri(self, connection_id: ConnectionId) -> str:
        return f"{self._base_url}/oidc/{connection_id}/callback"

    def _try_out(self, issuer: str) -> None:
        """Fetch what a sign-in will need, past the cache: an administrator wants to know what is so now."""
        now = self._clock.now()
        discovery = self._documents.fetch_discovery(issuer, now=now)
        self._documents.fetch_keys(discovery.jwks_uri, now=now)


def _reauthentication(issuer: str) -> dict[str, str]:
    """Asks the provider to authenticate again; Google knows neither prompt=login nor max_age."""
    if provider_of(issuer) is Provider.GOOGLE:
        return {"prompt": "select_account"}
    return {"prompt": "login", "max_age": "0"}


def _setup_error(error: RejectedError, *, issuer: str) -> DoorwardError:
    said = rejection(error, issuer=issuer)
    sentence = f"Expected {said.expected}; received: {said.received}. {said.fix}"
    kind = UnreachableError if error.name in _UNREACHABLE else InvalidInputError
    return kind(sentence, detail=error.name.value, field="issuer")
