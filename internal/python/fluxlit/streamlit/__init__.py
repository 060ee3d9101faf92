"""The side of an app object that runs inside Streamlit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fluxlit._lazily import lazily

if TYPE_CHECKING:
    from fluxlit.page import PageFn

__all__ = ["PageFn"]

__getattr__ = lazily(globals(), {"fluxlit.page": ("PageFn",)})
