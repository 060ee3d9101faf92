import streamlit as st

st.title("Report")
year = st.selectbox("Year", [2024, 2025, 2026])
st.write(f"Figures for {year}")
