"""Everything that the demo consists of, and what has been found out about it on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from demo.api import Api
from demo.browser import Browser
from demo.directory import Directory
from demo.identity_provider import IdentityProvider
from demo.name_server import NameServer, answering
from demo.people import Person
from demo.post_office import PostOffice, open_office
from demo.server import Doorward, doorward
from demo.web import provided


@dataclass
class Town:
    """The server, what stands around it, and the company's ids there."""

    server: Doorward
    names: NameServer
    office: PostOffice
    provider: IdentityProvider
    api: Api
    organization: str = ""
    administrator: str = ""
    connections: dict[str, str] = field(default_factory=dict)
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
        return self.provider.enter_link("ada")

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
        """Turn single sign-on on through this connection, or move it there from the other one."""
        for other in self.api.get(f"{self.path}/connections")["data"]:
            if other["state"] == "active" and other["protocol"] != protocol:
                self.api.post_as_planned(f"{self.path}/connections/{other['id']}/deactivate", {})
        path = f"{self.path}/connections/{self.connections[protocol]}/activate"
        self.api.post_as_planned(path, {"on_behalf_of": self.administrator})
        self.provider.front_door = f"{self.server.base_url}/{protocol}/{self.connections[protocol]}/login"


@contextmanager
def built(folder: Path) -> Iterator[Town]:
    """Start everything; end everything."""
    with ExitStack() as stack:
        names = stack.enter_context(answering())
        office = stack.enter_context(open_office())
        server = stack.enter_context(doorward(folder, resolver=names.address, smtp_url=office.url))
        provider = stack.enter_context(provided(doorward=server.base_url, office=office))
        town = Town(server, names, office, provider, Api(server.base_url, server.operator_token))
        yield town
