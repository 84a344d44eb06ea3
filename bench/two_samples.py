"""Whether two samples come from one distribution: the test of Kolmogorov and Smirnov, in its large-sample form."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

_TERMS = 100


def kolmogorov_smirnov(left: Sequence[float], right: Sequence[float]) -> tuple[float, float]:
    """The largest distance between the two distributions, and how probable one as large is if they are the same.

    The probability is an approximation (Stephens 1970), good from some dozens of values on.
    """
    ordered = sorted(left), sorted(right)
    distance = max(abs(_below(ordered[0], value) - _below(ordered[1], value)) for value in (*left, *right))
    size = math.sqrt(len(left) * len(right) / (len(left) + len(right)))
    scaled = (size + 0.12 + 0.11 / size) * distance
    if scaled < 0.2:  # the series converges too slowly, and the answer is 1
        return distance, 1.0
    terms = ((-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, _TERMS))
    return distance, min(1.0, max(0.0, 2 * sum(terms)))


def _below(ordered: Sequence[float], value: float) -> float:
    """The share of values up to this one."""
    return bisect_right(ordered, value) / len(ordered)
