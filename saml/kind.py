"""SamlKind: the ConnectionKind for SAML 2.0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import xmlsec
from onelogin.saml2.errors import OneLogin_Saml2_Error

from app.ports.clock import Clock
from app.ports.http import Http
from app.rules.certificates import Certificate
from app.rules.connections import (
    Flow,
    OwnKey,
    Revision,
    ServiceProviderValue,
    Settings,
    SettingsRead,
    SetupField,
    Verify,
    VerifyUnsolicited,
)
from app.rules.errors import InvalidInputError, NotFoundError
from app.rules.expiry import Expiry
from app.rules.following import FollowUp, Published, ReadMetadata, metadata_url
from app.rules.guides import Guide, read_guides
from app.rules.identity import ExternalIdentity, ProviderSession, Rejection, Unasked
from app.rules.identity_providers import Provider
from app.rules.ids import ConnectionId
from app.rules.logout import EndedThere, LoggedOut, SignOut, SignOutOutcome, VerifyLogout, VerifyReturn
from saml.advice import advise
from saml.authn_request import authn_request
from saml.certificates import pem
from saml.checks import Expected
from saml.expiry import certificate_expiries, product_of
from saml.logout import ExpectedLogout, logout_request, logout_response, verify_request, verify_response
from saml.metadata import write_metadata
from saml.redirect_binding import REQUEST, RESPONSE, Query, redirect_url
from saml.rejections import Name, in_words_of, unknown_while_followed
from saml.response import verify, verify_unsolicited
from saml.settings import ServiceProvider, SettingsCache, library_settings, trusted_certificates
from saml.setup import (
    SETUP_FIELDS,
    allows_unsolicited,
    as_settings,
    as_typed,
    fetch_metadata,
    read_submitted,
    signs_requests,
)

DEFAULT_SKEW = timedelta(seconds=120)


def nothing_newer(_revision: Revision, _read: ReadMetadata) -> None:
    """The `follow_up` of whoever follows no metadata."""


class SamlKind:
    """SAML 2.0, with Doorward as service provider. One instance per process; threads may share it.

    `base_url` is where browsers reach Doorward, as configured. `skew` is how far a provider's clock may be off.
    `follow_up` is asked for newer certificates when none that is known verifies a response.
    """

    protocol = "saml"
    title = "SAML 2.0"
    uses_own_keys = True
    purposes: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        *,
        base_url: str,
        http: Http,
        clock: Clock,
        skew: timedelta = DEFAULT_SKEW,
        follow_up: FollowUp = nothing_newer,
    ) -> None:
        # Takes xmlsec's file and network readers out of the whole process, so that not even a signature that slipped
        # through the gate could open a local file. Here, because nothing is verified without a kind, and importing
        # should change nothing.
        xmlsec.cleanup_callbacks()
        self._base_url = base_url.rstrip("/")
        self._guides = read_guides(Path(__file__).with_name("guides.toml").read_text("utf-8"))
        self._http = http
        self._clock = clock
        self._skew = skew
        self._follow_up = follow_up
        self._settings = SettingsCache()

    def setup_fields(self) -> tuple[SetupField, ...]:
        """The form an administrator fills in."""
        return SETUP_FIELDS

    def guides(self) -> tuple[Guide, ...]:
        """How it is set up at Okta, Entra ID, Google and anywhere else."""
        return self._guides

    def read_settings(self, submitted: Settings, *, stored: SettingsRead | None = None) -> SettingsRead:
        """Understand what was submitted. Raises InvalidInputError naming the field, UnreachableError."""
        before = stored.settings if stored is not None else None
        settings = read_submitted(submitted, stored=before, http=self._http, now=self._clock.now())
        self._refuse_untakable(settings["idp"])
        return SettingsRead(settings=settings)

    def product(self, settings: Settings) -> Provider:
        """By the entity ID, or by where people sign in."""
        return product_of(settings)

    def typed(self, settings: Settings) -> Mapping[str, str]:
        """The metadata URL, or else everything by hand."""
        return as_typed(settings)

    def read_published(self, url: str) -> Published:
        """The metadata that stands at a URL now. Raises InvalidInputError, UnreachableError."""
        published = fetch_metadata(url, http=self._http, now=self._clock.now())
        self._refuse_untakable(as_settings(published))
        return published

    def _refuse_untakable(self, idp: Mapping[str, Any]) -> None:
        """What python3-saml would not take at the first sign-in is refused now: it is stricter about hosts than we are.
        Raises InvalidInputError.
        """
        try:
            library_settings(idp, self._service_provider(ConnectionId("conn_trial")))
        except OneLogin_Saml2_Error as error:
            sentence = "The single sign-on URL is not accepted: its host must be a full name or an address."
            raise InvalidInputError(sentence, field="idp.sso_url", detail=str(error)) from error

    def service_provider_values(self, connection_id: ConnectionId) -> tuple[ServiceProviderValue, ...]:
        """What to paste at the identity provider, under the names that Okta, Entra and Google have for it."""
        service_provider = self._service_provider(connection_id)
        return (
            ServiceProviderValue(
                "acs_url",
                "Single Sign-On URL (Okta), Reply URL (Entra), ACS URL (Google)",
                service_provider.acs_url,
            ),
            ServiceProviderValue(
                "entity_id",
                "Audience URI (Okta), Identifier (Entra), Entity ID (Google)",
                service_provider.entity_id,
            ),
            ServiceProviderValue(
                "logout_url", "Single Logout URL (Okta), Logout Url (Entra); optional", service_provider.logout_url
            ),
            ServiceProviderValue(
                "metadata_url",
                "Service provider metadata",
                service_provider.entity_id,
                file_name="doorward-metadata.xml",
            ),
            ServiceProviderValue(
                "certificate_url",
                "Certificate to encrypt for, and to verify signed requests with (optional)",
                service_provider.certificate_url,
                file_name="doorward.pem",
            ),
        )

    def advise(self, received: Mapping[str, Sequence[str]], settings: Settings) -> tuple[str, ...]:
        """What looks as if it were set up otherwise than meant."""
        return advise(received, settings)

    def summary(self, settings: Settings) -> Mapping[str, Any]:
        """What may be shown: certificates by fingerprint and end, the rest as it is. SAML settings hold no secret."""
        certificates = [
            {"fingerprint": certificate["fingerprint"], "not_after": certificate["not_after"]}
            for certificate in settings["idp"]["certificates"]
        ]
        return {**settings, "idp": {**settings["idp"], "certificates": certificates}}

    def expiries(self, settings: Settings, certificates: tuple[Certificate, ...]) -> tuple[Expiry, ...]:
        """When each signing certificate ends."""
        return certificate_expiries(settings, certificates)

    def start(self, revision: Revision, flow: Flow) -> str:
        """The URL at the identity provider, with an AuthnRequest in it, signed where the connection says so."""
        sso_url = revision.settings["idp"]["sso_url"]
        request = authn_request(sso_url, service_provider=self._service_provider(revision.connection_id), flow=flow)
        key = _signing_key(revision) if signs_requests(revision.settings) else None
        return redirect_url(sso_url, REQUEST, request, relay_state=flow.handle, key=key)

    def sign_out(self, revision: Revision, session: ProviderSession, sign_out: SignOut) -> str | None:
        """The URL with a signed LogoutRequest; None without a logout URL, or a key to sign with."""
        idp, key = revision.settings["idp"], _signing_key(revision)
        if "slo_url" not in idp or key is None or session.issuer != idp["entity_id"]:
            return None
        entity_id = self._service_provider(revision.connection_id).entity_id
        request = logout_request(idp["slo_url"], session, sign_out, issuer=entity_id)
        return redirect_url(idp["slo_url"], REQUEST, request, relay_state=sign_out.handle, key=key)

    def logout_verifier(self, query: Query | Rejection) -> VerifyLogout:
        """What judges a LogoutRequest once its connection is found."""

        def verify_logout(revision: Revision, now: datetime) -> EndedThere | Rejection:
            return (
                query if isinstance(query, Rejection) else verify_request(query, self._expected_logout(revision, now))
            )

        return verify_logout

    def return_verifier(self, query: Query | Rejection) -> VerifyReturn:
        """What judges a LogoutResponse once the request that it answers is found."""

        def verify_return(revision: Revision, request_id: str, now: datetime) -> SignOutOutcome | Rejection:
            if isinstance(query, Rejection):
                return query
            return verify_response(query, self._expected_logout(revision, now), request_id=request_id)

        return verify_return

    def logout_answer(self, told: LoggedOut) -> str | None:
        """The URL with a signed LogoutResponse; None where the provider takes none, or we have no key."""
        revision = told.revision
        idp, key = revision.settings["idp"], _signing_key(revision)
        url = idp.get("slo_response_url") or idp.get("slo_url")
        if url is None or key is None:
            return None
        entity_id = self._service_provider(revision.connection_id).entity_id
        response = logout_response(url, told.told, at=self._clock.now(), issuer=entity_id)
        return redirect_url(url, RESPONSE, response, relay_state=told.told.relay_state, key=key)

    def verifier(self, posted: str) -> Verify:
        """What judges a posted SAMLResponse once its flow is found."""
        return partial(self._verify, posted)

    def unsolicited_verifier(self, posted: str) -> VerifyUnsolicited:
        """What judges a posted SAMLResponse that no flow of this browser waits for."""
        return partial(self._verify_unsolicited, posted)

    def service_provider_metadata(self, revision: Revision) -> bytes:
        """Our metadata for one connection, as XML."""
        return write_metadata(
            self._service_provider(revision.connection_id),
            keys=revision.own_keys,
            signs_requests=signs_requests(revision.settings),
        )

    def own_certificate(self, revision: Revision) -> str:
        """The certificate to encrypt for, as PEM; for providers that take no metadata. Raises NotFoundError."""
        if not revision.own_keys:
            raise NotFoundError("This organization has no certificate yet.")
        return pem(revision.own_keys[-1].certificate) + "\n"

    def _verify(self, posted: str, revision: Revision, flow: Flow, now: datetime) -> ExternalIdentity | Rejection:
        judge = partial(self._judge, posted, self._expected(revision, flow, now))
        result = judge(revision)
        if isinstance(result, Rejection) and result.name == Name.SIGNATURE_INVALID and metadata_url(revision.settings):
            newer = self._follow_up(revision, self.read_published)
            # The post is read from its text again: a tree is judged once.
            result = judge(newer) if newer is not None else result
            if isinstance(result, Rejection) and result.name == Name.SIGNATURE_INVALID:
                return unknown_while_followed(product_of(revision.settings), result)
        return result

    def _judge(self, posted: str, expected: Expected, revision: Revision) -> ExternalIdentity | Rejection:
        settings = self._settings.get(revision, expected.service_provider)
        result = verify(posted, revision=revision, settings=settings, expected=expected)
        return in_words_of(product_of(revision.settings), result) if isinstance(result, Rejection) else result

    def _verify_unsolicited(self, posted: str, revision: Revision, now: datetime) -> Unasked:
        # Without a flow no metadata is read for an unknown key: anybody can post this.
        expected = self._expected(revision, None, now)
        settings = self._settings.get(revision, expected.service_provider)
        result = verify_unsolicited(posted, revision=revision, settings=settings, expected=expected)
        if isinstance(result, ExternalIdentity):
            return result
        product = product_of(revision.settings)
        if isinstance(result, Rejection):
            return in_words_of(product, result)
        return replace(result, rejection=in_words_of(product, result.rejection))

    def _expected(self, revision: Revision, flow: Flow | None, now: datetime) -> Expected:
        return Expected(
            service_provider=self._service_provider(revision.connection_id),
            issuer=revision.settings["idp"]["entity_id"],
            flow=flow,
            now=now,
            skew=self._skew,
            unsolicited_allowed=allows_unsolicited(revision.settings),
        )

    def _expected_logout(self, revision: Revision, now: datetime) -> ExpectedLogout:
        return ExpectedLogout(
            service_provider=self._service_provider(revision.connection_id),
            issuer=revision.settings["idp"]["entity_id"],
            certificates=tuple(certificate.der for certificate in trusted_certificates(revision)),
            now=now,
            skew=self._skew,
        )

    def _service_provider(self, connection_id: ConnectionId) -> ServiceProvider:
        return ServiceProvider(self._base_url, connection_id)


def _signing_key(revision: Revision) -> OwnKey | None:
    return next((key for key in revision.own_keys if key.signs), None)
