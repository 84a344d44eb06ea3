"""A browser without a screen: cookies, links, forms, and the ways in which a page sends one on by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests
from lxml import html

_TIMEOUT_SECONDS = 30
_MOST_STEPS = 10


@dataclass(frozen=True)
class Page:
    """Where the browser is, and what it sees there."""

    url: str
    status: int
    document: html.HtmlElement
    redirect: str | None = None

    @property
    def text(self) -> str:
        return " ".join(str(self.document.text_content()).split())

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def form(self, action: str) -> html.FormElement:
        """The form whose action ends so. Raises LookupError."""
        for form in self.document.forms:
            if urlsplit(form.get("action", "")).path.endswith(action):
                return form
        raise LookupError(f"there is no form for {action} at {self.url}, which says: {self.text[:300]}")


class Browser:
    """One person's browser. `page` is where it is."""

    page: Page

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands between this machine and itself

    def open(self, address: str) -> Page:
        """Go to an address, or to a path of Doorward, and on from there wherever the pages lead."""
        return self._go_on("GET", urljoin(self._origin, address))

    def submit(self, action: str, **fields: str) -> Page:
        """Fill in the form with this action and send it."""
        return self._send(self.page.form(action), fields)

    def _send(self, form: html.FormElement, fields: Mapping[str, str]) -> Page:
        typed = {**{name: str(value or "") for name, value in form.form_values()}, **fields}
        return self._go_on("POST", urljoin(self.page.url, form.get("action", "")), typed)

    def _go_on(self, method: str, url: str, fields: Mapping[str, str] | None = None) -> Page:
        for _ in range(_MOST_STEPS):
            self.page = self._ask(method, url, fields)
            if (form := self._form_that_sends_itself()) is not None:
                method, url = "POST", urljoin(self.page.url, form.get("action", ""))
                fields = {name: str(value or "") for name, value in form.form_values()}
            elif address := self._next_address():
                method, url, fields = "GET", address, None
            else:
                return self.page
        raise LookupError(f"the pages lead in a circle, at last to {self.page.url}")

    def _ask(self, method: str, url: str, fields: Mapping[str, str] | None) -> Page:
        here = urlsplit(self.page.url) if method == "POST" else None
        headers = {"Origin": f"{here.scheme}://{here.netloc}"} if here else {}
        answer = self._session.request(
            method, url, data=fields, headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False
        )
        for cookie in self._session.cookies:
            cookie.secure = False  # as browsers do on loopback, where plain http is as good
        document = html.document_fromstring(answer.text or "<html></html>")
        return Page(url, answer.status_code, document, answer.headers.get("Location"))

    def _form_that_sends_itself(self) -> html.FormElement | None:
        return next((form for form in self.page.document.forms if form.get("data-sends-itself") is not None), None)

    def _next_address(self) -> str | None:
        if self.page.redirect is not None:
            return urljoin(self.page.url, self.page.redirect)
        for element in self.page.document.iter("meta"):
            if element.get("http-equiv") == "refresh":
                found = re.fullmatch(r"0; url=(.+)", element.get("content", ""))
                return urljoin(self.page.url, found.group(1)) if found else None
        return None
