"""What stands in a page's signature to ask for something by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Depends:
    """`rows = Depends(load_rows)`: the page is given what the function returns.

    The function may ask for everything a page may ask for, also for dependencies of its own; it may be async. It runs
    once per run of the page, however often it is asked for, unless `use_cache` is false. `fastapi.Depends` means the
    same.
    """

    def __init__(self, dependency: Callable[..., Any] | None = None, *, use_cache: bool = True) -> None:
        self.dependency = dependency
        self.use_cache = use_cache


class Header:
    """`agent: Annotated[str | None, Header("User-Agent")]`: a header the page's WebSocket came with."""

    def __init__(self, name: str) -> None:
        self.name = name


class Cookie:
    """`theme: Annotated[str | None, Cookie("theme")]`: a cookie the page's WebSocket came with."""

    def __init__(self, name: str) -> None:
        self.name = name


def is_depends(value: object) -> bool:
    """Whether a value is our `Depends` or FastAPI's."""
    if isinstance(value, Depends):
        return True
    return type(value).__name__ == "Depends" and type(value).__module__.startswith("fastapi")
