"""The town: the server, everything around it, and what is known of it by now."""

from __future__ import annotations

from dataclasses import dataclass, field

from demo.api import Api
from demo.browser import Browser
from demo.directory import Directory
from demo.identity_provider import IdentityProvider
from demo.name_server import NameServer
from demo.people import ADA, Person
from demo.post_office import PostOffice
from demo.server import Doorward


class NotNowError(Exception):
    """What is asked for cannot be done as things stand; the message says what would have to be so."""


@dataclass
class Town:
    """`connections` are ids by protocol; `required` is the protocol that people have to come in through."""

    server: Doorward
    names: NameServer
    office: PostOffice
    provider: IdentityProvider
    api: Api
    organization: str = ""
    administrator: str = ""
    connections: dict[str, str] = field(default_factory=dict)
    required: str = ""
    recovery_codes: list[str] = field(default_factory=list)

    @property
    def directory(self) -> Directory:
        return self.provider.directory

    @property
    def path(self) -> str:
        """The company in the JSON API."""
        return f"/organizations/{self.organization}"

    @property
    def settings_link(self) -> str:
        """Signs the administrator in, who then sees the settings."""
        return self.provider.enter_link(ADA.id)

    @property
    def control_link(self) -> str:
        return f"{self.provider.origin}/"

    def browser(self) -> Browser:
        """Somebody's browser, with nothing in it."""
        return Browser(self.server.base_url)

    def sign_in(self, person: Person) -> Browser:
        """Somebody signs in through the identity provider, as far as that takes them."""
        browser = self.browser()
        browser.open("/sign-in")
        browser.submit("/sign-in", email=person.email)
        browser.submit("/sign-in", person=person.id)
        return browser

    def require(self, protocol: str) -> None:
        """Turn single sign-on on through this connection, or move it there from the other one. Raises NotNowError."""
        if not self.api.get(f"{self.path}/members/{self.administrator}")["usable_admin"]:
            raise NotNowError("Ada has tested both connections; make her an administrator again first.")
        path = f"{self.path}/connections/{self.connections[protocol]}/activate"
        self.api.post_as_planned(path, {"on_behalf_of": self.administrator})
        self.required = protocol
        self.provider.front_door = f"{self.server.base_url}/{protocol}/{self.connections[protocol]}/login"
