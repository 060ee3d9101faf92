"""What is wrong with the pages of an app, all at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fluxlit.pages.manifest import build_page_manifest
from fluxlit.pages.plan import plan_page

if TYPE_CHECKING:
    from fluxlit.app import FluxLit


def validate_fluxlit_pages(app: FluxLit, *, strict_signatures: bool | None = None) -> list[str]:
    """Sentences, none when all is well. Paths that are taken are refused when they are registered."""
    strict = app.settings.strict_page_signatures if strict_signatures is None else strict_signatures
    problems = []
    for record in app.page_records:
        try:
            plan_page(record.fn, strict=strict)
        except TypeError as error:
            problems.append(f"{record.path}: {error}")
    try:
        json.dumps(build_page_manifest(app))
    except (TypeError, ValueError) as error:
        problems.append(f"manifest: {error}")
    return problems
