"""What must not reach a log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode

DEFAULT_SENSITIVE_QUERY_KEYS = frozenset({"access_token", "auth_code", "code", "fluxlit_sid", "id_token", "state", "token"})
_SENSITIVE_HEADERS = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-fluxlit-jwt-assertion",
        "x-fluxlit-session-handle",
    }
)
_REDACTED = "[redacted]"


def redact_query_string(query: str, keys: Iterable[str] = DEFAULT_SENSITIVE_QUERY_KEYS) -> str:
    """The query with the values of sensitive keys replaced."""
    sensitive = {key.lower() for key in keys}
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(key, _REDACTED if key.lower() in sensitive else value) for key, value in pairs])


def redact_authorization(value: str) -> str:
    """The scheme of an Authorization header, without what proves anything."""
    scheme, _, rest = value.partition(" ")
    return f"{scheme} {_REDACTED}" if rest else _REDACTED


def sanitize_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with the values of those that hold credentials replaced."""
    return {name: _REDACTED if name.lower() in _SENSITIVE_HEADERS else value for name, value in headers.items()}
