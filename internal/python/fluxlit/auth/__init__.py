"""Who is asking: tokens, the gateway's sign-in, proxies in front, and a login of the app's own."""

from fluxlit.auth.identity import Identity, current_identity, require_identity
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
from fluxlit.auth.streamlit import (
    bearer_headers_from_session,
    exchange_auth_code_from_query,
    page_identity,
    prepare_streamlit_api_client,
)
from fluxlit.auth.trusted_proxy import (
    AuthDependency,
    TrustedProxyUser,
    TrustedProxyUserConfig,
    proxy_user_header,
)

__all__ = [
    "AuthDependency",
    "GenericOIDCClient",
    "GenericOIDCClientConfig",
    "Identity",
    "InMemoryOIDCBFFTokenStore",
    "JWTAuthConfig",
    "JWTBearer",
    "OIDCBFFConfig",
    "OIDCBFFTokenStore",
    "OIDCProvider",
    "RequireRoles",
    "RequireScopes",
    "StandardClaims",
    "TrustedProxyUser",
    "TrustedProxyUserConfig",
    "bearer_headers_from_session",
    "current_identity",
    "exchange_auth_code_from_query",
    "issue_hs256_access_token",
    "page_identity",
    "pkce_pair",
    "prepare_streamlit_api_client",
    "proxy_user_header",
    "register_oidc_bff_routes",
    "require_identity",
]
