"""What bench.enumeration takes for a difference."""

from __future__ import annotations

import random

import pytest

from bench.enumeration import largest_difference, least_probability, table
from bench.two_samples import kolmogorov_smirnov
from tests.web.addresses import Kind, Question, Seen


def test_samples_of_one_distribution_are_told_from_shifted_ones() -> None:
    chance = random.Random(1)
    one, same = ([chance.lognormvariate(0, 0.3) for _ in range(400)] for _ in range(2))
    shifted = [value + 0.2 for value in same]

    assert kolmogorov_smirnov(one, same)[1] > 0.1
    assert kolmogorov_smirnov(one, shifted)[1] < 1e-6
    assert kolmogorov_smirnov(one, one) == (0, 1)


def test_distance_and_probability_are_those_of_the_tables() -> None:
    assert kolmogorov_smirnov([1, 2, 3, 4], [3, 4, 5, 6])[0] == 0.5
    # With a thousand values each, the five per cent point is 1.358 times the square root of 2 / 1,000.
    left, right = range(1000), [value + 60.8 for value in range(1000)]
    distance, probability = kolmogorov_smirnov(left, right)
    assert distance == pytest.approx(0.061)
    assert probability == pytest.approx(0.05, abs=0.005)


def test_table_and_verdict_name_the_kind_that_takes_longer() -> None:
    times = {(kind, question): [0.002] * 50 for kind in Kind for question in Question}
    assert (largest_difference(times), least_probability(times)) == (0, 1)
    times[Kind.ADMINISTRATOR, Question.WRONG_CODES] = [0.009] * 50

    assert largest_difference(times) == pytest.approx(7)
    assert least_probability(times) < 0.01
    row = next(line for line in table(times).splitlines() if line.startswith("| wrong codes there"))
    assert row.split(" | ")[4].startswith("+7.00, D 1.000")


def test_answers_are_compared_without_what_is_new_each_time() -> None:
    def seen(*, status: int = 400, flow: str = "flow_1", header: str = "1", body: str = "No.") -> str:
        headers = (("Date", flow), ("Set-Cookie", flow), ("Content-Length", header))
        page = f'<form action="?flow={flow}"><input name="form_token" value="{flow}">ada@acme.test {body}'
        return Seen(status, headers, page).told("ada@acme.test")

    assert seen() == seen(flow="flow_2")
    assert len({seen(), seen(status=403), seen(header="2"), seen(body="Yes.")}) == 4
