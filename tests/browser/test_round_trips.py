"""There and back through real identity providers, whatever they sign, when another process takes the answer than sent
the browser away.
"""

from __future__ import annotations

import re
from urllib.request import ProxyHandler, build_opener

from playwright.sync_api import Page, expect

from tests.browser.conftest import ADA, GRACE, Town, begin_setup, found_organization, verify_domain
from tests.browser.test_single_sign_on import require
from tests.servers.identity_providers import OidcIdp, SamlIdp


def test_saml_answers_of_four_shapes_are_taken_by_workers_that_did_not_ask_for_them(
    town: Town, saml_idp: SamlIdp
) -> None:
    provider = saml_idp((ADA, GRACE), signing="both")
    page = found_organization(town)
    verify_domain(town, page)
    page.goto("/settings/connections/new")
    begin_setup(page, "SAML 2.0", "Another provider")
    page.get_by_label("Name", exact=True).fill("Company SAML")
    page.get_by_label("Metadata URL").fill(provider.metadata_url)
    page.get_by_role("button", name="Save and go on").click()
    found = re.search("conn_[0-9a-z]+", page.url)
    assert found is not None
    require(page, "Company SAML", ADA)
    ours = f"{town.server.base_url}/saml/{found.group()}/certificate"
    with build_opener(ProxyHandler({})).open(ours, timeout=10) as answer:
        provider.control(encryption_certificate=answer.read().decode())

    for signing in ("assertion", "response", "both", "encrypted"):
        provider.control(signing=signing)
        _comes_in_while_workers_change(town)


def test_oidc_answer_is_taken_by_a_worker_that_did_not_ask_for_it(town: Town, oidc_idp: OidcIdp) -> None:
    provider = oidc_idp((ADA, GRACE))
    page = found_organization(town)
    verify_domain(town, page)
    page.goto("/settings/connections/new")
    begin_setup(page, "OpenID Connect", "Another provider")
    page.get_by_role("link", name="Make us known").click()
    redirect_uri = re.search(r"http://127\.0\.0\.1:\d+/oidc/conn_\w+/callback", page.content())
    assert redirect_uri is not None
    provider.set_redirect_uris(redirect_uri.group(0))
    page.get_by_role("link", name="Bring back the credentials").click()
    page.get_by_label("Name", exact=True).fill("Company OIDC")
    page.get_by_label("Issuer").fill(provider.issuer)
    page.get_by_label("Client ID").fill(provider.client_id)
    page.get_by_label("Client secret", exact=True).fill(provider.client_secret)
    page.get_by_role("button", name="Save and go on").click()
    require(page, "Company OIDC", ADA)

    _comes_in_while_workers_change(town)


def _comes_in_while_workers_change(town: Town) -> None:
    """Grace is at the provider's page when every process that has seen her is killed."""
    grace: Page = town.visitor()
    grace.goto("/sign-in")
    grace.get_by_label("Email address").fill(GRACE.email)
    grace.get_by_role("button", name="Continue").click()
    button = grace.locator(f'[data-user="{GRACE.id}"]')
    expect(button).to_be_visible()
    town.server.replace_web_workers()
    button.click()
    expect(grace).to_have_url(re.compile("/profile$"))
    expect(grace.get_by_text(GRACE.email).first).to_be_visible()
