"""The first part of the story: how an administrator brings the company to Doorward."""

from __future__ import annotations

import secrets

from demo.browser import Browser
from demo.oidc_provider import Client
from demo.people import ADA, ADMINISTRATORS, EVERYONE, HOST, SUPPORT
from demo.saml_provider import ServiceProvider
from demo.scim import ScimClient
from demo.telling import Story, expect
from demo.town import Town

SUPPORT_ROLE = "support"


def set_up(story: Story, town: Town) -> None:
    """From an empty server to a company that signs in through its provider and is run by its directory."""
    with story.step("organization Example made, with Ada Lovelace as its administrator"):
        _found(town)
    with story.step(f"domain {HOST} verified by its TXT record"):
        _verify_domain(town)
    with story.step("recovery codes made, stored and confirmed"):
        _store_recovery_codes(town)
    with story.step("people and groups pushed over SCIM"):
        _push(town)
    with story.step("groups mapped to roles and the directory put in force"):
        _put_directory_in_force(town)
    with story.step("Ada signed in with a code by email"):
        browser = _sign_in_by_email(town)
    for protocol, title in (("saml", "SAML"), ("oidc", "OpenID Connect")):
        with story.step(f"{title} connection set up and tested as Ada"):
            _connect(town, protocol)
            _test(town, browser, protocol)
    with story.step("single sign-on required, through SAML"):
        town.require("saml")


def _found(town: Town) -> None:
    made = town.api.post("/organizations", {"name": "Example", "admin_email": ADA.email, "admin_name": ADA.name})
    town.organization, town.administrator = made["id"], made["admin"]["id"]


def _verify_domain(town: Town) -> None:
    claimed = town.api.post(f"{town.path}/domains", {"host": HOST, "on_behalf_of": town.administrator})
    town.names.publish(claimed["dns_record"]["name"], claimed["dns_record"]["value"])
    checked = town.api.post(f"{town.path}/domains/{claimed['id']}/verify", {})
    expect(checked["state"] == "verified" and checked["verified_by"] == "dns", checked)


def _store_recovery_codes(town: Town) -> None:
    town.recovery_codes = town.api.post(f"{town.path}/recovery-codes", {})["codes"]
    town.api.post(f"{town.path}/recovery-codes/confirm", {"on_behalf_of": town.administrator})


def _push(town: Town) -> None:
    made = town.api.post(f"{town.path}/directories", {"name": "Example directory", "provider": "okta"})
    token = town.api.post(f"{town.path}/directories/{made['id']}/tokens", {"label": "demo"})["token"]
    town.directory.client = ScimClient(made["base_url"], token)
    town.directory.push()


def _put_directory_in_force(town: Town) -> None:
    town.api.post(f"{town.path}/roles", {"slug": SUPPORT_ROLE, "name": "Support", "priority": 50})
    for group, role in ((ADMINISTRATORS, "admin"), (SUPPORT, SUPPORT_ROLE), (EVERYONE, "member")):
        mapping = {"source": "directory", "group": town.directory.group_ids[group], "role": role}
        town.api.post_as_planned(f"{town.path}/role-mappings", mapping)
    (directory,) = town.api.get(f"{town.path}/directories")["data"]
    town.api.post_as_planned(f"{town.path}/directories/{directory['id']}/activate", {})


def _sign_in_by_email(town: Town) -> Browser:
    browser = town.browser()
    browser.open("/sign-in")
    browser.submit("/sign-in", email=ADA.email)
    browser.submit("/sign-in/code", code=town.office.await_code(ADA.email))
    expect(browser.page.path == "/settings/authentication", browser.page.text)
    return browser


def _connect(town: Town, protocol: str) -> None:
    secret = secrets.token_urlsafe(24)
    settings: dict[str, object] = {"idp": {"metadata_url": town.provider.metadata_url}}
    if protocol == "oidc":
        settings = {"issuer": town.provider.oidc.issuer, "client_id": "doorward", "client_secret": secret}
    body = {"protocol": protocol, "name": f"Example {protocol.upper()}", "on_behalf_of": town.administrator, **settings}
    made = town.api.post(f"{town.path}/connections", body)
    town.connections[protocol] = made["id"]
    base = f"{town.server.base_url}/{protocol}/{made['id']}"
    if protocol == "oidc":
        town.provider.oidc.client = Client("doorward", secret, f"{base}/callback")
    else:
        town.provider.service_provider = ServiceProvider(f"{base}/metadata", f"{base}/acs")


def _test(town: Town, browser: Browser, protocol: str) -> None:
    browser.open("/settings/authentication")
    browser.submit(f"/{town.connections[protocol]}/test")
    browser.submit("/sign-in", person=ADA.id)
    expect("The test worked" in browser.page.text, browser.page.text)
