"""What a page says about itself."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class PageMeta(BaseModel):
    """Given to `@app.page(page_meta=...)`, or returned by a page when it depends on what was read."""

    page_title: str | None = None
    page_icon: str | None = None
    layout: Literal["centered", "wide"] | None = None
    initial_sidebar_state: Literal["auto", "expanded", "collapsed"] | None = None
    breadcrumb: str | None = None
    order: int | None = None
    description: str | None = None
    children: list[dict[str, Any]] = Field(default_factory=list)

    def page_config(self) -> dict[str, Any]:
        """The part of it that is an argument of `st.set_page_config`."""
        names = {"page_title", "page_icon", "layout", "initial_sidebar_state"}
        return self.model_dump(include=names, exclude_none=True)


Page = PageMeta
"""Another name of `PageMeta`."""
