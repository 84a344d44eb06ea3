"""A connection's revision as python3-saml settings; every security flag is fixed here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from onelogin.saml2.settings import OneLogin_Saml2_Settings as LibrarySettings

from app.rules.certificates import Certificate, read_certificates
from app.rules.connections import Revision
from app.rules.following import own_certificates
from app.rules.ids import ConnectionId
from saml.certificates import pem
from saml.documents import HTTP_POST, HTTP_REDIRECT

_REVISIONS_KEPT = 256


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """Doorward as one connection's identity provider knows it: an entity of its own per connection.

    `base_url` is the configured one, without a slash at its end, and never taken from a request: with the Host header
    in it, a response addressed to another host would be accepted.
    """

    base_url: str
    connection_id: ConnectionId

    @property
    def entity_id(self) -> str:
        return f"{self.base_url}/saml/{self.connection_id}/metadata"

    @property
    def acs_url(self) -> str:
        return f"{self.base_url}/saml/{self.connection_id}/acs"

    @property
    def logout_url(self) -> str:
        return f"{self.base_url}/saml/{self.connection_id}/logout"

    @property
    def certificate_url(self) -> str:
        return f"{self.base_url}/saml/{self.connection_id}/certificate"

    def request_data(self) -> dict[str, str]:
        """Where python3-saml is told that the response arrived."""
        acs = urlsplit(self.acs_url)
        return {
            "https": "on" if acs.scheme == "https" else "off",
            "http_host": acs.netloc,
            "script_name": acs.path,
        }


_Key = tuple[str, str, str, tuple[str, ...]]


class SettingsCache:
    """Settings per revision, followed certificates and base URL. A revision never changes, and what is followed beside
    it is part of the key, so that what is kept never goes stale.
    """

    def __init__(self) -> None:
        self._kept: dict[_Key, LibrarySettings] = {}
        self._lock = Lock()

    def get(self, revision: Revision, service_provider: ServiceProvider) -> LibrarySettings:
        """The settings to judge a response with; the oldest are dropped when there are too many."""
        followed = tuple(certificate.fingerprint for certificate in revision.followed)
        key = (revision.connection_id, revision.revision_id, service_provider.base_url, followed)
        with self._lock:
            if key not in self._kept:
                idp = revision.settings["idp"]
                self._kept[key] = library_settings(idp, service_provider, followed=revision.followed)
                if len(self._kept) > _REVISIONS_KEPT:
                    del self._kept[next(iter(self._kept))]
            return self._kept[key]


def trusted_certificates(revision: Revision) -> tuple[Certificate, ...]:
    """All certificates that may have signed, in the order in which they are tried."""
    return (*own_certificates(revision.settings), *revision.followed)


def library_settings(
    idp: Mapping[str, Any], service_provider: ServiceProvider, *, followed: tuple[Certificate, ...] = ()
) -> LibrarySettings:
    """python3-saml's settings for the `idp` part of a revision, and for what is followed beside its own certificates.
    Raises OneLogin_Saml2_Error when it does not like them.

    The dictionary is made anew each time because the library writes into the one it is given.
    """
    certificates = [pem(certificate.der) for certificate in (*read_certificates(idp["certificates"]), *followed)]
    return LibrarySettings(
        {
            "strict": True,
            "debug": False,
            # The library looks for missing keys and certificates in files; below a device there are none, ever.
            "custom_base_path": "/dev/null/",
            "sp": {
                "entityId": service_provider.entity_id,
                "assertionConsumerService": {"url": service_provider.acs_url, "binding": HTTP_POST},
            },
            "idp": {
                "entityId": idp["entity_id"],
                "singleSignOnService": {"url": idp["sso_url"], "binding": HTTP_REDIRECT},
                # Always the list, also for one: with a fingerprint the library would trust the certificate in the
                # response.
                "x509certMulti": {"signing": certificates},
            },
            "security": _security(service_provider),
        }
    )


def _security(service_provider: ServiceProvider) -> dict[str, Any]:
    return {
        # Either signature covers the assertion (saml/gate.py lets no other place pass), and the library refuses a
        # response without any. So the choice between the two stays with the identity provider, and no tenant has a
        # setting to get wrong: PingFederate, Auth0 and Google's "Signed response" sign the response only.
        "wantAssertionsSigned": False,
        "wantMessagesSigned": False,
        "rejectDeprecatedAlgorithm": True,
        "wantNameId": True,
        "wantAttributeStatement": False,
        # Keycloak sends one Attribute per group. Repeats of the attributes that identify are refused in
        # saml/attributes.py.
        "allowRepeatAttributeName": True,
        "requestedAuthnContext": False,
        "failOnAuthnContextMismatch": False,
        "wantAssertionsEncrypted": False,
        "wantNameIdEncrypted": False,
        "authnRequestsSigned": False,
        # For an operator whose own host has one label (http://doorward:8000), never because a tenant's has.
        "allowSingleLabelDomains": "." not in str(urlsplit(service_provider.base_url).hostname),
    }
