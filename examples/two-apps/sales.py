import json
import os
import urllib.request

import streamlit as st

API = os.environ.get("FLUXLIT_INTERNAL_API_BASE", "http://127.0.0.1:8000")

st.set_page_config(page_title="Sales")
st.title("Sales")
with urllib.request.urlopen(API + "/figures/sales", timeout=10) as answer:
    figures: list[int] = json.load(answer)
first = st.slider("From week", 1, len(figures), 1)
st.write(f"Total: {sum(figures[first - 1 :])}")
