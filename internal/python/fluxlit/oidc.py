"""`fluxlit.auth.oidc` under its name of version 0.3."""

from fluxlit.auth.oidc import (
    GenericOIDCClient,
    GenericOIDCClientConfig,
    InMemoryOIDCBFFTokenStore,
    OIDCBFFConfig,
    OIDCBFFTokenStore,
    OIDCDiscoveryDocument,
    OIDCProvider,
    pkce_pair,
    register_oidc_bff_routes,
)

__all__ = [
    "GenericOIDCClient",
    "GenericOIDCClientConfig",
    "InMemoryOIDCBFFTokenStore",
    "OIDCBFFConfig",
    "OIDCBFFTokenStore",
    "OIDCDiscoveryDocument",
    "OIDCProvider",
    "pkce_pair",
    "register_oidc_bff_routes",
]
