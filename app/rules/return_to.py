"""Where a browser goes after signing in: a path of this very host, or nowhere in particular."""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote

MAX_LENGTH = 2_000
_PROTOCOLS = ("/saml/", "/oidc/")
#: What a browser puts into a path and query. A backslash it takes for a slash; tabs and line breaks it drops.
_ALLOWED = frozenset(map(chr, range(0x21, 0x7F))) - {"\\"}


def read_return_to(text: str) -> str | None:
    """`text` when it is a path of this host with an optional query, as a browser sends it; None for anything else.

    Also refused is what leads elsewhere only once somebody on the way has decoded it or taken dot segments out, which a
    browser has done before it asks.
    """
    if len(text) > MAX_LENGTH or not text.startswith("/") or not _ALLOWED.issuperset(text):
        return None
    path = unquote(text.partition("?")[0].partition("#")[0])
    if path.startswith(("//", "/\\")) or not {".", ".."}.isdisjoint(path.split("/")):
        return None
    return None if any(unicodedata.category(character) == "Cc" for character in path) else text


def read_target(text: str, *, base_url: str) -> str | None:
    """Where an identity provider wants a person to be led: a path as above, or the same below `base_url`; None for
    anything else, and for the paths of the protocols, which would lead to the provider and back for ever.
    """
    path = read_return_to(text.removeprefix(base_url))
    return None if path is None or path.startswith(_PROTOCOLS) else path
