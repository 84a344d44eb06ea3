"""Guided setups: how many, and that a guide with a misspelt part is no guide."""

from __future__ import annotations

import pytest

from app.rules.decisions import Allowed, Code, Refused
from app.rules.guides import MOST_UNDER_WAY, Asked, Entered, Pasted, may_begin, read_guides

DOCUMENT = """
[[guide]]
name = "saml-acme"
title = "Acme"
hint = "SAML 2.0"
connection = "Acme"
filled = { "attributes.subject" = "id" }

[[guide.step]]
title = "Go there"
do = ["Open it.", "Enter these."]
then = ["Press the button."]
paste = [{ key = "acs_url", label = "Reply URL" }]
enter = [{ label = "Format", value = "EMAIL", is_code = false }]

[[guide.step]]
title = "Come back"
do = ["Copy it."]
ask = [{ name = "idp.metadata_url", label = "Address" }]
"""


def test_guide_is_read_as_it_is_written() -> None:
    (guide,) = read_guides(DOCUMENT)

    there, back = guide.steps
    assert (guide.name, guide.title, guide.filled) == ("saml-acme", "Acme", {"attributes.subject": "id"})
    assert (there.title, there.do) == ("Go there", ("Open it.", "Enter these."))
    assert there.then == ("Press the button.",)
    assert there.paste == (Pasted("acs_url", "Reply URL"),)
    assert there.enter == (Entered("Format", "EMAIL", is_code=False),)
    assert back.ask == (Asked("idp.metadata_url", "Address"),)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("hint =", "hnit ="),
        ('hint = "SAML 2.0"\n', ""),
        ('title = "Come', 'tilte = "Come'),
        ('label = "Address"', 'lable = "Address"'),
        ("is_code", "code"),
    ],
)
def test_misspelt_or_missing_part_stops_the_start(right: str, wrong: str) -> None:
    assert right in DOCUMENT

    with pytest.raises(TypeError):
        read_guides(DOCUMENT.replace(right, wrong))


def test_setups_limited() -> None:
    assert may_begin(under_way=MOST_UNDER_WAY - 1) == Allowed()

    refused = may_begin(under_way=MOST_UNDER_WAY)

    assert isinstance(refused, Refused)
    assert refused.code is Code.SETUPS_LIMITED
    assert refused.fix == "Finish one of them, or discard it."
