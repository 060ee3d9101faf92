"""A Streamlit app of several pages: each has an address of its own."""

import streamlit as st

st.set_page_config(page_title="Multipage")
page = st.navigation(
    [
        st.Page("views/overview.py", title="Overview", default=True),
        st.Page("views/report.py", title="Report", url_path="report"),
    ]
)
page.run()
