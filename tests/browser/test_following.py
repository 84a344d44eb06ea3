"""Metadata is followed: a key that appears counts, what the metadata says otherwise is taken over with one click."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import closing

import requests
from playwright.sync_api import expect

from tests.browser.conftest import ADA, Town, check_everywhere, found_organization, verify_domain
from tests.browser.connecting import fill_in_saml, save
from tests.ports.listening import Listener
from tests.saml.published import key
from tests.servers.identity_providers import SamlIdp


class Mirror:
    """A metadata server of its own, so that what it says can change."""

    def __init__(self, document: str) -> None:
        self.document = document

    def __call__(self, connection: socket.socket, _stopped: threading.Event) -> None:
        body = self.document.encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def test_what_followed_metadata_says_is_shown_and_taken_over(town: Town, saml_idp: SamlIdp) -> None:
    provider = saml_idp((ADA,), signing="both")
    mirror = Mirror(requests.get(provider.metadata_url, timeout=10).text)
    with closing(Listener(mirror, tls=None, address=("127.0.0.1", 0))) as server:
        page = found_organization(town)
        verify_domain(town, page)
        fill_in_saml(page, f"http://127.0.0.1:{server.port}/metadata")
        save(page)
        page.get_by_role("button", name="Test sign-in").first.click()
        page.locator(f'[data-user="{ADA.id}"]').click()
        expect(page).to_have_url(re.compile("/tests/"))

        # the provider has a new key and another address while nobody looks
        mirror.document = _moved(mirror.document)
        page.goto("/settings/authentication#single-sign-on")
        expect(page.get_by_text("once it is active")).to_be_visible()
        page.get_by_role("button", name="Activate…").click()
        page.get_by_role("button", name="Require single sign-on").click()
        expect(page.get_by_text("Single sign-on is required from now on")).to_be_visible()
        while not page.get_by_role("heading", name="The metadata names another sign-on URL").is_visible():
            page.wait_for_timeout(1_000)
            page.goto("/settings/authentication")
        page.get_by_text("Certificates in use").click()
        expect(page.get_by_text("followed from the metadata")).to_be_visible()
        check_everywhere(page)

        # one click, by keyboard
        page.get_by_role("button", name="Take over as a new revision").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Revision 2 waits for its test")).to_be_visible()
        expect(page.get_by_text("The settings that wait say what the metadata says.")).to_be_visible()
        check_everywhere(page)


def _moved(document: str) -> str:
    """The same provider with a second certificate, and its sign-on service elsewhere."""
    with_key = document.replace("</KeyDescriptor>", f"</KeyDescriptor>{key('next')}", 1)
    return re.sub(r'(Location="[^"]*/)sso"', r'\1sso?moved"', with_key)
