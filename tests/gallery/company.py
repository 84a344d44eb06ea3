"""The company of the demo as it stands every day: single sign-on required, its directory active."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import requests
from playwright.sync_api import Page, expect

from demo.people import ADA, ADMINISTRATORS, BARBARA, EDSGER, GRACE, SUPPORT
from demo.setting_up import SUPPORT_ROLE
from tests.gallery.walk import View, Walker, choose_at_provider, go_to_provider

_SETTINGS = "/settings/authentication"


def company(walker: Walker) -> Iterator[View]:
    """What its administrator looks at, and what one of its members sees."""
    page = walker.administrator()
    yield View("authentication", "settings/authentication.html", "Everything set up and in force", page)
    yield from _looks_after_single_sign_on(walker, page)
    yield from _looks_after_the_directory(walker, page)
    yield from _looks_after_people(walker, page)
    yield from _reads_what_happened(page)
    yield from _makes_new_recovery_codes(walker, page)
    page.context.close()
    yield from _a_member_comes_in(walker)
    yield from _a_new_administrator_comes_in(walker)
    yield from _the_last_code_is_used(walker)
    page = walker.visitor()
    page.goto("/style")
    yield View("style", "style.html", "Every part that pages are made of, for whoever changes the look", page)
    page.context.close()


def _looks_after_single_sign_on(walker: Walker, page: Page) -> Iterator[View]:
    connection = f"/settings/connections/{walker.town.connections['saml']}"
    page.goto(f"{connection}/readiness")
    yield View("readiness", "settings/readiness.html", "Who can sign in, and what would help the others", page)
    page.goto(f"{connection}/guide")
    yield View("guide", "settings/guide_to_read.html", "The guide, read again with the connection's own values", page)
    page.goto(f"{connection}/edit")
    yield View("connection-edit", "settings/connection_form.html", "Editing a connection that is in force", page)
    page.get_by_label("Attribute with the first name").fill("nickname")
    page.get_by_label("Allow sign-ins that begin at the identity provider").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Revision 2 waits for its test")).to_be_visible()
    page.locator("#single-sign-on").get_by_role("button", name="Test sign-in").first.click()
    choose_at_provider(page)
    expect(page).to_have_url(re.compile("/tests/"))
    yield View("connection-tested", "settings/connection_tested.html", "What a test sign-in has received", page)
    page.goto(_SETTINGS)
    yield View(
        "authentication-edited", "settings/authentication.html", "An edit waits until it has its own proof", page
    )
    page.get_by_role("button", name="Put in force…").click()
    expect(page.get_by_text("Afterwards an administrator can still get in")).to_be_visible()
    yield View("plan-connection", "settings/plan.html", "What putting an edit in force would do", page)
    page.get_by_role("button", name="Put in force").click()
    expect(page.get_by_text("The new settings are in force.")).to_be_visible()
    page.goto(_SETTINGS)
    page.get_by_role("button", name="Activate…", exact=True).click()
    expect(page.get_by_role("heading", name="Move everyone from")).to_be_visible()
    yield View("plan-move", "settings/plan.html", "What moving to another connection would do", page)
    page.goto(f"{connection}/revisions")
    yield View("revisions", "settings/revisions.html", "Every revision of a connection", page)


def _looks_after_the_directory(walker: Walker, page: Page) -> Iterator[View]:
    _send_what_is_odd(walker)
    page.goto(f"{_SETTINGS}#directory")
    page.locator("#directory").get_by_role("link", name=re.compile("^Requests of")).click()
    page.locator("summary[aria-label^='Details of PATCH']").first.click()
    yield View("requests", "settings/scim_requests.html", "What the directory has sent, and what became of it", page)
    page.goto(f"{_SETTINGS}#directory")
    page.locator("#directory").get_by_role("button", name="Deactivate…").click()
    yield View("plan-directory", "settings/plan.html", "What turning the directory off would do", page)


def _send_what_is_odd(walker: Walker) -> None:
    """What identity providers send on their bad days: some of it is understood all the same."""
    town = walker.town
    (directory,) = town.api.get(f"{town.path}/directories")["data"]
    token = town.api.post(f"{town.path}/directories/{directory['id']}/tokens", {"label": "trial"})["token"]
    users = town.api.get(f"{town.path}/directories/{directory['id']}/users")["data"]
    user = next(one["id"] for one in users if one["user_name"] == GRACE.email)
    again = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": GRACE.email, "active": True}
    manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
    stranger = {"op": "Add", "path": "members", "value": [{"value": "0f6b6a54-5b1c-4b63-9b0f-1d7c0b6a2c11"}]}
    with requests.Session() as session:
        session.trust_env = False  # no proxy stands between this machine and itself
        for method, path, bearer, body in (
            ("GET", "/Users?startIndex=1&count=2", "of last year", None),
            ("GET", "/User?startIndex=1&count=2", token, None),
            ("POST", "/Users", token, again),
            ("PATCH", f"/Groups/{town.directory.group_ids[SUPPORT]}", token, _patch(stranger)),
            ("PATCH", f"/Users/{user}", token, _patch({"op": "Replace", "path": manager, "value": "barbara"})),
        ):
            session.request(
                method,
                directory["base_url"] + path,
                json=body,
                headers={"Authorization": f"Bearer {bearer}"},
                timeout=30,
            )


def _patch(operation: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}


def _looks_after_people(walker: Walker, page: Page) -> Iterator[View]:
    page.goto("/settings/members")
    yield View("members", "settings/members.html", "Members, their roles, and where each comes from", page)
    page.get_by_role("main").get_by_role("link", name=GRACE.name).click()
    yield View(
        "member", "settings/member.html", "One member: why they have their role, and where they are signed in", page
    )
    page.goto("/settings/roles")
    yield View("roles", "settings/roles.html", f"Roles in their order, with {SUPPORT_ROLE} from a group", page)


def _reads_what_happened(page: Page) -> Iterator[View]:
    page.goto("/settings/activity")
    yield View("activity", "settings/activity.html", "What happened, newest first", page)
    page.goto("/settings/sign-ins")
    yield View("sign-ins", "settings/sign_ins.html", "Every attempt to sign in", page)
    page.goto("/settings/audit")
    yield View("audit", "settings/audit.html", "The audit log: who, what, before and after", page)


def _makes_new_recovery_codes(walker: Walker, page: Page) -> Iterator[View]:
    page.goto("/profile/confirm?next=/settings/authentication")
    yield View("confirm", "confirm.html", "Before something that nobody should do with a browser left open", page)
    page.goto(f"{_SETTINGS}#recovery-codes")
    page.locator("summary", has_text="Make new codes…").click()
    page.get_by_role("button", name="Make new codes").click()
    expect(page.get_by_role("heading", name="Your new recovery codes")).to_be_visible()
    yield View("recovery-codes", "settings/recovery_codes.html", "New recovery codes, shown once", page)
    walker.town.recovery_codes = page.locator("#codes code").all_inner_texts()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Confirm").click()


def _a_member_comes_in(walker: Walker) -> Iterator[View]:
    page = walker.visitor()
    provider = f"{walker.town.provider.origin}/**"
    page.route(provider, lambda route: route.fulfill(status=204))  # a browser stays where it is then
    go_to_provider(page, GRACE.email)
    expect(page.get_by_role("heading", name=re.compile("^Going to"))).to_be_visible()
    yield View("leaving", "sign_in/leaving.html", "On the way to the identity provider", page)
    page.unroute(provider)
    page.get_by_role("link", name="Continue").click()
    yield View("demo-provider", "", "The identity provider of the demo", page)
    choose_at_provider(page, GRACE.id)
    expect(page.get_by_role("heading", name="Profile")).to_be_visible()
    yield View("profile-member", "profile.html", "The profile of somebody whom the directory manages", page)
    page.goto(_SETTINGS)
    yield View("not-open", "error.html", "Who is no administrator sees who can help", page)
    posted = walker.town.provider.unasked(GRACE)
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in posted.fields.items())
    page.goto("about:blank")
    page.set_content(f'<form method="post" action="{posted.action}">{inputs}<button>Doorward</button></form>')
    page.get_by_role("button", name="Doorward").click()
    expect(page.get_by_role("heading", name="Sign in to Example?")).to_be_visible()
    yield View("consent", "sign_in/consent.html", "Whoever comes from the provider's own page is asked first", page)
    page.goto("/nothing-here")
    yield View("not-found", "error.html", "An address that leads nowhere", page)
    page.context.close()


def _a_new_administrator_comes_in(walker: Walker) -> Iterator[View]:
    walker.push(replace(EDSGER, groups=frozenset({ADMINISTRATORS})))
    page = walker.visitor()
    go_to_provider(page, EDSGER.email)
    choose_at_provider(page, EDSGER.id)
    expect(page.get_by_role("heading", name="Confirm that this is you")).to_be_visible()
    yield View(
        "first-link", "sign_in/first_link.html", "The first time of an administrator asks for one more proof", page
    )
    page.context.close()
    walker.push(EDSGER)


def _the_last_code_is_used(walker: Walker) -> Iterator[View]:
    """Ten recoveries: by three administrators, because nobody is mailed more than a few codes at a time."""
    helpers = (EDSGER, BARBARA)
    walker.push(*(replace(person, groups=frozenset({ADMINISTRATORS})) for person in helpers))
    *others, last = walker.town.recovery_codes
    for number, recovery_code in enumerate(others):
        person = (ADA, *helpers)[number % 3]
        browser, earlier = walker.town.browser(), walker.town.office.latest_code(person.email)
        browser.open("/recover")
        browser.submit("/recover", email=person.email)
        code = walker.town.office.await_code(person.email, besides=earlier)
        browser.submit("/sign-in/code", code=code, recovery_code=recovery_code)
    page = walker.visitor()
    page.goto("/recover")
    page.get_by_label("Email address").fill(BARBARA.email)
    code = walker.code_after(page.get_by_role("button", name="Send me a code"), BARBARA.email)
    page.get_by_label("Six-digit code").fill(code)
    page.get_by_label("Recovery code").fill(last)
    page.get_by_role("button", name="Start the recovery session").click()
    expect(page.get_by_role("heading", name="Store your new recovery codes")).to_be_visible()
    yield View("recovered", "recovered.html", "The last recovery code was used: the next ten", page)
    walker.town.recovery_codes = page.locator("#codes code").all_inner_texts()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Continue to the settings").click()
    page.context.close()
    walker.push(*helpers)
