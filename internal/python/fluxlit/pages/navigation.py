"""The order of pages in the menu."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fluxlit.pages.records import PageRecord
from fluxlit.pages.slug import page_slug


@dataclass(frozen=True)
class NavigationModel:
    """Paths in the order they are wanted; pages it does not name follow as they were registered."""

    order: tuple[str, ...] = ()


def in_order(records: Sequence[PageRecord], model: NavigationModel | None) -> list[PageRecord]:
    """The pages as the menu shows them: by the model, else by the `order` pages give themselves."""
    wanted = [page_slug(path.strip()) for path in model.order] if model is not None else []

    def rank(record: PageRecord) -> tuple[int, int]:
        slug = page_slug(record.path)
        by_model = wanted.index(slug) if slug in wanted else len(wanted)
        own = record.page_meta.order if record.page_meta is not None else None
        return by_model, 0 if own is None else own

    return sorted(records, key=rank)
