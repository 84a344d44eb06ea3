"""Whatever comes in the place of an answer of an identity provider is refused by a name that there is, or says what the
genuine one said: no other exception, and no other person.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
import xmlsec
from hypothesis import strategies as st
from lxml import etree

from app.ports.http import HttpAnswer
from app.rules.errors import InvalidInputError
from app.rules.identity import ExternalIdentity, Rejection
from oidc.rejections import Name as OidcName
from saml.documents import Element
from saml.metadata import entity_id_fault, read_metadata, url_fault
from saml.rejections import Name as SamlName
from tests.oidc.provider import answer_json
from tests.oidc.sign_in import ACCEPTED, SignIn
from tests.saml.forge import (
    ASSERTION_SIGNED,
    BOTH_SIGNED,
    CBC,
    GCM,
    NOW,
    RESPONSE_SIGNED,
    UNSIGNED,
    Encryption,
    Recipe,
    Signing,
    World,
)
from tests.saml.published import key, metadata, several
from tests.scim.fire.running import Amount, hold
from tests.sign_in_fire import logouts
from tests.sign_in_fire.edits import garbled_bytes, garbled_xml, tree_edits, value_edits


@dataclass(frozen=True)
class Property:
    """`check` fails for an input that should not be possible. Making an input is no part of what it costs."""

    inputs: Callable[[], st.SearchStrategy[Any]]
    check: Callable[[Any], None]


# SAML

_ORDINARY = World()
_UNASKED = World(asked=False, allows_unsolicited=True)
_SHAPES: list[tuple[Signing, Encryption | None]] = [
    (ASSERTION_SIGNED, None),
    (RESPONSE_SIGNED, None),
    (BOTH_SIGNED, None),
    (ASSERTION_SIGNED, GCM),
    (RESPONSE_SIGNED, CBC),
    (BOTH_SIGNED, replace(CBC, beside=True)),
]


@cache
def _genuine() -> ExternalIdentity:
    identity = _ORDINARY.judge(Recipe().post())
    assert isinstance(identity, ExternalIdentity), identity
    return identity


def _tampered() -> st.SearchStrategy[str]:
    """What somebody without a key makes of a genuine response."""
    genuine = [base64.b64decode(Recipe(signing, None, encryption).post()) for signing, encryption in _SHAPES]
    documents = st.one_of([garbled_xml(raw) for raw in genuine])
    return documents.map(lambda raw: base64.b64encode(raw).decode())


def response_that_was_tampered_with_is_refused_or_says_the_same(posted: str) -> None:
    verdict = _ORDINARY.judge(posted)
    if isinstance(verdict, Rejection):
        assert verdict.name in set(SamlName)
    else:
        assert verdict == _genuine()


def answer_that_nobody_asked_for_is_refused_if_it_was_tampered_with_or_answers_somebody(posted: str) -> None:
    """What is tampered with here answers a request, so that in this place nothing of it can be right."""
    verdict = _UNASKED.judge(posted)
    assert isinstance(verdict, Rejection)
    assert verdict.name in set(SamlName)


def _signed_oddly() -> st.SearchStrategy[str]:
    """What a provider that has lost its mind signs."""

    def post(edit: Callable[[Element], None], shape: tuple[Signing, Encryption | None]) -> str:
        signing, encryption = shape
        try:
            return Recipe(signing, edit, encryption).post()
        except (AssertionError, ValueError, etree.LxmlError, xmlsec.Error):  # where nobody could sign it any more
            return Recipe(UNSIGNED, edit).post()

    return st.builds(post, tree_edits(), st.sampled_from(_SHAPES))


def response_that_a_provider_signs_is_refused_or_is_of_this_organization(posted: str) -> None:
    verdict = _ORDINARY.judge(posted)
    if isinstance(verdict, Rejection):
        assert verdict.name in set(SamlName)
    else:
        assert verdict.email.endswith("@acme.test")
        assert verdict.issuer == _genuine().issuer
        assert 0 < len(verdict.subject) <= 256


def _posted_text() -> st.SearchStrategy[str]:
    genuine = Recipe().post()
    spelled = garbled_bytes(genuine.encode()).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
    return st.one_of(
        st.text(max_size=200), st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()), spelled
    )


def _metadata_documents() -> st.SearchStrategy[bytes]:
    genuine = [
        metadata(),
        metadata(keys=key() + key("old") + key(use=' use="encryption"'), until=' validUntil="2030-01-01T00:00:00Z"'),
        several(metadata()),
    ]
    return st.one_of(st.binary(max_size=200), *(garbled_xml(document.encode()) for document in genuine))


def metadata_is_refused_or_can_be_used(document: bytes) -> None:
    found, sentence = None, ""
    try:
        found = read_metadata(document, field="idp.metadata_xml", now=NOW)
    except InvalidInputError as error:
        sentence = str(error)
    if found is None:
        assert sentence.isprintable()
        return
    assert found.certificates
    assert url_fault(found.sso_url) is None
    assert entity_id_fault(found.entity_id) is None


# OpenID Connect


def _made(product: str, change: Callable[[SignIn], object]) -> SignIn:
    sign_in = ACCEPTED[product]()
    change(sign_in)
    return sign_in


def _worlds(changes: st.SearchStrategy[Callable[[SignIn], object]]) -> st.SearchStrategy[SignIn]:
    return st.builds(_made, st.sampled_from(sorted(ACCEPTED)), changes)


def _garbled_values() -> st.SearchStrategy[SignIn]:
    """A provider that says odd things and signs them."""

    def change(part: str, edit: Callable[[Any], None]) -> Callable[[SignIn], object]:
        def apply(sign_in: SignIn) -> None:
            edit(getattr(sign_in.provider, part))
            usual = sign_in.provider.sign
            sign_in.provider.sign = lambda _algorithm, signing_input: usual("RS256", signing_input)

        return apply

    parts = ["claims", "claims", "header", "discovery", "keys", "tokens", "userinfo"]
    return _worlds(st.builds(change, st.sampled_from(parts), value_edits()))


def _garbled_answers() -> st.SearchStrategy[SignIn]:
    """Bytes of an answer, whichever, that are not what was sent."""
    paths: dict[str, Callable[[SignIn], dict[str, Any]]] = {
        "/.well-known/openid-configuration": lambda sign_in: sign_in.provider.discovery,
        "/jwks": lambda sign_in: {"keys": sign_in.provider.keys},
        "/token": lambda sign_in: {"id_token": sign_in.provider.id_token(), **sign_in.provider.tokens},
        "/userinfo": lambda sign_in: sign_in.provider.userinfo,
    }

    @st.composite
    def draw_one(draw: st.DrawFn) -> SignIn:
        sign_in = ACCEPTED[draw(st.sampled_from(sorted(ACCEPTED)))]()
        path = draw(st.sampled_from(sorted(paths)))
        body = draw(garbled_bytes(answer_json(paths[path](sign_in)).body))
        status = draw(st.sampled_from([200, 200, 200, 400, 500, 302]))
        sign_in.provider.answers[path] = HttpAnswer(status, {"content-type": "application/json"}, body)
        return sign_in

    return draw_one()


def provider_that_says_odd_things_is_refused_or_names_nobody_else(sign_in: SignIn) -> None:
    verdict = sign_in.finish()
    if isinstance(verdict, Rejection):
        assert verdict.name in set(OidcName)
        assert f"{verdict.expected}{verdict.received}".isprintable()
    else:
        assert verdict.email.endswith("@acme.test")
        assert verdict.subject
        assert verdict.issuer == sign_in.settings["issuer"]


def _garbled_tokens() -> st.SearchStrategy[SignIn]:
    """An ID token that somebody without a key has changed."""

    @st.composite
    def draw_one(draw: st.DrawFn) -> SignIn:
        sign_in = ACCEPTED["plain"]()
        genuine = sign_in.provider.id_token()
        head, payload, signature = genuine.split(".")
        if draw(st.booleans()):
            part = draw(st.sampled_from(["header", "claims"]))
            document = {"it": deepcopy(getattr(sign_in.provider, part))}
            draw(value_edits())(document)
            written = base64.urlsafe_b64encode(json.dumps(document.get("it")).encode()).rstrip(b"=").decode()
            token = f"{written}.{payload}.{signature}" if part == "header" else f"{head}.{written}.{signature}"
        else:
            token = draw(garbled_bytes(genuine.encode())).decode("utf-8", "surrogateescape")
        sign_in.provider.tokens["id_token"] = token
        return sign_in

    return draw_one()


def token_that_was_tampered_with_is_refused_or_says_the_same(sign_in: SignIn) -> None:
    verdict = sign_in.finish()
    if isinstance(verdict, Rejection):
        assert verdict.name in set(OidcName)
    else:
        assert verdict == replace(ACCEPTED["plain"]().accepted(), replay_key=verdict.replay_key)


def _garbled_queries() -> st.SearchStrategy[SignIn]:
    """What a browser brings."""
    names = st.sampled_from(["state", "code", "iss", "error", "error_description", "session_state"]) | st.text(
        max_size=5
    )
    values = st.sampled_from(["flow_1", "code-1", "https://idp.example.test", "access_denied"]) | st.text(max_size=20)
    queries = st.lists(st.tuples(names, values), max_size=6)
    return _worlds(queries.map(lambda query: lambda sign_in: setattr(sign_in, "query", query)))


PROPERTIES = {
    "tampered responses": Property(_tampered, response_that_was_tampered_with_is_refused_or_says_the_same),
    "posted text": Property(_posted_text, response_that_was_tampered_with_is_refused_or_says_the_same),
    "signed responses": Property(_signed_oddly, response_that_a_provider_signs_is_refused_or_is_of_this_organization),
    "unasked": Property(_tampered, answer_that_nobody_asked_for_is_refused_if_it_was_tampered_with_or_answers_somebody),
    "logout queries": Property(
        logouts.garbled_queries, logouts.query_that_was_tampered_with_is_refused_or_says_the_same
    ),
    "signed logouts": Property(logouts.signed_oddly, logouts.logout_that_a_provider_signs_is_refused_or_is_its_own),
    "logout tokens": Property(logouts.garbled_tokens, logouts.logout_token_is_refused_or_is_of_this_provider),
    "metadata": Property(_metadata_documents, metadata_is_refused_or_can_be_used),
    "tokens": Property(_garbled_tokens, token_that_was_tampered_with_is_refused_or_says_the_same),
    "values": Property(_garbled_values, provider_that_says_odd_things_is_refused_or_names_nobody_else),
    "answers": Property(_garbled_answers, provider_that_says_odd_things_is_refused_or_names_nobody_else),
    "queries": Property(_garbled_queries, provider_that_says_odd_things_is_refused_or_names_nobody_else),
}


@pytest.mark.parametrize("name", PROPERTIES)
def test_property_holds_for_a_few_dozen(name: str) -> None:
    hold(PROPERTIES[name].check, Amount(100), PROPERTIES[name].inputs())
