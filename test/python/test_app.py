"""The app object and its API, without a gateway."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import HTTPException, Response, WebSocket
from fastapi.responses import StreamingResponse
from starlette.requests import Request

from fluxlit import FluxLit, FluxlitSettings, FluxLitTestClient
from fluxlit.logging import get_request_id


def test_routes_are_below_the_prefix_and_written_without_it() -> None:
    app = FluxLit(title="Shop")

    @app.api.get("/users")
    def users() -> list[dict[str, str]]:
        return [{"name": "Ada"}]

    client = FluxLitTestClient(app)
    assert client.api_get("/users").json() == [{"name": "Ada"}]
    assert client.api.get("/users").status_code == 404
    assert client.api.get("/apix/users").status_code == 404
    assert client.openapi()["info"]["title"] == "Shop"


def test_paths_beyond_ascii_reach_their_route() -> None:
    app = FluxLit()

    @app.api.get("/städte/{name}")
    def city(name: str) -> dict[str, str]:
        return {"name": name}

    assert FluxLitTestClient(app).api_get("/städte/Łódź%3F").json() == {"name": "Łódź?"}


def test_health_is_answered_and_not_documented() -> None:
    client = FluxLitTestClient(FluxLit())
    assert client.api_get("/healthz").json() == {"status": "ok"}
    assert client.api_get("/readyz").json() == {"status": "ready", "streamlit": "not_configured"}
    assert client.openapi()["paths"] == {}


def test_the_documentation_finds_the_schema_below_any_public_prefix() -> None:
    client = FluxLitTestClient(FluxLit())
    client.assert_docs_available()
    client.assert_docs_available(root_path="/tools")
    client.with_root_path("/tools/").assert_docs_available()


def test_another_prefix_is_taken_from_the_settings() -> None:
    app = FluxLit(settings=FluxlitSettings(api_mount_path="backend/"))
    assert FluxLitTestClient(app, api_prefix="/backend").api_get("/healthz").status_code == 200


def test_the_lifespan_runs_once() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(_api: Any) -> Any:
        seen.append("start")
        yield
        seen.append("stop")

    app = FluxLit(fastapi_kwargs={"lifespan": lifespan})
    with FluxLitTestClient(app).api as api:
        assert api.get("/api/healthz").status_code == 200
        assert seen == ["start"]
    assert seen == ["start", "stop"]


def test_one_request_id_is_seen_logged_and_returned(caplog: pytest.LogCaptureFixture) -> None:
    app = FluxLit(settings=FluxlitSettings(enable_request_logging=True))

    @app.api.get("/id")
    def current() -> str | None:
        return get_request_id()

    caplog.set_level(logging.INFO, "fluxlit.api")
    client = FluxLitTestClient(app)
    given = client.api_get("/id?token=secret", headers={"X-Request-ID": "abc-1"})
    assert given.json() == "abc-1"
    assert given.headers["x-request-id"] == "abc-1"
    assert caplog.messages == ["GET /api/id -> 200"]
    made = client.api_get("/id")
    assert made.json() == made.headers["x-request-id"] != "abc-1"


@pytest.mark.parametrize("bad", ["", "a b", "x" * 65, "a\tb", "ä"])
def test_an_id_that_would_not_do_in_a_log_is_replaced(bad: str) -> None:
    answer = FluxLitTestClient(FluxLit()).api_get("/healthz", headers={"X-Request-ID": bad.encode("latin-1")})
    assert answer.headers["x-request-id"] not in ("", bad)


def test_every_answer_carries_the_id() -> None:
    app = FluxLit(settings=FluxlitSettings(cors_allow_origins=["https://a.example"]))

    @app.api.get("/forbidden")
    def forbidden() -> None:
        raise HTTPException(403)

    client = FluxLitTestClient(app)
    assert "x-request-id" in client.api_get("/forbidden").headers
    assert "x-request-id" in client.api_get("/nothing").headers


def test_streams_are_not_buffered_by_our_middleware() -> None:
    app = FluxLit(settings=FluxlitSettings(enable_security_headers=True))
    messages: list[str] = []

    @app.api.get("/stream")
    def stream() -> StreamingResponse:
        def pieces() -> Any:
            for piece in ("one", "two"):
                messages.append(piece)
                yield piece

        return StreamingResponse(pieces())

    with FluxLitTestClient(app).api.stream("GET", "/api/stream") as answer:
        assert "".join(answer.iter_text()) == "onetwo"


def test_websockets_of_the_api_work() -> None:
    app = FluxLit(settings=FluxlitSettings(enable_security_headers=True))

    @app.api.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    with FluxLitTestClient(app).api.websocket_connect("/api/echo") as socket:
        socket.send_text("hi")
        assert socket.receive_text() == "hi"


def test_security_headers_are_added_and_never_replace_the_apps_own() -> None:
    app = FluxLit(settings=FluxlitSettings(enable_security_headers=True))

    @app.api.get("/own")
    def own(response: Response) -> None:
        response.headers["X-Frame-Options"] = "DENY"

    client = FluxLitTestClient(app)
    assert client.api_get("/healthz").headers["x-frame-options"] == "SAMEORIGIN"
    assert client.api_get("/healthz").headers["x-content-type-options"] == "nosniff"
    assert client.api_get("/own").headers.get_list("x-frame-options") == ["DENY"]
    assert "x-frame-options" not in FluxLitTestClient(FluxLit()).api_get("/healthz").headers


def test_hsts_needs_the_scheme_and_not_a_header_anybody_can_send() -> None:
    app = FluxLit(settings=FluxlitSettings(enable_security_headers=True))
    client = FluxLitTestClient(app)
    forged = client.api_get("/healthz", headers={"X-Forwarded-Proto": "https"})
    assert "strict-transport-security" not in forged.headers
    assert "strict-transport-security" in client.api.get("https://testserver/api/healthz").headers


def test_cors_is_off_until_origins_are_named() -> None:
    headers = {"Origin": "https://a.example"}
    allowed = FluxLit(settings=FluxlitSettings(cors_allow_origins=["https://a.example"], cors_allow_credentials=True))
    answer = FluxLitTestClient(allowed).api_get("/healthz", headers=headers)
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    other = FluxLitTestClient(allowed).api_get("/healthz", headers={"Origin": "https://b.example"})
    assert "access-control-allow-origin" not in other.headers
    plain = FluxLitTestClient(FluxLit()).api_get("/healthz", headers=headers)
    assert "access-control-allow-origin" not in plain.headers


def test_public_addresses_follow_the_configuration_else_the_request() -> None:
    scope = {
        "type": "http",
        "scheme": "https",
        "server": ("a.example", 443),
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", b"a.example")],
    }
    request = Request(scope)
    plain = FluxLit().urls
    assert plain.api_base(request) == "https://a.example/api"
    assert plain.page_url(request, "/") == "https://a.example/"
    assert plain.page_url(request, "/reports", query={"q": "ä b"}) == "https://a.example/reports?q=%C3%A4+b"
    settings = FluxlitSettings(public_base_url="https://b.example/tools/", root_path="tools")
    configured = FluxLit(settings=settings, fastapi_kwargs={"redoc_url": None}).urls
    assert configured.ready_url(request) == "https://b.example/tools/api/readyz"
    assert configured.docs_url(request) == "https://b.example/tools/api/docs"
    assert configured.redoc_url(request) is None
