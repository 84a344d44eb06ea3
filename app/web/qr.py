"""QR codes, drawn into the page: black on white in either theme, because that is what cameras read."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_code(text: str) -> Markup:
    """`text` as an SVG element without styles or sizes of its own."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr-code", lineclass=None
    )
    return Markup(drawn)  # noqa: S704 (made of modules of the code alone, nothing of the text is in it)
