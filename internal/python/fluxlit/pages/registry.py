"""The pages of one app, no two with the same address."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from fluxlit.pages.meta import PageMeta
from fluxlit.pages.plan import plan_page
from fluxlit.pages.records import PageRecord, where
from fluxlit.pages.slug import page_slug

# What Streamlit takes for one segment of an address; it knows no deeper ones.
_PATH = re.compile(r"/?[^/?#\s]+/?|/")


class PageRegistry:
    """Checks what is registered at once, so that a mistake is an error at its own line."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._records: list[PageRecord] = []

    @property
    def records(self) -> list[PageRecord]:
        """In the order of registration, or of `sort`."""
        return list(self._records)

    def add(
        self,
        function: Callable[..., Any],
        *,
        path: str,
        title: str | None,
        icon: str | None,
        tags: tuple[str, ...],
        page_meta: PageMeta | None,
    ) -> None:
        """Registers a page.

        Raises:
            ValueError: for a path that is taken, or is none.
            TypeError: for a parameter a page cannot be given.
        """
        self._check_path(path, function)
        plan_page(function, strict=self._strict)
        name = str(getattr(function, "__name__", "page"))
        self._records.append(
            PageRecord(
                path=path,
                title=title or name.strip("_").replace("_", " ").title(),
                fn=function,
                tags=tags,
                description=(page_meta.description if page_meta else None) or inspect.getdoc(function) or "",
                icon=icon,
                page_meta=page_meta,
            )
        )

    def sort(self) -> None:
        """By path, then title."""
        self._records.sort(key=lambda record: (record.path, record.title))

    def _check_path(self, path: str, function: Callable[..., Any]) -> None:
        if not _PATH.fullmatch(path):
            raise ValueError(
                f"page {where(function)}: {path!r} is no path of a page; it is `/` or one segment such as `/reports`"
            )
        for record in self._records:
            if page_slug(record.path) == page_slug(path):
                raise ValueError(
                    f"page {where(function)}: the path {path!r} is taken by {where(record.fn)}"
                    + ("" if record.path == path else f", which has {record.path!r}")
                )
