"""Values that survive a reload of the page, found again by an id in its address."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ValidationError

from fluxlit.config import FluxlitSettings

ModelT = TypeVar("ModelT", bound=BaseModel)


@runtime_checkable
class SessionStore(Protocol):
    """Where the values are; a store of your own may be shared between processes."""

    def get(self, session_id: str) -> dict[str, Any] | None:
        """What is stored; None when there is nothing, or no more."""

    def set(self, session_id: str, data: dict[str, Any], *, ttl_seconds: float | None = None) -> None:
        """Stores it, for a time."""

    def delete(self, session_id: str) -> None:
        """Forgets it."""


class InMemorySessionStore:
    """A store for one process; a restart empties it. The oldest session goes when there are too many."""

    def __init__(self, *, max_entries: int = 5000, default_ttl_seconds: float | None = 86_400.0) -> None:
        self._max_entries = max_entries
        self._default_ttl = default_ttl_seconds
        self._entries: OrderedDict[str, tuple[dict[str, Any], float | None]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, session_id: str) -> dict[str, Any] | None:
        """A copy of what is stored."""
        with self._lock:
            data, until = self._entries.get(session_id, (None, None))
            if until is not None and until <= time.monotonic():
                del self._entries[session_id]
                return None
            return None if data is None else dict(data)

    def set(self, session_id: str, data: dict[str, Any], *, ttl_seconds: float | None = None) -> None:
        """Stores a copy."""
        ttl = self._default_ttl if ttl_seconds is None else ttl_seconds
        with self._lock:
            self._entries[session_id] = (dict(data), None if ttl is None else time.monotonic() + ttl)
            self._entries.move_to_end(session_id)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)

    def delete(self, session_id: str) -> None:
        """Forgets it."""
        with self._lock:
            self._entries.pop(session_id, None)


def new_session_id() -> str:
    """An id nobody can guess: who knows it has the session."""
    return secrets.token_urlsafe(24)


def hydrate_url_session(st: Any, store: SessionStore, *, param: str | None = None, merge: bool = True) -> str | None:
    """Puts what is stored for the id in the address into `st.session_state`; with `merge` only what is not there yet.

    Returns:
        The id, or None when the address has none or nothing is stored for it.
    """
    if _is_off():
        return None
    session_id = _id_in_address(st, param)
    data = store.get(session_id) if session_id else None
    if data is None:
        return None
    for name, value in data.items():
        if not merge or name not in st.session_state:
            st.session_state[name] = value
    return session_id


def ensure_url_session(
    st: Any,
    store: SessionStore,
    *,
    param: str | None = None,
    initial: Mapping[str, Any] | None = None,
    ttl_seconds: float | None = None,
) -> str:
    """The session of this address, made and put into the address when there is none."""
    found = hydrate_url_session(st, store, param=param)
    if found is not None:
        return found
    session_id = new_session_id()
    if not _is_off():
        store.set(session_id, dict(initial or {}), ttl_seconds=ttl_seconds)
        st.query_params[_param(param)] = session_id
    for name, value in (initial or {}).items():
        if name not in st.session_state:
            st.session_state[name] = value
    return session_id


def persist_url_session(
    st: Any, store: SessionStore, *, param: str | None = None, ttl_seconds: float | None = None
) -> str | None:
    """Stores what is in `st.session_state` now, but no credentials: whoever has the address would have them too.

    Returns:
        The id, or None when the address has none.
    """
    if _is_off():
        return None
    session_id = _id_in_address(st, param)
    if not session_id:
        return None
    names = [str(name) for name in st.session_state if not str(name).startswith("_") and name not in _CREDENTIALS]
    store.set(session_id, {name: st.session_state[name] for name in names}, ttl_seconds=ttl_seconds)
    return session_id


def hydrate_url_session_typed(
    st: Any,
    store: SessionStore,
    model: type[ModelT],
    *,
    param: str | None = None,
    merge: bool = True,
    strict: bool = False,
) -> tuple[str | None, ModelT | None]:
    """`hydrate_url_session`, with what is stored as a model; None when it does not fit, with `strict` an error."""
    session_id = hydrate_url_session(st, store, param=param, merge=merge)
    data = store.get(session_id) if session_id else None
    if data is None:
        return session_id, None
    try:
        return session_id, model.model_validate(data)
    except ValidationError:
        if strict:
            raise
        return session_id, None


_CREDENTIALS = ("fluxlit_access_token", "access_token")


def _param(param: str | None) -> str:
    return param or FluxlitSettings().url_session_query_param or "fluxlit_sid"


def _id_in_address(st: Any, param: str | None) -> str | None:
    found = st.query_params.get(_param(param))
    value = found[0] if isinstance(found, list) and found else found
    return value if isinstance(value, str) and value else None


def _is_off() -> bool:
    def is_set(name: str) -> bool:
        return os.environ.get(name, "").lower() in ("1", "true", "yes", "on")

    if is_set("FLUXLIT_DISABLE_URL_SESSION"):
        return True
    return is_set("FLUXLIT_TESTS") and not is_set("FLUXLIT_FORCE_URL_SESSION_IN_TESTS")
