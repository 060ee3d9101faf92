"""Packages whose names are imported when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fluxlit._optional import load_home


def lazily(package: dict[str, Any], homes: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """A `__getattr__` for a package.

    Args:
        package: Its `globals()`, where what was found is kept.
        homes: Names by the module they are in.
    """
    prefix = package["__name__"].removeprefix("fluxlit").removeprefix(".")
    home_of = {name: module for module, names in homes.items() for name in names}

    def find(name: str) -> Any:
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
        value = getattr(load_home(home, f"{prefix}.{name}" if prefix else name), name)
        package[name] = value
        return value

    return find
