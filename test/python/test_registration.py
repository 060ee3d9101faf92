"""Registering pages: every mistake is an error at its own line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from fastapi import Depends as FastApiDepends

from fluxlit import (
    ApiClient,
    Cookie,
    Depends,
    FluxLit,
    FluxlitSettings,
    FluxLitPublicUrls,
    Header,
    Identity,
    InMemorySessionStore,
    PageMeta,
    SessionStore,
    match_nav_page,
)
from fluxlit._context import replaced_request
from fluxlit.pages import resolve_page_kwargs, validate_fluxlit_pages
from fluxlit.pages.di import call_page

if TYPE_CHECKING:
    from decimal import Decimal

Project = Callable[..., Path]


def test_the_class_may_be_annotated_with_its_settings() -> None:
    assert FluxLit[FluxlitSettings] is FluxLit  # type: ignore[misc]


def test_titles_come_from_names() -> None:
    app = FluxLit()

    @app.page("/")
    def monthly_report(st: Any, client: Any) -> None: ...

    @app.page("/other", title="Something else", icon="🦊", tags=["a"])
    def _other(st: Any) -> None:
        """What it is for."""

    assert [(path, title) for path, title, _ in app.pages] == [("/", "Monthly Report"), ("/other", "Something else")]
    record = app.page_records[1]
    assert (record.icon, record.tags, record.description) == ("🦊", ("a",), "What it is for.")


@pytest.mark.parametrize(("first", "second"), [("/", "/"), ("/a", "/a"), ("/a", "a/"), ("/", "/home")])
def test_a_path_that_is_taken_is_an_error_that_names_both(first: str, second: str) -> None:
    app = FluxLit()

    @app.page(first)
    def one(st: Any) -> None: ...

    with pytest.raises(ValueError, match=r"`two` at .*\.py:\d+: the path '.*' is taken by `one` at .*\.py:\d+"):

        @app.page(second)
        def two(st: Any) -> None: ...

    assert len(app.pages) == 1


@pytest.mark.parametrize("path", ["", "/a/b", "/a?b", "/a b", "//", "/#"])
def test_a_path_no_page_can_have_is_an_error(path: str) -> None:
    with pytest.raises(ValueError, match=r"test_registration\.py:\d+: '.*' is no path of a page"):
        FluxLit().page(path)(lambda st: None)


def test_an_unknown_parameter_is_an_error_with_file_and_line() -> None:
    def page(st: Any, client: Any, rows: list[str]) -> None: ...

    line = page.__code__.co_firstlineno
    with pytest.raises(TypeError, match=rf"`page` at .*test_registration\.py:{line}: nothing is known about `rows`"):
        FluxLit().page("/")(page)


def test_a_dependency_is_given_nothing_by_position() -> None:
    def load(limit: int) -> None: ...

    with pytest.raises(TypeError, match=r"dependency `load` at .*: nothing is known about `limit`"):
        FluxLit().page("/")(lambda st, rows=Depends(load): None)
    with pytest.raises(TypeError, match=r"Depends\(\) of `rows` names no function"):
        FluxLit().page("/")(lambda st, rows=Depends(): None)


def test_the_first_two_parameters_may_have_any_name() -> None:
    def page(streamlit: Any, api: Any) -> tuple[Any, Any]:
        return streamlit, api

    assert called(page) == ("st", "client")
    with pytest.raises(TypeError, match="nothing is known about `streamlit`"):
        FluxLit(settings=FluxlitSettings(strict_page_signatures=True)).page("/")(page)


def called(page: Callable[..., Any], app: FluxLit | None = None, **kwargs: Any) -> Any:
    stand_ins: Any = {"st": "st", "client": "client"}
    return call_page(page, app=app or FluxLit(), **stand_ins, **kwargs)


def test_parameters_are_filled_by_name_type_and_marker() -> None:
    store = InMemorySessionStore()
    app = FluxLit(session_store=store)

    def page(
        client: Any,
        st: Any,
        settings: FluxlitSettings,
        itself: FluxLit | None,
        urls: FluxLitPublicUrls,
        api: "ApiClient",
        sessions: SessionStore,
        agent: Annotated[str | None, Header("user-agent")],
        theme: Annotated[str | None, Cookie("theme")],
        who: Identity | None,
        untouched: int = 3,
        *rest: Any,
        **more: Any,
    ) -> dict[str, Any]:
        return dict(locals())

    headers = {"User-Agent": "curl", "X-Forwarded-User": "%C5%81ukasz"}
    with replaced_request(headers=headers, cookies={"theme": "dark"}):
        given = called(page, app)
    assert (given["client"], given["st"], given["api"], given["itself"]) == ("client", "st", "client", app)
    assert (given["settings"], given["sessions"], given["untouched"]) == (app.settings, store, 3)
    assert (given["agent"], given["theme"], given["who"].subject) == ("curl", "dark", "Łukasz")
    assert (given["rest"], given["more"]) == ((), {})


def test_one_annotation_that_cannot_be_resolved_does_not_hide_the_others() -> None:
    def page(st: Any, settings: FluxlitSettings, amount: Decimal = 0) -> Any:  # type: ignore[assignment]
        return settings

    assert isinstance(called(page), FluxlitSettings)


def test_dependencies_have_dependencies_and_run_once() -> None:
    calls: list[str] = []

    def base(client: Any) -> str:
        calls.append("base")
        return f"{client}!"

    async def rows(of: str = Depends(base)) -> list[str]:
        calls.append("rows")
        return [of]

    def page(
        st: Any,
        a: Any = Depends(rows),
        b: Any = FastApiDepends(rows),
        c: Any = Depends(base),
        d: Any = Depends(base, use_cache=False),
    ) -> Any:
        return a, b, c, d

    assert called(page) == (["client!"], ["client!"], "client!", "client!")
    assert calls == ["base", "rows", "base"]


def test_pages_may_be_async_and_may_yield() -> None:
    import asyncio

    seen: list[str] = []

    async def page(st: Any) -> str:
        await asyncio.sleep(0)
        return "done"

    def two_halves(st: Any) -> Any:
        seen.append("before")
        yield
        seen.append("after")

    async def inside_a_loop() -> Any:
        return called(page)

    assert called(page) == "done"
    assert asyncio.run(inside_a_loop()) == "done"
    assert called(two_halves) is None
    assert seen == ["before", "after"]


def test_tests_put_values_in_the_place_of_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> str:
        raise AssertionError("not in a test")

    def page(st: Any, rows: Any = Depends(load)) -> Any:
        return rows

    assert called(page, overrides={"rows": "given"}) == "given"
    monkeypatch.setenv("FLUXLIT_TEST_PAGE_OVERRIDES", '{"rows": "from outside"}')
    assert called(page) == "from outside"
    stand_ins: Any = {"st": "st", "client": "client"}
    assert resolve_page_kwargs(page, app=FluxLit(), **stand_ins) == {"st": "st", "rows": "from outside"}


def test_discovered_pages_are_registered_in_the_order_of_their_paths(project: Project) -> None:
    register = "def register(app):\n    @app.page({!r})\n    def page(st, client): ...\n"
    root = project(
        found__pages__zebra=register.format("/a"),
        found__pages__apple=register.format("/z"),
        found__pages__helpers="X = 1\n",
    )
    (root / "found/__init__.py").touch()
    (root / "found/pages/__init__.py").touch()
    app = FluxLit()
    assert app.discover_pages("pages", package="found") is app
    assert [path for path, _, _ in app.pages] == ["/a", "/z"]


def test_what_is_wrong_with_discovered_pages_is_said(project: Project) -> None:
    root = project(broken__pages__bad="register = 3\n", broken__single="")
    (root / "broken/__init__.py").touch()
    (root / "broken/pages/__init__.py").touch()
    with pytest.raises(TypeError, match=r"`register` in .*bad\.py is no function"):
        FluxLit().discover_pages("pages", package="broken")
    with pytest.raises(TypeError, match="`broken.single` is a module, not a package"):
        FluxLit().discover_pages("single", package="broken")
    with pytest.raises(ModuleNotFoundError):
        FluxLit().discover_pages("nowhere", package="broken")


def test_the_manifest_tells_of_every_page() -> None:
    app = FluxLit(title="Shop")

    def load() -> int:
        return 1

    @app.page("/", tags=["x"], page_meta=PageMeta(description="First", children=[{"path": "/y", "title": "Y"}]))
    def home(st: Any, count: int = Depends(load)) -> None: ...

    manifest = app.build_page_manifest()
    assert (manifest["manifest_version"], manifest["manifest_stability"], manifest["title"]) == (1, "stable", "Shop")
    page = manifest["pages"][0]
    assert page["parameters"] == [
        {"name": "st", "annotation": "typing.Any"},
        {"name": "count", "annotation": "<class 'int'>"},
    ]
    assert re.search(r"test_the_manifest.*load$", page["dependencies"][0])
    assert (page["description"], page["children"]) == ("First", [{"path": "/y", "title": "Y"}])
    assert validate_fluxlit_pages(app) == []


def test_a_page_is_named_by_title_path_or_slug() -> None:
    pages = [("/", "Start"), ("/reports", "All reports")]
    for wanted in ("All reports", "/reports", "reports", "reports/"):
        assert match_nav_page({"page": wanted}, pages) == ("/reports", "All reports")
    assert match_nav_page({"page": "home"}, pages) == ("/", "Start")
    for nothing in ("", " ", "other"):
        assert match_nav_page({"page": nothing}, pages) is None
