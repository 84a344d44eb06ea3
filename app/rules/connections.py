"""Connections to identity providers: their states, and what a sign-in protocol has to implement to be one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from app.rules.certificates import Certificate
from app.rules.expiry import Expiry
from app.rules.guides import Guide
from app.rules.identity import ExternalIdentity, ProviderSession, Rejection, Unasked
from app.rules.identity_providers import Provider
from app.rules.ids import ConnectionId, RevisionId
from app.rules.logout import SignOut

Settings = Mapping[str, Any]
Answer = TypeVar("Answer", covariant=True)


class ConnectionState(StrEnum):
    DRAFT = "draft"
    VALIDATING = "validating"
    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key pair of the organization's own. Every one of them decrypts, the one that `signs` also signs.

    `certificate` is base64 of DER in one line, `private_key` PEM of PKCS 8.
    """

    certificate: str
    private_key: str = field(repr=False)
    signs: bool


@dataclass(frozen=True, slots=True)
class Revision:
    """One set of settings of a connection, as its protocol reads it. Never changed once made.

    `settings` is what the kind's `read_settings` returned (JSON values). `secrets` are its unsealed secrets by name.
    `verified_hosts` are the organization's verified email hosts when the revision was read, `own_keys` its key pairs
    at that time, oldest first. `followed` are certificates that stand beside the revision's own in the metadata that it
    follows: trusted as well, for as long as they do.
    """

    connection_id: ConnectionId
    revision_id: RevisionId
    settings: Settings
    secrets: Mapping[str, str] = field(default_factory=dict)
    verified_hosts: frozenset[str] = frozenset()
    own_keys: tuple[OwnKey, ...] = ()
    followed: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in under way, as the protocol sees it: what it must match when the browser comes back.

    `handle` travels through the identity provider (RelayState, state) and names the flow; it is not a secret.
    `request_id` is the SAML AuthnRequest ID; `nonce` and `verifier` (PKCE) are OIDC's. All are made when the flow
    starts and are single use. `authenticate_again` asks the provider not to rely on a session it has: in a test, and
    where somebody confirms that it is them.
    """

    handle: str
    request_id: str
    nonce: str
    verifier: str
    started_at: datetime
    authenticate_again: bool = False
    email_hint: str | None = None


@dataclass(frozen=True, slots=True)
class SettingsRead:
    """What an administrator typed, understood: `settings` is stored as JSON, `secrets` sealed, `summary` shown."""

    settings: dict[str, Any]
    secrets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceProviderValue:
    """One value to paste at the identity provider: `label` in its own words. `file_name` is what to call the
    file behind a value that is the address of one.
    """

    key: str
    label: str
    value: str
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class SetupField:
    """One field of the setup form that the settings page renders without knowing the protocol.

    `name` is dotted as in the JSON API (`idp.metadata_xml`); `kind` is text, url, date, secret, textarea or checkbox.
    `warning` is what to know for as long as a checkbox is ticked; `keeps_blanks` where blanks mean something.
    """

    name: str
    label: str
    kind: str
    hint: str = ""
    required: bool = False
    warning: str = ""
    keeps_blanks: bool = False


#: Verifies what came back, outside any transaction: it may fetch keys or exchange a code.
Verify = Callable[[Revision, Flow, datetime], ExternalIdentity | Rejection]
#: Verifies what came without having been asked for, by the revision in force, which may not allow it at all.
VerifyUnsolicited = Callable[[Revision, datetime], Unasked]


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody else wants a sign-in to begin: as whom, and where it is to lead; both may be nonsense or worse.

    `check` is shown the revision in force. It raises InvalidInputError where the wish is for another provider.
    """

    check: Callable[[Revision], None]
    email: str
    target: str


class ConnectionKind(Protocol):
    """A sign-in protocol. saml/ and oidc/ implement it; the settings page and the API know nothing else of them.

    `purposes` says of what is received beside a profile what it is for, by its name in the protocol.
    `uses_own_keys` is whether the organization's key pairs sign or decrypt in it.
    """

    protocol: str
    title: str
    uses_own_keys: bool
    purposes: Mapping[str, str]

    def setup_fields(self) -> tuple[SetupField, ...]:
        """The form an administrator fills in."""
        ...

    def product(self, settings: Settings) -> Provider:
        """Which product stands behind the identity provider of these settings."""
        ...

    def guides(self) -> tuple[Guide, ...]:
        """How it is set up at the usual products, and at any other."""
        ...

    def read_settings(self, submitted: Settings, *, stored: SettingsRead | None = None) -> SettingsRead:
        """Understand what was submitted (JSON API shape without `protocol` and `name`); may fetch metadata or
        discovery. A secret that is left out is the one that is `stored`, where it is for the same as before.

        Raises InvalidInputError naming the field, or UnreachableError.
        """
        ...

    def typed(self, settings: Settings) -> Mapping[str, str]:
        """What the setup form is filled in with to say the same again, by the names of its fields; no secrets."""
        ...

    def service_provider_values(self, connection_id: ConnectionId) -> tuple[ServiceProviderValue, ...]:
        """What to paste at the identity provider."""
        ...

    def advise(self, received: Mapping[str, Sequence[str]], settings: Settings) -> tuple[str, ...]:
        """What a test sign-in received that looks otherwise than meant, as sentences; nothing is refused for it."""
        ...

    def summary(self, settings: Settings) -> Mapping[str, Any]:
        """What page and API may show of a revision's settings: no secret, JSON values."""
        ...

    def expiries(self, settings: Settings, certificates: tuple[Certificate, ...]) -> tuple[Expiry, ...]:
        """What a revision with these settings relies on and that ends one day, with where it is renewed;
        `certificates` are those that its provider may sign with.
        """
        ...

    def start(self, revision: Revision, flow: Flow) -> str:
        """The URL at the identity provider to send the browser to."""
        ...

    def sign_out(self, revision: Revision, session: ProviderSession, sign_out: SignOut) -> str | None:
        """The URL at the identity provider that ends this session there too; None where it has none. Fetches
        nothing.
        """
        ...


class Door(Protocol[Answer]):
    """What a protocol's routes hand the browser's arrivals to; the web layer implements it, `Answer` is its response
    type.

    The door owns flows, cookies, transactions and records, so that the three callbacks stay three lines long.
    """

    def start(self, connection_id: str, *, protocol: str, wish: Wish | None = None) -> Answer:
        """Begin a sign-in through this connection of that protocol and send the browser to the identity provider."""
        ...

    def receive(
        self,
        connection_id: str,
        *,
        protocol: str,
        handle: str,
        verify: Verify,
        unsolicited: VerifyUnsolicited | None = None,
    ) -> Answer:
        """Find the flow named by `handle` and bound to this browser, spend it, verify, and go on to the next step.

        `verify` is called outside any transaction and only when the flow exists, is this browser's, and leads through
        a connection of that protocol. Where there is no such flow, `unsolicited` is called for a connection of that
        protocol that is in force; then `handle` is where the provider wants the browser to be led.
        """
        ...

    def described(self, connection_id: str, *, protocol: str) -> Revision:
        """The settings that a connection is being set up with, for what is published of it. Raises NotFoundError."""
        ...
