"""Values that are found again by an id in the page's address, and models of session and query."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from fluxlit import (
    InMemorySessionStore,
    SessionModel,
    ensure_url_session,
    hydrate_url_session,
    hydrate_url_session_typed,
    new_session_id,
    persist_url_session,
    query_params,
    reset_trace_hook,
    set_trace_hook,
    trace_span,
)


class Filters(BaseModel):
    year: int = 2026


def page(**query: Any) -> Any:
    return SimpleNamespace(query_params=dict(query), session_state={})


def test_what_was_stored_is_there_after_a_reload() -> None:
    store, first = InMemorySessionStore(), page()
    session_id = ensure_url_session(first, store, initial={"year": 2024})
    assert first.query_params == {"fluxlit_sid": session_id}
    assert first.session_state == {"year": 2024}
    first.session_state["year"] = 2025
    assert persist_url_session(first, store) == session_id
    reloaded = page(fluxlit_sid=session_id)
    assert ensure_url_session(reloaded, store) == session_id
    assert reloaded.session_state == {"year": 2025}
    assert hydrate_url_session_typed(reloaded, store, Filters) == (session_id, Filters(year=2025))


def test_credentials_are_never_stored() -> None:
    store, st = InMemorySessionStore(), page()
    session_id = ensure_url_session(st, store)
    st.session_state.update({"fluxlit_access_token": "secret", "_internal": 1, "shown": 2})
    persist_url_session(st, store)
    assert store.get(session_id) == {"shown": 2}


def test_an_id_nobody_gave_out_is_replaced() -> None:
    st = page(fluxlit_sid="made-up")
    assert hydrate_url_session(st, InMemorySessionStore()) is None
    assert ensure_url_session(st, InMemorySessionStore()) != "made-up"
    assert len({new_session_id() for _ in range(50)}) == 50


def test_values_that_are_there_win_unless_told_otherwise() -> None:
    store = InMemorySessionStore()
    store.set("s", {"year": 1})
    for merge, expected in ((True, 2), (False, 1)):
        st = page(sid="s")
        st.session_state["year"] = 2
        hydrate_url_session(st, store, param="sid", merge=merge)
        assert st.session_state["year"] == expected


def test_what_does_not_fit_the_model_is_none_or_an_error() -> None:
    store = InMemorySessionStore()
    store.set("s", {"year": "x"})
    assert hydrate_url_session_typed(page(fluxlit_sid="s"), store, Filters) == ("s", None)
    with pytest.raises(ValidationError):
        hydrate_url_session_typed(page(fluxlit_sid="s"), store, Filters, strict=True)


def test_sessions_end_and_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("fluxlit.url_session.time.monotonic", lambda: clock[0])
    store = InMemorySessionStore(max_entries=2, default_ttl_seconds=10)
    for name in ("a", "b", "c"):
        store.set(name, {"name": name})
    assert [store.get(name) for name in ("a", "b")] == [None, {"name": "b"}]
    store.set("c", {"name": "d"}, ttl_seconds=30)
    clock[0] = 20
    assert [store.get(name) for name in ("b", "c")] == [None, {"name": "d"}]
    store.delete("c")
    assert store.get("c") is None


def test_it_can_be_switched_off_for_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUXLIT_TESTS", "1")
    store, st = InMemorySessionStore(), page()
    ensure_url_session(st, store)
    assert st.query_params == {}
    assert persist_url_session(st, store) is None
    monkeypatch.setenv("FLUXLIT_FORCE_URL_SESSION_IN_TESTS", "yes")
    ensure_url_session(st, store)
    assert "fluxlit_sid" in st.query_params


def test_a_model_is_kept_in_the_session() -> None:
    st = page()
    kept = SessionModel(st)
    assert kept.read_into(Filters).year == 2026
    kept.write_from(Filters(year=2020))
    assert st.session_state == {"year": 2020}
    assert kept.read_into(Filters).year == 2020

    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")

    with pytest.raises(ValueError, match="does not declare: more"):
        SessionModel(st, extra="forbid").write_from(Open(more=1))  # type: ignore[call-arg]


def test_queries_are_one_text_per_name() -> None:
    assert query_params(page(a="1", b=["2", "3"], c=[], d=4)) == {"a": "1", "b": "2", "d": "4"}
    assert query_params(SimpleNamespace()) == {}


def test_a_hook_sees_what_is_measured() -> None:
    from contextlib import contextmanager

    seen: list[Any] = []

    @contextmanager
    def hook(name: str, attributes: Any) -> Any:
        seen.append((name, dict(attributes)))
        yield

    with trace_span("nothing", {}):
        pass
    token = set_trace_hook(hook)
    with trace_span("load", {"rows": 3}):
        pass
    reset_trace_hook(token)
    with trace_span("nothing", {}):
        pass
    assert seen == [("load", {"rows": 3})]
