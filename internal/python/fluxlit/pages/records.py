"""One registered page."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fluxlit.pages.meta import PageMeta


@dataclass(frozen=True)
class PageRecord:
    """A page as it was registered."""

    path: str
    title: str
    fn: Callable[..., Any]
    tags: tuple[str, ...] = ()
    description: str = ""
    icon: str | None = None
    page_meta: PageMeta | None = None


def where(function: Callable[..., Any]) -> str:
    """`home at app.py:12`, for messages."""
    name = getattr(function, "__name__", type(function).__name__)
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return f"`{name}`"
    relative = os.path.relpath(code.co_filename)
    return f"`{name}` at {code.co_filename if relative.startswith('..') else relative}:{code.co_firstlineno}"
