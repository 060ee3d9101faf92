"""The FastAPI app of an app object: the user's, with health, request ids and what settings switch on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fluxlit.application.request_id import RequestIdMiddleware
from fluxlit.config import FluxlitSettings

if TYPE_CHECKING:
    from fastapi import FastAPI

_OWN_CORS_ARGUMENTS = ("allow_origins", "allow_credentials", "allow_methods", "allow_headers")


def build_api(settings: FluxlitSettings, fastapi_kwargs: Mapping[str, Any]) -> FastAPI:
    """Makes it. `root_path` is left to Uvicorn: the gateway tells it what the public prefix is."""
    from fluxlit._optional import load

    api: FastAPI = load("fastapi").FastAPI(**{"title": settings.title, **fastapi_kwargs})
    _add_health(api)
    if settings.cors_allow_origins:
        _add_cors(api, settings)
    if settings.enable_security_headers:
        from fluxlit.security import SecurityHeadersMiddleware

        api.add_middleware(SecurityHeadersMiddleware)
    # Last, hence outermost: every answer carries the id, also a refusal of the ones above.
    api.add_middleware(RequestIdMiddleware, log_requests=settings.enable_request_logging or settings.debug)
    return api


def _add_health(api: FastAPI) -> None:
    # Behind the gateway it answers both itself, because only it knows about Streamlit.
    @api.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @api.get("/readyz", include_in_schema=False)
    async def readyz() -> dict[str, str]:
        return {"status": "ready", "streamlit": "not_configured"}


def _add_cors(api: FastAPI, settings: FluxlitSettings) -> None:
    from starlette.middleware.cors import CORSMiddleware

    further = {
        name: value
        for name, value in settings.cors_middleware_kwargs.items()
        if name not in _OWN_CORS_ARGUMENTS
    }
    api.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_allow_origins,
        allow_credentials=settings.cors_allow_credentials,
        allow_methods=["*"],
        allow_headers=["*"],
        **further,
    )
