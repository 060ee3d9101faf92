"""A router for a part of the API in a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import APIRouter


def router(*, prefix: str = "", tags: Sequence[str] | None = None) -> APIRouter:
    """An `APIRouter`, for `app.api.include_router(...)`."""
    from fastapi import APIRouter

    given: dict[str, Any] = {"tags": list(tags)} if tags is not None else {}
    return APIRouter(prefix=prefix, **given)
