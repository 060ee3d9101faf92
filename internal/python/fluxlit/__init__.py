"""One app object for a FastAPI API and Streamlit pages, served by the `fluxlit` gateway.

    from fluxlit import FluxLit

    app = FluxLit(title="Admin portal")

    @app.api.get("/users")
    def users():
        return [{"name": "Ada"}]

    @app.page("/")
    def home(st, client):
        st.write(client.get("/users").json())

Every name is imported when it is first used: the API's process needs no Streamlit, the pages' process no PyJWT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fluxlit._lazily import lazily
from fluxlit._version import __version__

if TYPE_CHECKING:
    from fluxlit.app import FluxLit
    from fluxlit.application.public_urls import FluxLitPublicUrls
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
    from fluxlit.auth.page import page_identity
    from fluxlit.auth.streamlit import (
        bearer_headers_from_session,
        exchange_auth_code_from_query,
        prepare_streamlit_api_client,
    )
    from fluxlit.auth.who import Identity
    from fluxlit.client import ApiClient
    from fluxlit.config import FluxlitSettings
    from fluxlit.deep_links import match_nav_page, query_params
    from fluxlit.pages import (
        Cookie,
        Depends,
        Header,
        NavigationModel,
        Page,
        PageMeta,
        Query,
        SessionModel,
        parse_query_params,
    )
    from fluxlit.testing import (
        FluxLitTestClient,
        apptest_assert_no_errors,
        apptest_select_page,
        assert_no_streamlit_exception,
        streamlit_main_path,
    )
    from fluxlit.tracing import reset_trace_hook, set_trace_hook, trace_span
    from fluxlit.url_session import (
        InMemorySessionStore,
        SessionStore,
        ensure_url_session,
        hydrate_url_session,
        hydrate_url_session_typed,
        new_session_id,
        persist_url_session,
    )

_homes = {
    "fluxlit.app": ("FluxLit",),
    "fluxlit.application.public_urls": ("FluxLitPublicUrls",),
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
    "fluxlit.auth.page": ("page_identity",),
    "fluxlit.auth.streamlit": (
        "bearer_headers_from_session",
        "exchange_auth_code_from_query",
        "prepare_streamlit_api_client",
    ),
    "fluxlit.auth.who": ("Identity",),
    "fluxlit.client": ("ApiClient",),
    "fluxlit.config": ("FluxlitSettings",),
    "fluxlit.deep_links": ("match_nav_page", "query_params"),
    "fluxlit.pages": (
        "Cookie",
        "Depends",
        "Header",
        "NavigationModel",
        "Page",
        "PageMeta",
        "Query",
        "SessionModel",
        "parse_query_params",
    ),
    "fluxlit.testing": (
        "FluxLitTestClient",
        "apptest_assert_no_errors",
        "apptest_select_page",
        "assert_no_streamlit_exception",
        "streamlit_main_path",
    ),
    "fluxlit.tracing": ("reset_trace_hook", "set_trace_hook", "trace_span"),
    "fluxlit.url_session": (
        "InMemorySessionStore",
        "SessionStore",
        "ensure_url_session",
        "hydrate_url_session",
        "hydrate_url_session_typed",
        "new_session_id",
        "persist_url_session",
    ),
}

__all__ = [
    "ApiClient",
    "Cookie",
    "Depends",
    "FluxLit",
    "FluxLitPublicUrls",
    "FluxLitTestClient",
    "FluxlitSettings",
    "GenericOIDCClient",
    "GenericOIDCClientConfig",
    "Header",
    "Identity",
    "InMemoryOIDCBFFTokenStore",
    "InMemorySessionStore",
    "JWTAuthConfig",
    "JWTBearer",
    "NavigationModel",
    "OIDCBFFConfig",
    "OIDCBFFTokenStore",
    "OIDCProvider",
    "Page",
    "PageMeta",
    "Query",
    "RequireRoles",
    "RequireScopes",
    "SessionModel",
    "SessionStore",
    "StandardClaims",
    "__version__",
    "apptest_assert_no_errors",
    "apptest_select_page",
    "assert_no_streamlit_exception",
    "bearer_headers_from_session",
    "current_identity",
    "ensure_url_session",
    "exchange_auth_code_from_query",
    "hydrate_url_session",
    "hydrate_url_session_typed",
    "issue_hs256_access_token",
    "match_nav_page",
    "new_session_id",
    "page_identity",
    "parse_query_params",
    "persist_url_session",
    "pkce_pair",
    "prepare_streamlit_api_client",
    "query_params",
    "register_oidc_bff_routes",
    "require_identity",
    "reset_trace_hook",
    "set_trace_hook",
    "streamlit_main_path",
    "trace_span",
]


__getattr__ = lazily(globals(), _homes)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
