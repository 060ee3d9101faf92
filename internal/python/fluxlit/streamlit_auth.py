"""`fluxlit.auth.streamlit` under its name of version 0.3."""

from fluxlit.auth.streamlit import (
    bearer_headers_from_session,
    exchange_auth_code_from_query,
    page_identity,
    prepare_streamlit_api_client,
)

__all__ = [
    "bearer_headers_from_session",
    "exchange_auth_code_from_query",
    "page_identity",
    "prepare_streamlit_api_client",
]
