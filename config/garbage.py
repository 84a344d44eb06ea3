"""How often Python looks for objects that only refer to each other."""

from __future__ import annotations

import gc

_NEW_OBJECTS = 10_000


def collect_seldom() -> None:
    """Call once everything is loaded: what is there by now stays, and is not looked at again.

    By default Python looks after 700 new objects, and at all there are whenever a quarter has come to them. A change
    that moves 20,000 people keeps hundreds of thousands until it commits; looking at them took
    up to two fifths of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
