"""The id of a request, kept for whatever runs on its behalf and returned with the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fluxlit.logging.context import (
    REQUEST_ID_HEADER,
    accepted_request_id,
    log,
    new_request_id,
    reset_request_id,
    set_request_id,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NAME = REQUEST_ID_HEADER.lower().encode()


class RequestIdMiddleware:
    """Plain ASGI, so that streaming and background tasks are as they would be without it.

    The gateway has put an id on every request; without it one is made here.
    """

    def __init__(self, app: ASGIApp, *, log_requests: bool = False) -> None:
        self._app = app
        self._log_requests = log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == _NAME), None)
        request_id = accepted_request_id(given.decode("latin-1") if given is not None else None) or new_request_id()
        token = set_request_id(request_id)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [pair for pair in message.get("headers", []) if pair[0].lower() != _NAME]
                message = {**message, "headers": [*headers, (_NAME, request_id.encode())]}
                if self._log_requests:
                    # The path alone: queries hold what must not be in logs.
                    log.info("%s %s -> %s", scope["method"], scope["path"], message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            reset_request_id(token)
