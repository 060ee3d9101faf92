"""Clients of pages that call the API as the page's user."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from served import Asked, serve

from fluxlit import bearer_headers_from_session, exchange_auth_code_from_query, prepare_streamlit_api_client
from fluxlit._context import replaced_request
from fluxlit.client import ApiClient


def page(**query: Any) -> Any:
    return SimpleNamespace(query_params=dict(query), session_state={})


def exchange(asked: Asked) -> Any:
    if asked.path == "/api/auth/exchange":
        return (200, {"access_token": "first-party"}) if "good-code" in asked.body else (401, {})
    return 200, {}


def test_a_code_is_traded_once_and_leaves_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(exchange) as gateway:
        monkeypatch.setenv("FLUXLIT_INTERNAL_API_BASE", f"{gateway.url}/api")
        st = page(auth_code="good-code", other="1")
        with replaced_request(cookies={"fluxlit_app_code": "bound"}):
            prepare_streamlit_api_client(st).get("/me")
            prepare_streamlit_api_client(st).get("/me")
    assert st.query_params == {"other": "1"}
    assert '"binding"' in gateway.asked[0].body and "bound" in gateway.asked[0].body
    assert [asked.path for asked in gateway.asked] == ["/api/auth/exchange", "/api/me", "/api/me"]
    assert gateway.asked[2].headers["authorization"] == "Bearer first-party"
    assert bearer_headers_from_session(st) == {"Authorization": "Bearer first-party"}


def test_a_code_that_is_refused_is_an_error_once_and_not_again_on_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(exchange) as gateway:
        monkeypatch.setenv("FLUXLIT_INTERNAL_API_BASE", f"{gateway.url}/api")
        st = page(auth_code=["bad-code"])
        with pytest.raises(httpx.HTTPStatusError):
            prepare_streamlit_api_client(st)
        assert prepare_streamlit_api_client(st).get("/me").status_code == 200
    assert "authorization" not in gateway.asked[-1].headers
    assert bearer_headers_from_session(st) == {}


def test_with_the_gateways_sign_in_there_is_nothing_to_trade(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(exchange) as gateway:
        monkeypatch.setenv("FLUXLIT_INTERNAL_API_BASE", f"{gateway.url}/api")
        with replaced_request(headers={"X-Fluxlit-Session-Handle": "flxs_1"}):
            prepare_streamlit_api_client(page(), default_headers={"X-Own": "1"}).get("/me")
    assert gateway.asked[0].headers["authorization"] == "Bearer flxs_1"
    assert gateway.asked[0].headers["x-own"] == "1"


def test_names_of_query_and_session_may_be_others(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda asked: (200, {"access_token": "t"})) as gateway, ApiClient(gateway.url) as client:
        st = page(code="good-code")
        found = exchange_auth_code_from_query(st, client, exchange_path="/x", query_key="code", session_key="mine")
    assert (found, st.session_state, gateway.asked[0].path) == ("t", {"mine": "t"}, "/x")


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, {"access_token": 3}, []])
def test_an_answer_without_a_token_is_an_error(answer: Any) -> None:
    with serve(lambda asked: (200, answer)) as gateway, ApiClient(gateway.url) as client:
        with pytest.raises(ValueError, match="without an access_token"):
            exchange_auth_code_from_query(page(auth_code="good-code"), client)


@pytest.mark.parametrize("query", [{}, {"auth_code": ""}, {"auth_code": []}])
def test_without_a_code_nothing_is_asked(query: dict[str, Any]) -> None:
    with serve(exchange) as gateway, ApiClient(gateway.url) as client:
        assert exchange_auth_code_from_query(page(**query), client) is None
    assert gateway.asked == []
