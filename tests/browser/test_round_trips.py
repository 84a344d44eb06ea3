"""There and back through real identity providers, whatever they sign, when another process takes the answer than sent
the browser away.
"""

from __future__ import annotations

import re
from urllib.request import ProxyHandler, build_opener

from playwright.sync_api import Page, expect

from tests.browser.conftest import ADA, GRACE, Town, found_organization, verify_domain
from tests.browser.connecting import fill_in_oidc, fill_in_saml, require, save
from tests.servers.identity_providers import OidcIdp, SamlIdp


def test_saml_answers_of_four_shapes_are_taken_by_workers_that_did_not_ask_for_them(
    town: Town, saml_idp: SamlIdp
) -> None:
    provider = saml_idp((ADA, GRACE), signing="both")
    page = found_organization(town)
    verify_domain(town, page)
    fill_in_saml(page, provider.metadata_url)
    certificate = f"{town.server.base_url}/saml/{save(page)}/certificate"
    require(page, ADA)
    with build_opener(ProxyHandler({})).open(certificate, timeout=10) as answer:
        provider.control(encryption_certificate=answer.read().decode())

    for signing in ("assertion", "response", "both", "encrypted"):
        provider.control(signing=signing)
        _comes_in_while_workers_change(town)


def test_oidc_answer_is_taken_by_a_worker_that_did_not_ask_for_it(town: Town, oidc_idp: OidcIdp) -> None:
    provider = oidc_idp((ADA, GRACE))
    page = found_organization(town)
    verify_domain(town, page)
    fill_in_oidc(page, provider)
    save(page)
    require(page, ADA)

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
