"""Pages: what they may ask for, what they may return, and the list of them."""

from fluxlit.pages.di import resolve_page_kwargs
from fluxlit.pages.manifest import build_page_manifest
from fluxlit.pages.markers import Cookie, Depends, Header
from fluxlit.pages.meta import Page, PageMeta
from fluxlit.pages.navigation import NavigationModel
from fluxlit.pages.query import Query, parse_query_params, parse_query_params_adapter
from fluxlit.pages.records import PageRecord
from fluxlit.pages.session_state import SessionModel
from fluxlit.pages.slug import page_slug
from fluxlit.pages.validate import validate_fluxlit_pages

__all__ = [
    "Cookie",
    "Depends",
    "Header",
    "NavigationModel",
    "Page",
    "PageMeta",
    "PageRecord",
    "Query",
    "SessionModel",
    "build_page_manifest",
    "page_slug",
    "parse_query_params",
    "parse_query_params_adapter",
    "resolve_page_kwargs",
    "validate_fluxlit_pages",
]
