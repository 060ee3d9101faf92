"""Clients by which pages call the API in the name of who looks at them."""

from __future__ import annotations

from typing import Any

from fluxlit._context import page_cookie
from fluxlit.auth.binding import BINDING_COOKIE
from fluxlit.auth.page import page_identity
from fluxlit.client import ApiClient

__all__ = [
    "bearer_headers_from_session",
    "exchange_auth_code_from_query",
    "page_identity",
    "prepare_streamlit_api_client",
]

_SESSION_KEY = "fluxlit_access_token"


def prepare_streamlit_api_client(
    st_module: Any,
    *,
    exchange_path: str = "/auth/exchange",
    session_key: str = _SESSION_KEY,
    **client_options: Any,
) -> ApiClient:
    """A client that calls the API as the page's user.

    With an app's own login (`attach_oidc_login`) it trades the code in the page's address for a token, once, and sends
    that from then on. With the gateway's sign-in there is nothing to trade: requests prove the user anyway.

    Args:
        st_module: `streamlit`.
        client_options: Arguments of `ApiClient`.

    Raises:
        httpx.HTTPStatusError: when the code is refused.
    """
    token = _session_token(st_module, session_key)
    if token is None:
        with ApiClient(**client_options) as plain:
            token = exchange_auth_code_from_query(
                st_module, plain, exchange_path=exchange_path, session_key=session_key
            )
    if token is None:
        return ApiClient(**client_options)
    return ApiClient.for_fluxlit(bearer_token=token, **client_options)


def exchange_auth_code_from_query(
    st_module: Any,
    client: ApiClient,
    *,
    exchange_path: str = "/auth/exchange",
    query_key: str = "auth_code",
    session_key: str = _SESSION_KEY,
) -> str | None:
    """Trades the code in the page's address for a token, which is kept in `st.session_state`.

    The code leaves the address first: it works once, and somebody who reloads the page must not meet an error.

    Returns:
        The token, None when there is no code.

    Raises:
        httpx.HTTPStatusError: when the code is refused.
        ValueError: when the answer holds no token.
    """
    found = st_module.query_params.get(query_key)
    code = found[0] if isinstance(found, list) and found else found
    if not isinstance(code, str) or not code:
        return None
    del st_module.query_params[query_key]
    binding = page_cookie(BINDING_COOKIE)
    # The browser's cookie is known to the page, and not sent by the client it asks with.
    body = {"code": code, **({"binding": binding} if binding else {})}
    response = client.post(exchange_path, json=body)
    response.raise_for_status()
    answer = response.json()
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token:
        raise ValueError(f"{exchange_path} answered without an access_token")
    st_module.session_state[session_key] = token
    return token


def bearer_headers_from_session(st_module: Any, *, session_key: str = _SESSION_KEY) -> dict[str, str]:
    """The `Authorization` header of the token in `st.session_state`; empty without one."""
    token = _session_token(st_module, session_key)
    return {"Authorization": f"Bearer {token}"} if token else {}


def _session_token(st_module: Any, session_key: str) -> str | None:
    value = st_module.session_state[session_key] if session_key in st_module.session_state else None
    return value if isinstance(value, str) and value else None
