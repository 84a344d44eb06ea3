"""The rest of the story: what becomes of sign-ins and of pushes, good ones and bad ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from demo.browser import Browser
from demo.people import ADA, ADMINISTRATORS, CROWD_SIZE, EDSGER, GRACE, Person, crowd
from demo.setting_up import SUPPORT_ROLE
from demo.telling import Story, expect
from demo.town import Town

_PROFILE = "/profile"
_SETTINGS = "/settings/authentication"
_BAD_SIGNATURE = "signature_invalid"


def play(story: Story, town: Town) -> None:
    """All of it, in an order in which each step builds on those before."""
    tale = _Tale(town)
    for sentence, happens in (
        ("single sign-on moved to OpenID Connect, Edsger signed in, and back to SAML", tale.edsger_signs_in),
        ("Grace signed in through SAML and sees her profile, not the settings", tale.grace_signs_in),
        ("Ada's link signed her in as an administrator, in one click", tale.ada_enters),
        ("Grace has the role Support from her group", tale.grace_has_her_role),
        ("a push took her out of the group, and the role went with it", tale.grace_loses_her_role),
        ("a push renamed her", tale.grace_is_renamed),
        ("a push suspended Edsger: his session ended, and he did not come in again", tale.edsger_is_suspended),
        ("a push demoted the last administrator: the role is held, and the settings say so", tale.ada_is_held),
        ("Grace became an administrator, and the hold was released", tale.hold_is_released),
        ("a push made Ada an administrator again", tale.ada_is_back),
        ("an unpublished certificate was refused, and the activity says why", tale.certificate_breaks),
        ("the mended certificate was accepted", tale.certificate_is_mended),
        (f"{CROWD_SIZE} people pushed, all of them members", tale.crowd_comes),
        ("everybody removed by the directory: exactly one administrator is held", tale.everybody_goes),
        ("a recovery code let that administrator in", tale.recovery_code_opens),
    ):
        with story.step(sentence):
            happens()


@dataclass
class _Tale:
    """One method for each step; browsers stay open from one to the next."""

    town: Town

    def edsger_signs_in(self) -> None:
        self.town.require("oidc")
        _is_at(self.town.sign_in(EDSGER), _PROFILE)
        self.town.require("saml")

    def grace_signs_in(self) -> None:
        self.grace = self.town.sign_in(GRACE)
        _is_at(self.grace, _PROFILE)
        self.grace.open(_SETTINGS)
        expect(self.grace.page.status == 403, f"Grace sees the settings: {self.grace.page.text}")

    def ada_enters(self) -> None:
        self.ada = self.town.browser()
        self.ada.open(self.town.settings_link)
        _is_at(self.ada, _SETTINGS)

    def grace_has_her_role(self) -> None:
        self._has_role(GRACE, SUPPORT_ROLE)

    def grace_loses_her_role(self) -> None:
        self._push(replace(GRACE, groups=frozenset()))
        self._has_role(GRACE, "member")

    def grace_is_renamed(self) -> None:
        self._push(replace(GRACE, groups=frozenset(), last_name="Murray Hopper"))
        expect(self._member(GRACE)["name"] == "Grace Murray Hopper", self._member(GRACE))

    def edsger_is_suspended(self) -> None:
        edsger = self.town.sign_in(EDSGER)
        _is_at(edsger, _PROFILE)
        self._push(replace(EDSGER, suspended=True))
        edsger.open(_PROFILE)
        _is_at(edsger, "/sign-in")
        refused = self.town.sign_in(EDSGER).page
        expect(refused.status == 403, f"Edsger came in: {refused.text}")

    def ada_is_held(self) -> None:
        self._push(replace(ADA, groups=frozenset()))
        expect(self._held() == [ADA.email], self._proof())
        ada = self.town.sign_in(ADA)
        _is_at(ada, _SETTINGS)
        expect("On hold" in ada.page.text, ada.page.text)

    def hold_is_released(self) -> None:
        self._push(replace(self._known(GRACE), groups=frozenset({ADMINISTRATORS})))
        expect(self._usable() == [GRACE.email] and not self._held(), self._proof())
        self._has_role(ADA, "member")

    def ada_is_back(self) -> None:
        self._push(ADA)
        expect(self._usable() == [ADA.email, GRACE.email], self._proof())

    def certificate_breaks(self) -> None:
        self.town.provider.keys.broken = True
        refused = self.town.sign_in(GRACE).page
        expect(refused.status == 403, f"Grace came in: {refused.text}")
        (latest, *_) = reversed(self.town.api.get(f"{self.town.path}/sign-ins", ending="failed")["data"])
        expect(latest["reason"] == _BAD_SIGNATURE and latest["email"] == GRACE.email, latest)

    def certificate_is_mended(self) -> None:
        self.town.provider.keys.broken = False
        _is_at(self.town.sign_in(GRACE), _SETTINGS)

    def crowd_comes(self) -> None:
        self._push(*crowd())
        newcomers = {person.email for person in crowd()}
        active = {member["email"] for member in self._members() if member["state"] == "active"}
        expect(newcomers <= active, f"{len(newcomers - active)} are missing")

    def everybody_goes(self) -> None:
        self._push(*(replace(person, assigned=False) for person in self.town.directory.people.values()))
        active = [member["email"] for member in self._members() if member["state"] == "active"]
        expect(not active and len(self._held()) == 1, f"active: {len(active)}; {self._proof()}")

    def recovery_code_opens(self) -> None:
        (held,) = self._held()
        earlier = self.town.office.latest_code(held)
        browser = self.town.browser()
        browser.open("/recover")
        browser.submit("/recover", email=held)
        code = self.town.office.await_code(held, besides=earlier)
        browser.submit("/sign-in/code", code=code, recovery_code=self.town.recovery_codes[0])
        browser.open(_SETTINGS)
        expect("This is a recovery session" in browser.page.text, browser.page.text)

    def _push(self, *changed: Person) -> None:
        self.town.directory.put(changed)
        self.town.directory.push()

    def _known(self, person: Person) -> Person:
        """As the directory has them now."""
        return self.town.directory.people[person.id]

    def _has_role(self, person: Person, role: str) -> None:
        member = self._member(person)
        expect(member["role"] == role, f"{person.name} has the role {member['role']}, not {role}")

    def _member(self, person: Person) -> Any:
        return next(member for member in self._members() if member["email"] == person.email)

    def _members(self) -> Iterator[Any]:
        query: dict[str, str] = {"limit": "100"}
        while True:
            page = self.town.api.get(f"{self.town.path}/members", **query)
            yield from page["data"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def _usable(self) -> list[str]:
        return sorted(one["email"] for one in self._proof()["usable_admins"])

    def _held(self) -> list[str]:
        return [one["email"] for one in self._proof()["held_admins"]]

    def _proof(self) -> Any:
        return self.town.api.get(f"{self.town.path}/lockout-proof")


def _is_at(browser: Browser, path: str) -> None:
    page = browser.page
    expect((page.path, page.status) == (path, 200), f"not at {path} but {page.url} ({page.status}): {page.text[:500]}")
