"""From the path of a page to the word Streamlit uses for it."""

from __future__ import annotations


def page_slug(path: str) -> str:
    """The page's segment in the address: `reports` for `/reports`, `home` for `/`."""
    return path.strip("/") or "home"
