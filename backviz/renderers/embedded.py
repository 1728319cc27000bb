"""A whole page inside a notebook, laid over a picture of it.

Invariant: where a viewer takes frames or scripts out (a notebook that is not trusted, a code
hosting site, an e-mail), the picture is left.
"""

from __future__ import annotations

from base64 import b64encode
from html import escape

RATIO = "1280/790"  # of a page with its controls
WIDEST = 960  # pixels


def framed(page: bytes, png: bytes, title: str, alt: str) -> str:
    """HTML in which the page covers the picture; it asks for nothing outside itself.

    >>> framed(b"<p>", b"png", "a & b", "alt").endswith('title="a &amp; b"></iframe></div>')
    True
    """
    fill = "position:absolute;left:0;top:0;width:100%;height:100%;max-width:100%"
    return (
        f'<div style="position:relative;width:100%;max-width:{WIDEST}px;aspect-ratio:{RATIO}">'
        f'<img src="data:image/png;base64,{b64encode(png).decode()}" alt="{escape(alt)}" '
        f'style="{fill};object-fit:contain">'
        f'<iframe srcdoc="{escape(page.decode())}" style="{fill};border:0" '
        f'title="{escape(title)}"></iframe></div>'
    )
