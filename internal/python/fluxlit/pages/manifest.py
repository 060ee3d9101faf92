"""The pages of an app as data, for documentation and link checkers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fluxlit.pages.markers import Depends
from fluxlit.pages.plan import hints_of, plan_page
from fluxlit.pages.records import PageRecord

if TYPE_CHECKING:
    from fluxlit.app import FluxLit


def build_page_manifest(app: FluxLit, *, version: int = 1) -> dict[str, Any]:
    """Version 1: `manifest_version`, `manifest_stability`, `title` and one entry per page."""
    return {
        "manifest_version": version,
        "manifest_stability": "stable",
        "title": app.settings.title,
        "pages": [_page(record) for record in app.page_records],
    }


def _page(record: PageRecord) -> dict[str, Any]:
    hints = hints_of(record.fn)
    parameters = inspect.signature(record.fn).parameters.values()
    children = record.page_meta.children if record.page_meta is not None else []
    return {
        "path": record.path,
        "title": record.title,
        "tags": list(record.tags),
        "description": record.description,
        "icon": record.icon,
        "parameters": [
            {"name": each.name, "annotation": str(hints.get(each.name, each.annotation))} for each in parameters
        ],
        "dependencies": [
            _name(parameter.source.dependency)
            for parameter in plan_page(record.fn)
            if isinstance(parameter.source, Depends) and parameter.source.dependency is not None
        ],
        **({"children": list(children)} if children else {}),
    }


def _name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__qualname__", repr(function))
    return ".".join(part for part in (getattr(function, "__module__", ""), name) if part)
