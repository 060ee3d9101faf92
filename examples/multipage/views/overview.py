import streamlit as st

st.title("Overview")
st.write("The other page is at /report; reload it, bookmark it, send it to a colleague.")
st.page_link("views/report.py", label="Open the report")
