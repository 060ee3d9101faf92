"""What ties a login of the app's own to the browser it was begun in."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

LOGIN_COOKIE = "fluxlit_app_login"
"""Proves to the callback that this browser asked to log in: otherwise somebody else's login could be slipped in."""
BINDING_COOKIE = "fluxlit_app_code"
"""Proves to the exchange that the code is used by the browser that got it: addresses end up in histories and logs."""


def proof(secret: str, purpose: str, value: str) -> str:
    """A text only we can make for this value."""
    return hmac.new(secret.encode(), f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()


def is_proof(given: str | None, secret: str, purpose: str, value: str) -> bool:
    """Whether a text is that, compared in constant time."""
    return given is not None and hmac.compare_digest(given.encode(), proof(secret, purpose, value).encode())


def set_cookie(request: Request, response: Response, name: str, value: str, *, path: str, seconds: int) -> None:
    """For this browser only, not for scripts, and sent when the identity provider leads back."""
    response.set_cookie(
        name, value, max_age=seconds, path=path, secure=request.url.scheme == "https", httponly=True, samesite="lax"
    )
