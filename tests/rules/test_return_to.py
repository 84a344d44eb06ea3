"""Where signing in may lead: a path of this host as a browser sends it, and never anywhere else."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.rules.return_to import MAX_LENGTH, read_return_to, read_target

#: What open redirects are made of, in any order.
_WORDS = r"""
/ // \ %2f %2F %5c %09 %0d%0a %00 @ : ; ? # . .. %2e %2E%2e a evil.test evil.test:443 https: javascript:
"""
PIECES = st.sampled_from([*_WORDS.split(), *"\t\n\r\0 \xa0é\uff3c\uff0f"])
HOSTILE = st.lists(PIECES, max_size=8).map("".join)
SEGMENT = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\\"), min_size=1, max_size=10
).filter(lambda text: text not in {".", ".."})
PATHS = st.lists(SEGMENT.map(lambda text: quote(text, safe="")), min_size=1, max_size=4).map(
    lambda s: "/" + "/".join(s)
)
QUERIES = st.text(max_size=40).map(lambda text: quote(text, safe="&=?/:@!$'()*+,;"))


def leaves(location: str) -> bool:
    """Whether a browser on another page of the host would leave the host for this (WHATWG URL, "basic URL parser")."""
    seen = re.sub(r"[\t\n\r]", "", location.strip("".join(map(chr, range(0x21))))).replace("\\", "/")
    parts = urlsplit(seen)
    return bool(parts.scheme or parts.netloc or seen.startswith("//"))


@given(HOSTILE | st.text())
@example("//evil.test")
@example("/\\evil.test")
@example("/\t/evil.test")
@example("/%2F/evil.test")
@example("/%5Cevil.test")
@example("/a/..//evil.test")
@example("/%2e%2e//evil.test")
def test_whatever_is_accepted_stays_on_the_host_and_is_one_line_of_ascii(text: str) -> None:
    accepted = read_return_to(text)

    if accepted is not None:
        assert accepted == text
        assert re.fullmatch(r"/[!-~]*", accepted)
        assert not leaves(accepted)
        assert not leaves(unquote(accepted.partition("?")[0]))  # as somebody on the way may read it


@given(PATHS, QUERIES)
def test_path_and_query_as_a_browser_sends_them_are_taken_as_they_are(path: str, query: str) -> None:
    for asked in (path, f"{path}/", f"{path}?{query}", f"/?{query}"):
        assert read_return_to(asked) == asked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "reports",
        "https://evil.test/",
        "https:evil.test",
        "javascript:alert(1)",
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        " /reports",
        "/\t/evil.test",
        "/reports\r\nSet-Cookie: a=b",
        "/%0d%0aSet-Cookie:%20a=b",
        "/reports%00",
        "/%2Fevil.test",
        "/%5cevil.test",
        "/..//evil.test",
        "/a/%2E%2E/%2Fevil.test",
        "/./reports",
        "/reports\\2026",
        "/é",
        "/" + "a" * MAX_LENGTH,
    ],
)
def test_anything_but_a_path_of_this_host_leads_nowhere(text: str) -> None:
    assert read_return_to(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "/",
        "/reports/2026?month=11&view=all#top",
        "/reports?next=https://evil.test/&of=//evil.test",
        "/caf%C3%A9?q=%0A%00",
        "/proxy/https://example.com/",
        "/a..b/.well-known/x",
        "/" + "a" * (MAX_LENGTH - 1),
    ],
)
def test_path_of_this_host_leads_there(text: str) -> None:
    assert read_return_to(text) == text


HERE = "https://door.test"


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/profile?a=b", "/profile?a=b"),
        (f"{HERE}/profile", "/profile"),
        (HERE, None),
        (f"{HERE}.evil.test/", None),
        (f"{HERE}@evil.test/", None),
        (f"{HERE}{HERE}/profile", None),
        (f"{HERE}//evil.test", None),
        ("https://evil.test/", None),
        ("http://door.test/profile", None),
        ("//evil.test", None),
        ("/saml/conn_1/login", None),
        (f"{HERE}/oidc/conn_1/login", None),
        ("an opaque value", None),
        ("", None),
    ],
)
def test_identity_provider_leads_to_a_page_of_this_host_and_not_back_to_itself(wanted: str, target: str | None) -> None:
    assert read_target(wanted, base_url=HERE) == target


@given(HOSTILE)
def test_identity_provider_leads_nowhere_that_a_person_could_not_be_led_to(hostile: str) -> None:
    for wanted in (hostile, f"{HERE}{hostile}"):
        assert (target := read_target(wanted, base_url=HERE)) is None or read_return_to(target) == target
