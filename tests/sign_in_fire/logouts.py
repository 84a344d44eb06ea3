"""Whatever comes in the place of a logout is refused by a name that there is, or ends what the genuine one ends."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import strategies as st
from lxml import etree

from app.rules.identity import Rejection
from app.rules.logout import EndedThere, SignOutOutcome
from oidc.rejections import Name as OidcName
from saml.documents import Element
from saml.logout_rejections import Name as SamlName
from saml.redirect_binding import read_query
from tests.oidc.logouts import Logout as Token
from tests.saml.forge import NOW
from tests.saml.logouts import ANSWER, OUR_REQUEST, REQUEST, Logout, judged, kind, revision
from tests.sign_in_fire.edits import garbled_bytes, tree_edits, value_edits

Verdict = EndedThere | SignOutOutcome | Rejection


def garbled_queries() -> st.SearchStrategy[bytes]:
    """What somebody without a key makes of a genuine logout or of the answer to ours."""
    genuine = [REQUEST.sent().encode(), ANSWER.sent().encode(), replace(REQUEST, relay_state=None).sent().encode()]
    return st.one_of(st.binary(max_size=200), *(garbled_bytes(query) for query in genuine))


def query_that_was_tampered_with_is_refused_or_says_the_same(query: bytes) -> None:
    read, made, ours = read_query(query), kind(), revision()
    asked = made.logout_verifier(read)(ours, NOW)
    answered = made.return_verifier(read)(ours, OUR_REQUEST, NOW)
    _is_refused_by_name(asked, or_is=_genuine(REQUEST))
    _is_refused_by_name(answered, or_is=_genuine(ANSWER))


@cache
def _genuine(logout: Logout) -> tuple[Verdict, Verdict]:
    return judged(logout), judged(replace(logout, relay_state=None))


def signed_oddly() -> st.SearchStrategy[Logout]:
    """What a provider that has lost its mind signs."""

    def sent(logout: Logout, edit: Callable[[Element], None]) -> Logout:
        def apply(root: Element) -> None:
            try:
                edit(root)
                etree.tostring(root)
            except (AssertionError, ValueError, etree.LxmlError):
                root.clear()

        return replace(logout, before=apply)

    return st.builds(sent, st.sampled_from([REQUEST, ANSWER]), tree_edits())


def logout_that_a_provider_signs_is_refused_or_is_its_own(logout: Logout) -> None:
    verdict = judged(logout)
    if isinstance(verdict, EndedThere):
        assert verdict.issuer == revision().settings["idp"]["entity_id"]
        assert verdict.subject
    elif isinstance(verdict, Rejection):
        _is_refused_by_name(verdict)


def garbled_tokens() -> st.SearchStrategy[Token]:
    """Odd values that the provider signs, or a token that somebody without a key has changed."""

    @st.composite
    def draw_one(draw: st.DrawFn) -> Token:
        logout = Token()
        if draw(st.booleans()):
            part = draw(st.sampled_from(["claims", "claims", "header"]))
            document = {"it": deepcopy(getattr(logout, part))}
            draw(value_edits())(document)
            setattr(logout, part, document.get("it"))
            usual = logout.sign
            logout.sign = lambda _algorithm, signing_input: usual("RS256", signing_input)
        else:
            token = draw(garbled_bytes(logout.token().encode())).decode("utf-8", "surrogateescape")
            logout.form = [("logout_token", token)]
        return logout

    return draw_one()


def logout_token_is_refused_or_is_of_this_provider(logout: Token) -> None:
    verdict = logout.finish()
    if isinstance(verdict, EndedThere):
        assert verdict.issuer == logout.sign_in.provider.issuer
        assert verdict.subject or verdict.indexes
    else:
        assert verdict.name in set(OidcName)
        assert f"{verdict.expected}{verdict.received}".isprintable()


def _is_refused_by_name(verdict: Verdict, *, or_is: tuple[Any, ...] = ()) -> None:
    if isinstance(verdict, Rejection):
        assert verdict.name in set(SamlName)
        assert f"{verdict.expected}{verdict.received}".isprintable()
    else:
        assert verdict in or_is
