"""Where logins that are under way are remembered."""

from __future__ import annotations

import threading
from typing import Protocol

_MOST = 10_000


class OIDCBFFTokenStore(Protocol):
    """A store of your own may be shared between machines. `now` is seconds since 1970; what is taken is gone."""

    def save_pkce_verifier(self, state: str, code_verifier: str, *, now: float) -> None:
        """Remembers the verifier of a login."""

    def pop_pkce_verifier(self, state: str, *, now: float) -> str | None:
        """Takes it."""

    def save_exchange_token(self, auth_code: str, access_token: str, *, now: float) -> None:
        """Remembers the token a code stands for."""

    def pop_exchange_token(self, auth_code: str, *, now: float) -> str | None:
        """Takes it."""


class InMemoryOIDCBFFTokenStore:
    """For one process. Anybody can begin a login, so it holds so many and forgets the oldest."""

    def __init__(self, *, state_ttl_seconds: float = 600, otc_ttl_seconds: float = 120) -> None:
        self._lock = threading.Lock()
        self._verifiers = _Expiring(state_ttl_seconds)
        self._tokens = _Expiring(otc_ttl_seconds)

    def save_pkce_verifier(self, state: str, code_verifier: str, *, now: float) -> None:
        """Remembers the verifier of a login."""
        with self._lock:
            self._verifiers.save(state, code_verifier, now)

    def pop_pkce_verifier(self, state: str, *, now: float) -> str | None:
        """Takes it."""
        with self._lock:
            return self._verifiers.pop(state, now)

    def save_exchange_token(self, auth_code: str, access_token: str, *, now: float) -> None:
        """Remembers the token a code stands for."""
        with self._lock:
            self._tokens.save(auth_code, access_token, now)

    def pop_exchange_token(self, auth_code: str, *, now: float) -> str | None:
        """Takes it."""
        with self._lock:
            return self._tokens.pop(auth_code, now)


class _Expiring:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._entries: dict[str, tuple[str, float]] = {}

    def save(self, key: str, value: str, now: float) -> None:
        # All live equally long, so the first ones are those that end first.
        while self._entries:
            oldest = next(iter(self._entries))
            if self._entries[oldest][1] > now and len(self._entries) < _MOST:
                break
            del self._entries[oldest]
        self._entries[key] = (value, now + self._seconds)

    def pop(self, key: str, now: float) -> str | None:
        value, until = self._entries.pop(key, ("", 0.0))
        return value if until > now else None
