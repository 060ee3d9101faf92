"""Who asks, as FastAPI dependencies."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.requests import Request

from fluxlit.auth.who import Identity, identity_from

__all__ = ["Identity", "current_identity", "identity_from", "require_identity"]


async def current_identity(request: Request) -> Identity | None:
    """A FastAPI dependency: who asks, None when nobody is signed in."""
    return identity_from(request.headers.get)


async def require_identity(request: Request) -> Identity:
    """A FastAPI dependency: who asks; 401 when nobody is signed in."""
    identity = identity_from(request.headers.get)
    if identity is None:
        raise HTTPException(401, "Sign in first", headers={"WWW-Authenticate": "Bearer"})
    return identity
