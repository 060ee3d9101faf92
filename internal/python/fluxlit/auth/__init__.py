"""Who is asking: the gateway's sign-in, tokens, proxies in front, and a login of the app's own.

Every name is imported when it is first used: a page needs no FastAPI, and an API no Streamlit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fluxlit._lazily import lazily

if TYPE_CHECKING:
    from fluxlit.auth.identity import current_identity, require_identity
    from fluxlit.auth.jwt import (
        JWTAuthConfig,
        JWTBearer,
        RequireRoles,
        RequireScopes,
        StandardClaims,
        issue_hs256_access_token,
    )
    from fluxlit.auth.oidc import (
        GenericOIDCClient,
        GenericOIDCClientConfig,
        InMemoryOIDCBFFTokenStore,
        OIDCBFFConfig,
        OIDCBFFTokenStore,
        OIDCProvider,
        pkce_pair,
        register_oidc_bff_routes,
    )
    from fluxlit.auth.page import NoAccessToken, access_token, page_identity, require, user
    from fluxlit.auth.streamlit import (
        bearer_headers_from_session,
        exchange_auth_code_from_query,
        prepare_streamlit_api_client,
    )
    from fluxlit.auth.trusted_proxy import (
        AuthDependency,
        TrustedProxyUser,
        TrustedProxyUserConfig,
        proxy_user_header,
    )
    from fluxlit.auth.who import Identity

_homes = {
    "fluxlit.auth.identity": ("current_identity", "require_identity"),
    "fluxlit.auth.jwt": (
        "JWTAuthConfig",
        "JWTBearer",
        "RequireRoles",
        "RequireScopes",
        "StandardClaims",
        "issue_hs256_access_token",
    ),
    "fluxlit.auth.oidc": (
        "GenericOIDCClient",
        "GenericOIDCClientConfig",
        "InMemoryOIDCBFFTokenStore",
        "OIDCBFFConfig",
        "OIDCBFFTokenStore",
        "OIDCProvider",
        "pkce_pair",
        "register_oidc_bff_routes",
    ),
    "fluxlit.auth.page": ("NoAccessToken", "access_token", "page_identity", "require", "user"),
    "fluxlit.auth.streamlit": (
        "bearer_headers_from_session",
        "exchange_auth_code_from_query",
        "prepare_streamlit_api_client",
    ),
    "fluxlit.auth.trusted_proxy": (
        "AuthDependency",
        "TrustedProxyUser",
        "TrustedProxyUserConfig",
        "proxy_user_header",
    ),
    "fluxlit.auth.who": ("Identity",),
}

__all__ = [
    "AuthDependency",
    "GenericOIDCClient",
    "GenericOIDCClientConfig",
    "Identity",
    "InMemoryOIDCBFFTokenStore",
    "JWTAuthConfig",
    "JWTBearer",
    "NoAccessToken",
    "OIDCBFFConfig",
    "OIDCBFFTokenStore",
    "OIDCProvider",
    "RequireRoles",
    "RequireScopes",
    "StandardClaims",
    "TrustedProxyUser",
    "TrustedProxyUserConfig",
    "access_token",
    "bearer_headers_from_session",
    "current_identity",
    "exchange_auth_code_from_query",
    "issue_hs256_access_token",
    "page_identity",
    "pkce_pair",
    "prepare_streamlit_api_client",
    "proxy_user_header",
    "register_oidc_bff_routes",
    "require",
    "require_identity",
    "user",
]

__getattr__ = lazily(globals(), _homes)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
