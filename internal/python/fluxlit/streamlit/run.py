"""Draws an app object with Streamlit: the menu, and the page that was asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from fluxlit._fresh import forget_changed
from fluxlit._target import load_target, project_directories
from fluxlit.deep_links import match_nav_page, query_params
from fluxlit.pages.di import call_page
from fluxlit.pages.meta import PageMeta
from fluxlit.pages.navigation import in_order
from fluxlit.pages.records import PageRecord
from fluxlit.pages.slug import page_slug

if TYPE_CHECKING:
    from fluxlit.app import FluxLit
    from fluxlit.client import ApiClient


def run_app() -> None:
    """One run of Streamlit's script: everything is drawn anew, the app's module is imported only the first time, and in
    development when its files were changed."""
    target = os.environ.get("FLUXLIT_APP")
    if not target:
        st.error("FLUXLIT_APP does not name an app: `fluxlit dev` sets it, and so does FluxLitTestClient.")
        st.stop()
        return
    if st.get_option("server.fileWatcherType") != "none":
        forget_changed(project_directories(target))
    draw(load_target(target))


def draw(app: FluxLit) -> None:
    """The page the browser asks for, with the others in the menu."""
    records = in_order(app.page_records, app.navigation_model)
    if not records:
        st.set_page_config(page_title=app.settings.title)
        st.title(app.settings.title)
        st.info('This app has no pages yet: `@app.page("/")` above a function `(st, client)` makes one.')
        return
    # One per run, and never closed: fragments of the page use it long after this function ended.
    pages = _pages(app, records, app.get_client())
    current = st.navigation([page for page, _ in pages])
    record = next(record for page, record in pages if page is current)
    wanted = match_nav_page(query_params(st), records)
    if wanted is not None and wanted[0] != record.path:
        _keep_query()
        st.switch_page(next(page for page, other in pages if other.path == wanted[0]))
    _restore_query()
    st.set_page_config(**page_config(app, record))
    current.run()


_KEPT = "_fluxlit_kept_query"


def _keep_query() -> None:
    # Changing to another page empties the query; what follows `page` in a link is meant for that page.
    st.session_state[_KEPT] = {name: st.query_params.get_all(name) for name in st.query_params if name != "page"}


def _restore_query() -> None:
    for name, values in st.session_state.pop(_KEPT, {}).items():
        st.query_params[name] = values


def page_config(app: FluxLit, record: PageRecord) -> dict[str, Any]:
    """Arguments of `st.set_page_config`: the app's, with the page's own in front."""
    own = {name: value for name, value in app.settings.streamlit_page_config.items() if value not in (None, "")}
    meta = record.page_meta.page_config() if record.page_meta is not None else {}
    known = ("page_title", "page_icon", "layout", "initial_sidebar_state", "menu_items")
    merged = {"page_title": app.settings.title, **own, **meta}
    return {name: value for name, value in merged.items() if name in known}


def _pages(app: FluxLit, records: list[PageRecord], client: ApiClient) -> list[tuple[Any, PageRecord]]:
    root = next((record for record in records if record.path == "/"), records[0])
    return [
        (
            st.Page(
                _drawn(app, record, client),
                title=record.title,
                icon=record.icon or (record.page_meta.page_icon if record.page_meta else None),
                url_path=page_slug(record.path),
                default=record is root,
            ),
            record,
        )
        for record in records
    ]


def _drawn(app: FluxLit, record: PageRecord, client: ApiClient) -> Callable[[], None]:
    def run() -> None:
        result = call_page(record.fn, st=st, client=client, app=app)
        if isinstance(result, PageMeta):
            _apply(result)

    # Streamlit derives a name from it where a page has no title, and wants one.
    run.__name__ = str(getattr(record.fn, "__name__", "page"))
    return run


def _apply(meta: PageMeta) -> None:
    if meta.breadcrumb:
        st.sidebar.caption(meta.breadcrumb)
    changes = meta.page_config()
    if not changes:
        return
    try:
        st.set_page_config(**changes)
    except st.errors.StreamlitAPIException:
        # Before 1.46 Streamlit takes this once per run, and the app's own came first.
        pass
