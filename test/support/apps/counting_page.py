import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

st.session_state.runs = st.session_state.get("runs", 0) + 1
user = st.user.get("email", "nobody") if hasattr(st, "user") else "unknown"
st.text(f"session {get_script_run_ctx().session_id} has run {st.session_state.runs} times for {user}.")
