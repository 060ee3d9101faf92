"""Identity from a header of a proxy in front, for apps that take it as it is. Behind a gateway with
`auth.mode = "proxy"`, `fluxlit.current_identity` is the better way: the gateway removes what clients send."""

# No `from __future__ import annotations`: FastAPI 0.111 cannot resolve such texts on objects with `__call__`.

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException
from starlette.requests import Request

from fluxlit.auth.who import decode_header

AuthDependency = Callable[[Request], Any]
"""What FastAPI's `Depends` takes."""


def proxy_user_header(header_name: str = "X-Remote-User") -> AuthDependency:
    """A dependency with the header's value, None without it."""

    async def load_user(request: Request) -> str | None:
        return _user(request, header_name)

    return load_user


@dataclass(frozen=True)
class TrustedProxyUserConfig:
    """What has to hold before the header is believed.

    `trusted_client_hosts` are addresses as the API sees them. Behind the gateway that is the browser's address, so
    there the list belongs into the gateway's `trusted_proxies`.
    """

    header_name: str = "X-Remote-User"
    require_https: bool = False
    trusted_client_hosts: frozenset[str] | None = None
    require_non_empty_user: bool = True


class TrustedProxyUser:
    """A dependency with the user a proxy names: 403 when the peer or the scheme is not trusted, 401 without a user."""

    def __init__(self, config: TrustedProxyUserConfig | None = None) -> None:
        self._config = config or TrustedProxyUserConfig()

    async def __call__(self, request: Request) -> str:
        """Checks one request."""
        config = self._config
        host = request.client.host if request.client else None
        if config.trusted_client_hosts is not None and host not in config.trusted_client_hosts:
            raise HTTPException(403, "Untrusted client")
        # Uvicorn takes the scheme from X-Forwarded-Proto of a trusted peer; the header itself anybody can send.
        if config.require_https and request.url.scheme != "https":
            raise HTTPException(403, "HTTPS required")
        user = _user(request, config.header_name)
        if not user and config.require_non_empty_user:
            raise HTTPException(401, "Missing user")
        return user or ""


def _user(request: Request, name: str) -> str | None:
    values = request.headers.getlist(name)
    # Two values: somebody's beside the proxy's, and no telling which is whose.
    if len(values) > 1:
        raise HTTPException(400, f"More than one {name} header")
    return decode_header(values[0]) if values else None
