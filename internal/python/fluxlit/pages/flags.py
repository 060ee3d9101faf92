"""Switches of the predecessor a page could ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FluxlitFeatureFlags:
    """What had to be switched on once is always there: pages may yield, dependencies may be async."""

    experimental_yield_pages: bool = True

    @classmethod
    def from_environ(cls) -> FluxlitFeatureFlags:
        """The flags of this process."""
        return cls()
