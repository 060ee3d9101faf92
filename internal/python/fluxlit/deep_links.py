"""Query parameters, and `?page=` as a way to a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fluxlit.pages.slug import page_slug


def query_params(st: Any) -> dict[str, str]:
    """The query of the page's address: one text per name, the first of several."""
    values: dict[str, str] = {}
    for name, value in _items(st):
        first = value[0] if isinstance(value, list) and value else value
        if first is not None and first != []:
            values[name] = str(first)
    return values


def match_nav_page(
    params: Mapping[str, str], pages: Iterable[Any], *, page_key: str = "page"
) -> tuple[str, str] | None:
    """Path and title of the page that `?page=` names by its title, path or slug; None when it names none.

    `pages` are `app.pages` or `app.page_records`.
    """
    wanted = params.get(page_key, "").strip()
    if not wanted:
        return None
    for page in pages:
        path, title = (page.path, page.title) if hasattr(page, "path") else (page[0], page[1])
        if wanted in (title, path, page_slug(path)) or (wanted.strip("/") and wanted.strip("/") == path.strip("/")):
            return path, title
    return None


def _items(st: Any) -> list[tuple[str, Any]]:
    params = getattr(st, "query_params", None)
    if params is None:
        return []
    return [(str(name), params[name]) for name in list(params.keys())]
