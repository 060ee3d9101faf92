"""`fluxlit.auth.jwt` under its name of version 0.3."""

from fluxlit.auth.jwt import (
    JWTAuthConfig,
    JWTBearer,
    RequireRoles,
    RequireScopes,
    StandardClaims,
    issue_hs256_access_token,
)

__all__ = [
    "JWTAuthConfig",
    "JWTBearer",
    "RequireRoles",
    "RequireScopes",
    "StandardClaims",
    "issue_hs256_access_token",
]
