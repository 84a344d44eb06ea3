"""Every rejection: what causes it, that it is called by its own name, and that nothing else in the case causes it."""

from __future__ import annotations

import pytest

from app.rules.identity import ExternalIdentity, Rejection
from app.rules.identity_providers import Provider as Product
from oidc.reasons import REASONS
from oidc.rejections import Name
from tests.oidc.cases import CASES, Case
from tests.oidc.logouts import LOGOUT_CASES
from tests.oidc.provider import CLIENT_SECRET
from tests.oidc.sign_in import ACCEPTED


@pytest.mark.parametrize("world", ACCEPTED)
def test_an_unchanged_answer_is_accepted(world: str) -> None:
    assert isinstance(ACCEPTED[world]().finish(), ExternalIdentity)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_change_is_refused_by_its_own_name_and_accepted_when_undone(case: Case) -> None:
    sign_in = case.world()
    case.mutate(sign_in)
    result = sign_in.finish()
    assert isinstance(result, Rejection), result
    assert result.name == case.name
    assert isinstance(case.world().finish(), ExternalIdentity)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rejection_tells_what_to_change_and_shows_no_secret(case: Case) -> None:
    sign_in = case.world()
    case.mutate(sign_in)
    result = sign_in.rejected()
    assert all((result.sentence, result.expected, result.received, result.fix))
    told = f"{result.sentence}{result.expected}{result.received}{result.fix}"
    secrets = (CLIENT_SECRET, "at-1", "code-1", "nonce-1", sign_in.verifier, sign_in.provider.id_token())
    assert not [secret for secret in secrets if secret in told]
    assert len(told) < 2000
    assert told.isprintable()


@pytest.mark.parametrize("name", Name)
def test_every_name_has_a_reason_and_a_case(name: Name) -> None:
    assert name in REASONS
    assert name in {case.name for case in CASES} | {case.name for case in LOGOUT_CASES}


def test_there_are_no_reasons_beside_the_names() -> None:
    assert set(REASONS) == set(Name)


def test_cases_are_told_apart() -> None:
    assert len({str(case) for case in CASES}) == len(CASES) >= 120


@pytest.mark.parametrize("name", Name)
@pytest.mark.parametrize("product", Product)
def test_every_reason_has_words_for_every_provider(name: Name, product: Product) -> None:
    assert REASONS[name].fix_at(product).endswith((".", "redirect URIs."))


def test_nothing_is_sent_to_the_provider_when_the_answer_is_another_provider_s() -> None:
    for case in CASES:
        if case.name in {Name.ISSUER_PARAMETER_WRONG, Name.ISSUER_PARAMETER_MISSING, Name.PARAMETER_REPEATED}:
            sign_in = case.world()
            case.mutate(sign_in)
            sign_in.rejected()
            assert sign_in.provider.calls("/token") == 0
