"""Filters, sorting and paging against the model, on thirty users and six groups; broken filters never break us."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from tests.scim.application import ENTERPRISE, ERROR, GROUP, USER, Installation, Pushing
from tests.scim.fire.filters import broken, filters, sweep, text_of
from tests.scim.fire.population import check_whole, populated
from tests.scim.fire.running import Amount, hold
from tests.scim.model.directory import Directory
from tests.scim.model.filters import Tree

ENDPOINTS = {USER: "/Users", GROUP: "/Groups"}
#: Processor time of this process for one answer. On PostgreSQL the database's own is not in it.
SLOW_SECONDS = 1.0

Population = tuple[Pushing, Directory]


@pytest.fixture(scope="module")
def population(installation: Installation) -> Population:
    pushing = installation.directory()
    return pushing, populated(pushing)


def filters_find_what_the_model_finds(population: Population, amount: Amount) -> None:
    pushing, directory = population

    def check(case: tuple[str, Tree]) -> None:
        schema, tree = case
        answer = pushing.filter(ENDPOINTS[schema], text_of(tree))
        assert answer.status_code == 200, (text_of(tree), answer.text)
        assert [one["id"] for one in answer.json["Resources"]] == directory.found(schema, tree), text_of(tree)

    hold(check, amount, _cases(directory))


def pages_are_cut_from_what_the_model_sorts(population: Population, amount: Amount) -> None:
    pushing, directory = population

    def check(case: tuple[str, Tree], sort_by: str, descending: bool, start: int, count: int) -> None:
        schema, tree = case
        if schema == GROUP and sort_by not in ("id", "displayName", "externalId", "meta.created"):
            sort_by = "displayName"
        parameters = {"sortBy": sort_by, "startIndex": start, "count": count}
        order = {"sortOrder": "descending"} if descending else {}
        answer = pushing.filter(ENDPOINTS[schema], text_of(tree), **parameters, **order)
        found = directory.ordered(directory.found(schema, tree), schema, sort_by, descending=descending)
        first = max(start, 1) - 1
        page = found[first : first + max(count, 0)]
        assert answer.status_code == 200, answer.text
        assert [one["id"] for one in answer.json["Resources"]] == page, (text_of(tree), parameters, order)
        assert answer.json["totalResults"] == len(found)

    hold(
        check,
        amount,
        _cases(directory),
        st.sampled_from(SORTED),
        st.booleans(),
        st.integers(-1, 8),
        st.integers(-1, 31),
    )


SORTED = [
    "id",
    "externalId",
    "userName",
    "displayName",
    "title",
    "name.familyName",
    "emails",
    "emails.value",
    "emails.type",
    "phoneNumbers",
    "addresses.locality",
    "active",
    "meta.created",
    f"{ENTERPRISE}:department",
    f"{ENTERPRISE}:manager.value",
]


def broken_filters_are_answered_or_refused(population: Population, amount: Amount) -> None:
    pushing, directory = population

    def check(case: tuple[str, str]) -> None:
        schema, text = case
        began = time.thread_time()
        answer = pushing.filter(ENDPOINTS[schema], text)
        assert time.thread_time() - began < SLOW_SECONDS, text
        if answer.status_code != 200:
            assert (answer.status_code, answer.json["schemas"]) == (400, [ERROR]), (text, answer.text)
            assert answer.json["detail"], text

    cases = [st.tuples(st.just(schema), broken(filters(directory, schema))) for schema in (USER, GROUP)]
    hold(check, amount, st.one_of(cases))


def _cases(directory: Directory) -> st.SearchStrategy[tuple[str, Tree]]:
    return st.one_of([st.tuples(st.just(schema), filters(directory, schema)) for schema in (USER, GROUP)])


Property = Callable[[Population, Amount], None]
#: Property -> how many examples the tests try.
PROPERTIES: dict[Property, int] = {
    filters_find_what_the_model_finds: 100,
    pages_are_cut_from_what_the_model_sorts: 50,
    broken_filters_are_answered_or_refused: 60,
}


@pytest.mark.parametrize("check", PROPERTIES, ids=lambda one: one.__name__)
def test_property_of_searches_holds(population: Population, check: Property) -> None:
    check(population, Amount(PROPERTIES[check]))


def test_every_attribute_is_compared_as_the_model_compares_it(population: Population) -> None:
    pushing, directory = population
    for schema, endpoint in ENDPOINTS.items():
        for tree in sweep(directory, schema):
            answer = pushing.filter(endpoint, text_of(tree), attributes="id")
            assert answer.status_code == 200, (text_of(tree), answer.text)
            assert [one["id"] for one in answer.json["Resources"]] == directory.found(schema, tree), text_of(tree)


def test_nothing_but_reading_has_happened(population: Population) -> None:
    check_whole(*population)


def test_meta_is_never_null(population: Population) -> None:
    pushing, _ = population
    assert pushing.filter("/Users", "meta eq null").json["totalResults"] == 0


def test_schemas_are_never_null(population: Population) -> None:
    pushing, _ = population
    assert pushing.filter("/Users", "schemas ne null").json["totalResults"] == 30


def test_empty_external_id_is_none(installation: Installation) -> None:
    pushing = installation.directory()
    assert "externalId" not in pushing.user("ada", externalId="")
    assert "externalId" not in pushing.user("bob", externalId="")
    assert pushing.filter("/Users", "externalId eq null").json["totalResults"] == 2


def test_ne_at_the_root_is_not_eq_for_resources_without_the_attribute(generic: Pushing) -> None:
    """RFC 7644 3.4.2.1: there an attribute of another type is one without a value, which `ne` holds for everywhere."""
    generic.group("Admins")
    assert generic.filter("/", 'not (userName eq "ada")').json["totalResults"] == 1
    assert generic.filter("/", 'userName ne "ada"').json["totalResults"] == 1
