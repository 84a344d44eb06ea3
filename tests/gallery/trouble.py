"""The worst day, in the order of how bad it is: refused, on hold, nobody left, and back in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from playwright.sync_api import expect

from demo.people import ADA, GRACE
from tests.gallery.walk import View, Walker, choose_at_provider, go_to_provider

_TEMPLATE = "settings/authentication.html"


def trouble(walker: Walker) -> Iterator[View]:
    """What people and their administrator see of it."""
    yield from _the_certificate_is_wrong(walker)
    yield from _the_last_administrator_is_demoted(walker)
    yield from _everybody_is_gone(walker)


def _the_certificate_is_wrong(walker: Walker) -> Iterator[View]:
    keys = walker.town.provider.keys
    keys.broken = True
    page = walker.visitor()
    go_to_provider(page, GRACE.email)
    choose_at_provider(page, GRACE.id)
    expect(page.get_by_role("heading", name="You could not be signed in")).to_be_visible()
    keys.broken = False
    yield View("refused", "sign_in/refused.html", "A sign-in that was refused, for the person at the browser", page)
    page.context.close()
    ada = walker.administrator()
    ada.goto("/settings/sign-ins")
    ada.get_by_role("link", name="Failed", exact=True).click()
    yield View(
        "sign-ins-failed", "settings/sign_ins.html", "The same, for the administrator: what to change where", ada
    )
    ada.context.close()


def _the_last_administrator_is_demoted(walker: Walker) -> Iterator[View]:
    walker.push(replace(ADA, groups=frozenset()))
    page = walker.administrator()
    expect(page.get_by_text("is kept as administrator")).to_be_visible()
    yield View("authentication-hold", _TEMPLATE, "The directory demotes the last administrator", page)
    page.context.close()


def _everybody_is_gone(walker: Walker) -> Iterator[View]:
    walker.push(*(replace(person, assigned=False) for person in walker.town.directory.people.values()))
    page = walker.visitor()
    page.goto(walker.town.control_link)
    yield View("demo-control", "", "The control page of the demo, with everybody taken away", page)
    page.goto("/recover")
    yield View("recover", "recover_request.html", "Back in with a recovery code", page)
    page.get_by_label("Email address").fill(ADA.email)
    code = walker.code_after(page.get_by_role("button", name="Send me a code"), ADA.email)
    expect(page.get_by_label("Recovery code")).to_be_visible()
    yield View("recover-codes", "recover_code.html", "Two codes together open a recovery session", page)
    page.get_by_label("Six-digit code").fill(code)
    page.get_by_label("Recovery code").fill(walker.town.recovery_codes[0])
    page.get_by_role("button", name="Start the recovery session").click()
    expect(page.get_by_text("This is a recovery session.")).to_be_visible()
    yield View(
        "authentication-recovery", _TEMPLATE, "Nobody is left in the directory: what a recovery session opens", page
    )
    link = re.search(r"http\S+/recover/\S+", walker.operator("recover", ADA.email))
    assert link is not None
    page.goto(link.group())
    yield View("recover-link", "recover.html", "Without any code left: a link that the operator prints", page)
    page.context.close()
