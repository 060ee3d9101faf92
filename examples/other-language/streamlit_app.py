import streamlit as st

st.set_page_config(page_title="Another language")
st.title("Another language")
st.link_button("Say hello", "hello/Streamlit")
