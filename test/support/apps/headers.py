"""A Streamlit script that shows what its WebSocket handshake carried."""

import json

import streamlit as st

st.set_page_config(page_title="Handshake")
st.title("Handshake")
st.code(json.dumps({name.lower(): value for name, value in st.context.headers.items()}))
