"""What the user of a page is told when the sign-in behind it has ended."""

from __future__ import annotations

import os

_SHOWN = "_fluxlit_session_notice"


def show_session_ended() -> None:
    """Shows, once per run of the page, that the session has ended and how to sign in again."""
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return
    # Streamlit makes this object anew for every run of the page.
    run = context.cursors
    if getattr(context, _SHOWN, None) is run:
        return
    setattr(context, _SHOWN, run)
    path = os.environ.get("FLUXLIT_SIGN_IN_PATH")
    # Where nobody logs in here, whoever does it elsewhere shows something fresh with the next page.
    again = f"[Sign in again]({path}/start)" if path else "Load this page again."
    st.warning(f"Your session has ended. {again}")
