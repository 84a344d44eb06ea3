"""Starts everything that the demo consists of, and ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demo.api import Api
from demo.identity_provider import IdentityProvider
from demo.name_server import answering
from demo.post_office import open_office
from demo.server import doorward, free_port
from demo.town import Town
from demo.web import serving_site

BANNER = "DEMO: nothing here is real, and all of it is deleted when the demo ends."


@contextmanager
def built(folder: Path, *, banner: str = BANNER) -> Iterator[Town]:
    """A town in which nothing has happened yet; the data of its server is in the folder, the banner on its pages."""
    with ExitStack() as stack:
        names = stack.enter_context(answering())
        office = stack.enter_context(open_office())
        server = stack.enter_context(doorward(folder, resolver=names.address, smtp_url=office.url, banner=banner))
        provider = IdentityProvider(f"http://127.0.0.1:{free_port()}")
        town = Town(server, names, office, provider, Api(server.base_url, server.operator_token))
        stack.enter_context(serving_site(town))
        yield town
