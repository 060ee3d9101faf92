"""Security headers on the API's answers. The gateway's `[headers]` does it for pages and API alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
)
_WITH_TLS = ((b"strict-transport-security", b"max-age=63072000; includeSubDomains"),)


class SecurityHeadersMiddleware:
    """Adds what the API itself did not set.

    Whether the browser came over TLS is read from the scheme of the request, which Uvicorn takes from
    `X-Forwarded-Proto` only when the peer is the gateway; the header itself anybody could send.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        added = _ALWAYS + (_WITH_TLS if scope.get("scheme") == "https" else ())

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", []))
                present = {name.lower() for name, _ in own}
                message = {**message, "headers": [*own, *(pair for pair in added if pair[0] not in present)]}
            await send(message)

        await self._app(scope, receive, send_with_headers)
