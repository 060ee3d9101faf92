import streamlit as st

st.title("Who")
st.text(f"email: {st.user.get('email')}")
st.text(f"sub: {st.user.get('sub')}")
st.text(f"logged in: {st.user.is_logged_in}")
