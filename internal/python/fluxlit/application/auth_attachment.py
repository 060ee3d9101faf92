"""Puts a login of the app's own together from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import APIRouter

    from fluxlit.app import FluxLit
    from fluxlit.auth.oidc import GenericOIDCClient


def attach_oidc_login(
    app: FluxLit, oidc: GenericOIDCClient, *, first_party_secret: str | None, **overrides: Any
) -> APIRouter:
    """See `FluxLit.attach_oidc_login`."""
    from fluxlit.auth.oidc import OIDCBFFConfig, register_oidc_bff_routes

    if app.has_oidc_login:
        raise ValueError("attach_oidc_login() was called before: an app has one login")
    secret = (first_party_secret or app.settings.oidc_bff_secret).strip()
    if not secret:
        raise ValueError("set FLUXLIT_OIDC_BFF_SECRET, or give first_party_secret")
    known = {"public_base_url": app.settings.public_base_url, "api_prefix": app.settings.api_mount_path}
    config = OIDCBFFConfig(oidc=oidc, first_party_secret=secret, **{**known, **overrides})
    router = register_oidc_bff_routes(app.api, config)
    app.has_oidc_login = True
    return router
