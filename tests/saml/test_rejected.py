"""Each attack and mistake is refused by its own name, and only because of the one thing that differs.

What refusing costs is measured by bench/sso.py; that nothing is opened and one record is kept is for
tests/web/test_rejected_arrivals.py.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.rules.identity import ExternalIdentity, Rejection, Stray, Unverified
from app.rules.identity_providers import Provider
from saml.kind import SamlKind
from saml.rejections import CAUSES, LONGEST_SHOWN, Name, in_words_of, reject
from tests.saml.cases import CASES
from tests.saml.forge import BASE_URL, Case, Internet, Recipe, StoppedClock, World, both, nobody_asked, put

STATUS = "urn:oasis:names:tc:SAML:2.0:status"

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


@each_case
def test_case_is_refused_with_its_name(case: Case) -> None:
    verdict = case.mutated()
    assert isinstance(verdict, Rejection), case.id
    assert verdict.name == case.name
    assert all((verdict.sentence, verdict.expected, verdict.received, verdict.fix))
    assert max(len(verdict.expected), len(verdict.received)) <= LONGEST_SHOWN


@each_case
def test_case_is_accepted_when_its_change_is_undone(case: Case) -> None:
    assert isinstance(case.accepted(), ExternalIdentity), case.id


#: What a response that nobody asked for cannot be wrong about.
_OF_THE_REQUEST = frozenset(
    {
        Name.IN_RESPONSE_TO_MISSING,
        Name.IN_RESPONSE_TO_MISMATCH,
        Name.ISSUED_BEFORE_REQUEST,
        Name.NOT_AUTHENTICATED_AGAIN,
    }
)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.world.asked and case.name not in _OF_THE_REQUEST],
    ids=lambda case: case.id,
)
def test_case_is_refused_with_its_name_when_nobody_has_asked(case: Case) -> None:
    before = both(nobody_asked, case.recipe.before or both())
    world = replace(case.world, asked=False, allows_unsolicited=True)
    verdict = world.judge(replace(case.recipe, before=before).post())
    assert isinstance(verdict, Rejection), case.id
    assert verdict.name == case.name


@pytest.mark.parametrize(
    ("case", "known"),
    [
        ("unsolicited: not allowed", Rejection),
        ("unsolicited: minutes old", Rejection),
        ("unsolicited: InResponseTo taken out of the Response, which is not signed", Stray),
        ("unsolicited: an answer to a request, where it is not allowed", Stray),
        ("unsolicited: another audience", Unverified),  # the library looks at it before it looks at the signature
    ],
)
def test_what_is_known_of_an_answer_that_nobody_waits_for_is_told(case: str, known: type) -> None:
    (found,) = [candidate for candidate in CASES if candidate.id == case]
    assert isinstance(found.world.verdict(found.recipe.post()), known)


def test_every_rejection_has_a_case_and_a_cause() -> None:
    assert {case.name for case in CASES} == set(Name) == set(CAUSES)
    assert len(CASES) >= 120


def test_no_two_cases_have_one_name() -> None:
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("case", "expected", "received"),
    [
        ("another audience", "https://doorward.test/saml/conn_1/metadata", "https://other.test"),
        ("another host as Destination", "https://doorward.test/saml/conn_1/acs", "https://evil.test/acs"),
        ("another issuer", "https://idp.test/metadata", "https://evil.test, https://evil.test"),
        (
            "the provider refused",
            "urn:oasis:names:tc:SAML:2.0:status:Success",
            " / ".join((f"{STATUS}:Responder", f"{STATUS}:AuthnFailed", "not assigned")),
        ),
        (
            "confirmation ended too early",
            "within 120 s of 2026-11-23T12:00:00+00:00",
            "NotOnOrAfter=2026-11-23T11:58:00+00:00",
        ),
    ],
)
def test_administrator_is_told_what_was_expected_and_what_came(case: str, expected: str, received: str) -> None:
    (found,) = [candidate for candidate in CASES if candidate.id == case]
    verdict = found.mutated()
    assert isinstance(verdict, Rejection)
    assert (verdict.expected, verdict.received) == (expected, received)


def test_what_came_is_shown_on_one_line() -> None:
    verdict = World().judge(Recipe(before=put("//saml:Audience", "a\n\x85b")).post())
    assert isinstance(verdict, Rejection)
    assert verdict.received == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"


AT_OKTA = ' In Okta: "Audience URI (SP Entity ID)".'
AT_ENTRA = ' In Microsoft Entra: "Basic SAML Configuration", "Identifier (Entity ID)".'
AT_GOOGLE = ' In Google: "Service provider details", "Entity ID".'


@pytest.mark.parametrize(
    ("entity_id", "words"),
    [
        ("http://www.okta.com/exk1fcia6d6EMsf331d8", AT_OKTA),
        ("https://sts.windows.net/31537af4-6d77-4bb9-a681-d2394888ea26/", AT_ENTRA),
        ("https://accounts.google.com/o/saml2?idpid=C01", AT_GOOGLE),
        ("https://keycloak.acme.test/realms/acme", ""),
    ],
)
def test_advice_is_in_the_words_of_the_one_provider_that_it_is_about(entity_id: str, words: str) -> None:
    world = World()
    revision = world.revision()
    there = replace(revision, settings={"idp": {**revision.settings["idp"], "entity_id": entity_id}})
    recipe = Recipe(before=both(put("//saml:Issuer", entity_id), put("//saml:Audience", "https://other.test")))

    kind = SamlKind(base_url=BASE_URL, http=Internet({}), clock=StoppedClock())
    verdict = kind.verifier(recipe.post())(there, world.flow(), world.now)

    assert isinstance(verdict, Rejection)
    assert verdict.name == Name.AUDIENCE_MISMATCH
    assert verdict.fix == f"At the identity provider: {CAUSES[Name.AUDIENCE_MISMATCH].fix}{words}"


@pytest.mark.parametrize("name", Name)
@pytest.mark.parametrize("provider", Provider)
def test_every_rejection_says_who_changes_what_at_every_provider(name: Name, provider: Provider) -> None:
    said = in_words_of(provider, reject(name, expected="this", received="that"))

    assert said.fix.startswith(f"{CAUSES[name].who}: {CAUSES[name].fix}")
    assert said.fix.endswith((".", "?"))
    assert said == replace(reject(name, expected="this", received="that"), fix=said.fix)
