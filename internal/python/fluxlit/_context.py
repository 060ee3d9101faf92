"""What is known about the browser a page is being run for: the headers and cookies its WebSocket came with."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_headers: ContextVar[Mapping[str, str] | None] = ContextVar("fluxlit_page_headers", default=None)
_cookies: ContextVar[Mapping[str, str] | None] = ContextVar("fluxlit_page_cookies", default=None)


def page_header(name: str) -> str | None:
    """A header of the page's WebSocket, looked up without regard to case; None outside a page's run."""
    replaced = _headers.get()
    if replaced is not None:
        wanted = name.lower()
        return next((value for key, value in replaced.items() if key.lower() == wanted), None)
    return _of_streamlit("headers", name)


HANDLE_HEADER = "X-Fluxlit-Session-Handle"
"""Header of a page's WebSocket with a value the gateway takes as bearer on its internal listener, for that user."""


def page_handle() -> str | None:
    """What the page shows the gateway in place of its user's credentials; None when nobody is signed in."""
    return page_header(HANDLE_HEADER) or None


def page_cookie(name: str) -> str | None:
    """A cookie of the page's WebSocket; None outside a page's run."""
    replaced = _cookies.get()
    return replaced.get(name) if replaced is not None else _of_streamlit("cookies", name)


@contextmanager
def replaced_request(
    *, headers: Mapping[str, str] | None = None, cookies: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Runs a block as if the page's WebSocket had come with these headers and cookies (tests)."""
    tokens = (_headers.set(headers or {}), _cookies.set(cookies or {}))
    try:
        yield
    finally:
        _headers.reset(tokens[0])
        _cookies.reset(tokens[1])


def _of_streamlit(kind: str, name: str) -> str | None:
    # Outside Streamlit nobody has imported it, and nobody should have to.
    if "streamlit" not in sys.modules:
        return None
    import streamlit
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    # A thread the page started has no such context, and Streamlit would log a warning for every look.
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    values: Mapping[str, str] = getattr(streamlit.context, kind)
    return values.get(name)
