"""The public keys of an issuer, fetched once and again only when there is a reason to."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from fluxlit._optional import load

_FRESH_SECONDS = 300.0
# Anybody can send tokens with key ids nobody has: they must not make us ask the issuer for each.
_PAUSE_SECONDS = 30.0
_RETRY_SECONDS = 5.0
_TIMEOUT_SECONDS = 5


class KeysUnavailable(Exception):
    """The issuer does not answer, and no key of it is known."""


class KeySet:
    """A JWKS address with what was found there.

    Keys that are older than five minutes are fetched again; when that fails they still count. An unknown key id makes
    it look again, at most twice a minute; after a failure it is tried again after five seconds.
    """

    def __init__(self, url: str) -> None:
        self._client: Any = load("jwt").PyJWKClient(url, cache_keys=False, cache_jwk_set=False, timeout=_TIMEOUT_SECONDS)
        self._lock = threading.Lock()
        self._keys: list[Any] = []
        self._fetched = float("-inf")
        self._asked = float("-inf")
        self._pause = 0.0

    def key_for(self, token: str, algorithms: Sequence[str]) -> Any:
        """The key a token names.

        Raises:
            jwt.PyJWTError: when the token is none, or names a key the issuer does not have.
            KeysUnavailable: when the issuer cannot be asked.
        """
        jwt = load("jwt")
        head = jwt.get_unverified_header(token)
        if head.get("alg") not in algorithms:
            raise jwt.InvalidAlgorithmError("the algorithm is not one of those expected")
        if time.monotonic() - self._fetched > _FRESH_SECONDS:
            # Only who has no key at all waits for somebody else's fetch.
            self._fetch(patience=0 if self._keys else _TIMEOUT_SECONDS)
        found = self._find(head)
        if found is None:
            self._fetch(patience=1)
            found = self._find(head)
        if found is None and not self._keys:
            raise KeysUnavailable
        if found is None:
            raise jwt.InvalidTokenError("the issuer has no such key")
        return found.key

    def _find(self, head: dict[str, Any]) -> Any:
        kid = head.get("kid")
        matching = [key for key in self._keys if kid is None or key.key_id == kid]
        # Without an id in the token there must be no choice.
        return matching[0] if len(matching) == 1 else None

    def _fetch(self, *, patience: float) -> None:
        """Asks the issuer, unless that was done a moment ago; while somebody else asks, waits for it so many seconds."""
        if not (self._lock.acquire(timeout=patience) if patience else self._lock.acquire(blocking=False)):
            return
        try:
            if time.monotonic() - self._asked < self._pause:
                return
            self._asked, self._pause = time.monotonic(), _RETRY_SECONDS
            self._keys = self._client.get_signing_keys()
            self._fetched, self._pause = time.monotonic(), _PAUSE_SECONDS
        except Exception:  # noqa: BLE001 - PyJWT passes on what urllib, ssl and json raise
            return
        finally:
            self._lock.release()
