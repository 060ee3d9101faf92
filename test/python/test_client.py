"""Calls from pages to the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, ValidationError
from served import Asked, Served, serve

from fluxlit import ApiClient
from fluxlit._context import replaced_request
from fluxlit.logging import reset_request_id, set_request_id

PAGE = {
    "x-request-id": "page-1",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "x-fluxlit-session-handle": "flxs_handle",
}


class User(BaseModel):
    name: str


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The gateway's internal listener: it echoes, sets a cookie, and knows a few paths."""

    def answer(asked: Asked) -> Any:
        if asked.path.startswith("/api/users"):
            return 200, [{"name": "Ada"}]
        if asked.path == "/api/gone":
            return 404, {"detail": "gone"}
        return 200, {"method": asked.method, "path": asked.path, "body": asked.body}, {"Set-Cookie": "who=first; Path=/"}

    with serve(answer) as served:
        monkeypatch.setenv("FLUXLIT_INTERNAL_API_BASE", f"{served.url}/api")
        yield served


def test_paths_are_below_the_api_with_or_without_a_slash(api: Served) -> None:
    with ApiClient() as client:
        assert client.get("/things?x=1").json()["path"] == "/api/things?x=1"
        assert client.get("things", params={"q": "ä"}).json()["path"] == "/api/things?q=%C3%A4"
        assert client.get("/a%2Fb").json()["path"] == "/api/a%2Fb"
        assert client.get("/seen/https://other.example/").json()["path"] == "/api/seen/https://other.example/"
        assert client.get("a:b").json()["path"] == "/api/a:b"


def test_there_is_a_method_for_each_verb(api: Served) -> None:
    with ApiClient() as client:
        for verb in ("get", "post", "put", "patch", "delete"):
            assert getattr(client, verb)("/x").json()["method"] == verb.upper()
        assert client.request("PATCH", "/x", json={"a": 1}).json()["body"] in ('{"a":1}', '{"a": 1}')


@pytest.mark.parametrize("path", ["https://evil.example/x", "//evil.example/x", "http:\\\\evil.example", "\\\\evil"])
def test_a_whole_address_is_refused(api: Served, path: str) -> None:
    with ApiClient() as client, pytest.raises(ValueError, match="not a path below the API"):
        client.get(path)
    assert api.asked == []


def test_models_go_both_ways(api: Served) -> None:
    with ApiClient() as client:
        assert client.get_model("/users", list[User]) == [User(name="Ada")]
        assert client.post_model("/users", list[User], body=User(name="Eve"))[0].name == "Ada"
        assert '"Eve"' in api.asked[-1].body
        with pytest.raises(ValidationError):
            client.get_model("/users", User)
        with pytest.raises(httpx.HTTPStatusError):
            client.get_model("/gone", User)
        with pytest.raises(TypeError, match="body or json"):
            client.post_model("/users", list[User], body={}, json={})


def test_request_id_trace_and_identity_of_the_page_go_along(api: Served) -> None:
    with replaced_request(headers=PAGE), ApiClient() as client:
        client.get("/x")
    headers = api.asked[0].headers
    assert headers["x-request-id"] == "page-1"
    assert headers["traceparent"] == PAGE["traceparent"]
    assert headers["authorization"] == "Bearer flxs_handle"


def test_outside_a_page_nothing_is_made_up(api: Served) -> None:
    with ApiClient() as client:
        client.get("/x")
    assert not {"authorization", "traceparent", "x-request-id"} & set(api.asked[0].headers)


def test_inside_a_request_of_the_api_its_id_goes_along(api: Served) -> None:
    token = set_request_id("request-7")
    try:
        with ApiClient() as client:
            client.get("/x")
    finally:
        reset_request_id(token)
    assert api.asked[0].headers["x-request-id"] == "request-7"


def test_the_identity_is_that_of_each_call_and_not_of_the_client(api: Served) -> None:
    with ApiClient() as client:
        for handle in ("flxs_one", "flxs_two"):
            with replaced_request(headers={"X-Fluxlit-Session-Handle": handle}):
                client.get("/x")
    assert [asked.headers["authorization"] for asked in api.asked] == ["Bearer flxs_one", "Bearer flxs_two"]


def test_the_callers_own_credentials_win(api: Served) -> None:
    with replaced_request(headers=PAGE):
        ApiClient.for_fluxlit(bearer_token="own").get("/x")
        ApiClient().with_bearer("other").get("/x")
        ApiClient.for_fluxlit(auth_header_factory=lambda: {"authorization": "Basic eA=="}).get("/x")
        ApiClient(default_headers={"AUTHORIZATION": "Bearer default"}).get("/x")
        ApiClient().get("/x", headers={"Authorization": "Bearer call", "X-Request-ID": "mine"})
    sent = [asked.headers["authorization"] for asked in api.asked]
    assert sent == ["Bearer own", "Bearer other", "Basic eA==", "Bearer default", "Bearer call"]
    assert api.asked[-1].headers["x-request-id"] == "mine"


def test_one_token_or_a_function_for_it() -> None:
    with pytest.raises(TypeError, match="not both"):
        ApiClient.for_fluxlit(bearer_token="x", auth_header_factory=dict)


def test_another_server_is_told_nothing_of_the_page(api: Served) -> None:
    with serve(lambda asked: (200, {})) as other, replaced_request(headers=PAGE):
        with ApiClient(other.url) as plainly, ApiClient(other.url, propagate_request_id=True) as tracing:
            plainly.get("/x")
            tracing.get("/x")
    plain, traced = (asked.headers for asked in other.asked)
    assert not {"authorization", "x-request-id", "traceparent"} & set(plain)
    assert traced["x-request-id"] == "page-1"
    assert "authorization" not in traced


def test_a_handle_does_not_follow_a_redirect_to_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda asked: (200, {})) as other:
        moved = {"Location": f"{other.url}/stolen"}
        with serve(lambda asked: (302, {}, moved)) as gateway, replaced_request(headers=PAGE):
            monkeypatch.setenv("FLUXLIT_INTERNAL_API_BASE", gateway.url)
            assert ApiClient().get("/x").status_code == 302
            ApiClient().get("/x", follow_redirects=True)
    assert "authorization" not in other.asked[0].headers


def test_cookies_stay_with_the_client_that_got_them(api: Served) -> None:
    first, second = ApiClient(), ApiClient()
    first.get("/x")
    first.get("/x")
    second.get("/x")
    assert [asked.headers.get("cookie") for asked in api.asked] == [None, "who=first", None]


def test_a_closed_client_leaves_the_others_their_connections(api: Served) -> None:
    with ApiClient() as client:
        client.get("/x")
    assert ApiClient().get("/x").status_code == 200


def test_a_page_learns_that_the_session_behind_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("fluxlit.streamlit.notice.show_session_ended", lambda: shown.append("ended"))
    problem = {"Content-Type": "application/problem+json"}
    answers = [
        (401, {"code": "unauthenticated"}, problem),
        (401, {"code": "unauthenticated"}),
        (401, {"code": "of the app"}, problem),
        (403, {"code": "unauthenticated"}, problem),
    ]
    with serve(lambda asked: answers.pop(0)) as gateway:
        monkeypatch.setenv("FLUXLIT_INTERNAL_API_BASE", gateway.url)
        with replaced_request(headers=PAGE):
            assert [ApiClient().get("/x").status_code for _ in range(4)] == [401, 401, 401, 403]
    assert shown == ["ended"]
