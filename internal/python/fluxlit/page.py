"""The shape of the plainest page."""

from __future__ import annotations

from typing import Any, Protocol

from fluxlit.client import ApiClient


class PageFn(Protocol):
    """A page that asks for Streamlit and for a client of the API."""

    def __call__(self, st: Any, client: ApiClient, /) -> Any:
        """Draws the page."""
