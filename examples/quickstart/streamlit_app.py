"""A plain Streamlit app. The only thing it takes from FluxLit is the address of the API."""

import json
import os
import urllib.request
from typing import Any

import streamlit as st

# Set by the gateway; the default lets `streamlit run streamlit_app.py` work beside `uvicorn main:app`.
API = os.environ.get("FLUXLIT_INTERNAL_API_BASE", "http://127.0.0.1:8000")


def call(path: str, body: dict[str, Any] | None = None) -> Any:
    """GETs `path` of the API, or POSTs `body` to it as JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


st.set_page_config(page_title="FluxLit quickstart")
st.title("FluxLit quickstart")
st.write(call("/")["message"])

st.header("A widget")
name = st.text_input("Your name")
if name:
    st.success(f"Good to see you, {name}!")

st.header("The API")
with st.form("new item", clear_on_submit=True):
    item_name = st.text_input("Item")
    price = st.number_input("Price", min_value=0.0, value=1.0)
    if st.form_submit_button("Add item") and item_name:
        added = call("/items", {"name": item_name, "price": price})
        st.info(f"Added number {added['id']}: {added['name']}")
items = call("/items")
st.table(items)

st.header("A download")
lines = ["id,name,price"] + [f"{item['id']},{item['name']},{item['price']}" for item in items]
st.download_button("Download items", "\n".join(lines) + "\n", "items.csv", "text/csv")

st.header("An upload")
upload = st.file_uploader("A text file")
if upload is not None:
    text = upload.getvalue().decode(errors="replace")
    st.success(f"{upload.name}: {len(text.split())} words, {len(text.splitlines())} lines")
