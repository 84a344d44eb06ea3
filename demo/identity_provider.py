"""The identity provider of the company: who is asked for, and what each protocol is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from demo import saml_provider
from demo.directory import Directory
from demo.keys import Keys
from demo.oidc_provider import OidcProvider
from demo.people import Person
from demo.saml_provider import ServiceProvider, UnknownRequestError


@dataclass(frozen=True, slots=True)
class Posted:
    """A form for the browser to send: the HTTP-POST binding of SAML."""

    action: str
    fields: dict[str, str]


@dataclass
class IdentityProvider:
    """At `origin`, for the one Doorward there is. `front_door` is where sign-ins through this provider begin there."""

    origin: str
    directory: Directory = field(default_factory=Directory)
    keys: Keys = field(default_factory=Keys)
    service_provider: ServiceProvider | None = None
    front_door: str = ""

    def __post_init__(self) -> None:
        self.oidc = OidcProvider(f"{self.origin}/oidc", self.keys)

    @property
    def metadata_url(self) -> str:
        return f"{self.origin}/saml/metadata"

    @property
    def metadata(self) -> str:
        return saml_provider.metadata(self.metadata_url, f"{self.origin}/saml/sign-in", self.keys.published)

    def enter_link(self, person_id: str) -> str:
        """Signs somebody in at Doorward by itself."""
        return f"{self.origin}/enter/{person_id}"

    def check_request(self, protocol: str, query: str) -> None:
        """Whether a sign-in is asked for as this provider answers it. Raises UnknownRequestError."""
        if protocol == "oidc":
            self.oidc.check_request(_values(query))
        else:
            saml_provider.read_request(_values(query).get("SAMLRequest", ""), self.service_provider)

    def unasked(self, person: Person) -> Posted:
        """How a sign-in begins that nobody has asked for: the tile on the provider's own page."""
        known = self.service_provider
        if known is None:
            raise UnknownRequestError("This provider does not know any Doorward yet.")
        return self._respond(known, person)

    def answer(self, protocol: str, query: str, person: Person) -> str | Posted:
        """How the browser brings the answer: an address to go to, or a form to send. Raises UnknownRequestError."""
        values = _values(query)
        if protocol == "oidc":
            return self.oidc.grant(person, values)
        known = self.service_provider
        request_id = saml_provider.read_request(values.get("SAMLRequest", ""), known)
        if known is None:
            raise UnknownRequestError("This provider does not know any Doorward yet.")
        return self._respond(known, person, request_id=request_id, relay_state=values.get("RelayState", ""))

    def _respond(
        self, known: ServiceProvider, person: Person, *, request_id: str = "", relay_state: str = ""
    ) -> Posted:
        response = saml_provider.respond(
            person, issuer=self.metadata_url, to=known, request_id=request_id, key=self.keys.signing
        )
        return Posted(known.acs_url, {"SAMLResponse": response, "RelayState": relay_state})


def _values(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))
