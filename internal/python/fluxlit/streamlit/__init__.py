"""The side of an app object that runs inside Streamlit."""

from fluxlit.page import PageFn

__all__ = ["PageFn"]
