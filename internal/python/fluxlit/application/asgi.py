"""The app object as an ASGI application: its API below the prefix, as the gateway would show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Router

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from fluxlit.app import FluxLit

_HINT = "The pages of this app are served by the gateway: run `fluxlit dev`.\n"


async def serve_api(app: FluxLit, scope: Scope, receive: Receive, send: Send) -> None:
    """One request, or the lifespan of the API, which a mounted application would never see."""
    if scope["type"] == "lifespan":
        await app.api(scope, receive, send)
        return
    mount = Mount(app.settings.api_mount_path, app=app.api)
    await Router(routes=[mount], default=_not_here)(scope, receive, send)


async def _not_here(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    await PlainTextResponse(_HINT, status_code=404)(scope, receive, send)
