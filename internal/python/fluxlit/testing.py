"""Tests without a gateway: the API through Starlette's test client, pages through Streamlit's AppTest."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fluxlit._optional import load
from fluxlit._target import load_target
from fluxlit.client import in_process
from fluxlit.pages.di import replaced_parameters

if TYPE_CHECKING:
    import httpx
    from starlette.testclient import TestClient

    from fluxlit.app import FluxLit

_DEFAULT_SECONDS = 10.0


def streamlit_main_path() -> Path:
    """The script Streamlit runs for an app object, for `AppTest.from_file`; FLUXLIT_APP names the app."""
    return Path(__file__).resolve().parent / "_entry" / "fluxlit_pages.py"


@dataclass
class FluxLitTestClient:
    """Asks an app object as the gateway would: `/api/...` for the API, pages by themselves."""

    app: FluxLit
    api_prefix: str = "/api"
    root_mount: str = ""

    @cached_property
    def api(self) -> TestClient:
        """A Starlette test client over the app object; its paths begin with the prefix. As a context manager it runs
        the API's lifespan."""
        from starlette.testclient import TestClient

        return TestClient(self.app, root_path=self.root_mount)

    def with_root_path(self, root_path: str) -> FluxLitTestClient:
        """The same app as seen below another public prefix."""
        return replace(self, root_mount=_normal(root_path))

    def api_get(self, path: str, *, root_path: str | None = None, **kwargs: Any) -> httpx.Response:
        """GET below the API's prefix."""
        return self._api_request("GET", path, root_path, kwargs)

    def api_post(self, path: str, *, root_path: str | None = None, **kwargs: Any) -> httpx.Response:
        """POST below the API's prefix."""
        return self._api_request("POST", path, root_path, kwargs)

    def openapi(self) -> dict[str, Any]:
        """The API's schema, as it is served."""
        schema: dict[str, Any] = self.api_get("/openapi.json").raise_for_status().json()
        return schema

    def assert_docs_available(self, *, root_path: str | None = None) -> None:
        """Fails unless Swagger's page is served and points to the schema where it is."""
        answer = self.api_get("/docs", root_path=root_path)
        assert answer.status_code == 200, f"/docs answers {answer.status_code}"
        prefix = _normal(self.root_mount if root_path is None else root_path) + _normal(self.api_prefix)
        assert f"{prefix}/openapi.json" in answer.text, f"/docs does not point to {prefix}/openapi.json"

    def streamlit(
        self,
        *,
        target: str,
        internal_api_base: str | None = None,
        extra_sys_path: str | Path | None = None,
        query_params: Mapping[str, str] | None = None,
        page_overrides: Mapping[str, Any] | None = None,
    ) -> Any:
        """Runs the app's page in Streamlit's AppTest and returns that; what is given here holds for its later runs too.

        Args:
            target: `module:attribute` of the app.
            internal_api_base: Address of an API the page's client talks to; without one it is the app's own, in this
                process.
            extra_sys_path: Directory the module is imported from.
            query_params: The query of the page's address; `page` names one of several pages.
            page_overrides: Values of any kind by parameter name, in place of what the page would be given.
        """
        load("streamlit")
        from streamlit.testing.v1 import AppTest

        at = AppTest.from_file(str(streamlit_main_path()), default_timeout=_DEFAULT_SECONDS)
        for name, value in (query_params or {}).items():
            at.query_params[name] = value
        return _bound(at, _Surroundings(target, internal_api_base, extra_sys_path, page_overrides)).run()

    def select_page(self, at: Any, page: str, *, target: str, page_key: str = "page", **kwargs: Any) -> Any:
        """Runs `at` again with another page, named by path, title or slug."""
        return apptest_select_page(at, self, target=target, page=page, page_key=page_key, **kwargs)

    def assert_no_streamlit_exception(self, at: Any) -> None:
        """Fails with the message of the exception a page raised."""
        assert_no_streamlit_exception(at)

    def _api_request(self, method: str, path: str, root_path: str | None, kwargs: dict[str, Any]) -> httpx.Response:
        client = self if root_path is None else self.with_root_path(root_path)
        url = client.root_mount + _normal(client.api_prefix) + (path if path.startswith("/") else f"/{path}")
        response: httpx.Response = client.api.request(method, url, **kwargs)
        return response


def apptest_select_page(
    at: Any,
    client: FluxLitTestClient,
    *,
    target: str,
    page: str,
    internal_api_base: str | None = None,
    extra_sys_path: str | Path | None = None,
    page_key: str = "page",
    page_overrides: Mapping[str, Any] | None = None,
) -> Any:
    """Runs an AppTest again with another page, named by path, title or slug."""
    at.query_params[page_key] = page
    return _bound(at, _Surroundings(target, internal_api_base, extra_sys_path, page_overrides)).run()


def assert_no_streamlit_exception(at: Any) -> None:
    """Fails with the message of the exception a page raised."""
    raised = [element.message for element in at.exception]
    assert not raised, f"the page raised: {'; '.join(raised)}"


def apptest_assert_no_errors(at: Any) -> None:
    """Fails when a page raised an exception or showed an error."""
    assert_no_streamlit_exception(at)
    shown = [element.value for element in at.error]
    assert not shown, f"the page shows an error: {'; '.join(shown)}"


def _normal(path: str) -> str:
    trimmed = path.strip("/")
    return f"/{trimmed}" if trimmed else ""


@dataclass(frozen=True)
class _Surroundings:
    """What the gateway would give the process of the pages."""

    target: str
    internal_api_base: str | None
    extra_sys_path: str | Path | None
    page_overrides: Mapping[str, Any] | None

    @contextmanager
    def entered(self) -> Iterator[None]:
        variables = {"FLUXLIT_APP": self.target}
        if self.internal_api_base is not None:
            variables["FLUXLIT_INTERNAL_API_BASE"] = self.internal_api_base
        before, path = {name: os.environ.get(name) for name in variables}, list(sys.path)
        os.environ.update(variables)
        if self.extra_sys_path is not None:
            sys.path.insert(0, str(Path(self.extra_sys_path).resolve()))
        try:
            with replaced_parameters(self.page_overrides or {}), self._api():
                yield
        finally:
            sys.path[:] = path
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


    def _api(self) -> AbstractContextManager[None]:
        return nullcontext() if self.internal_api_base is not None else in_process(self._own_api)

    def _own_api(self) -> Any:
        from starlette.testclient import TestClient

        app = load_target(self.target)
        return TestClient(app, base_url=f"http://testserver{app.settings.api_mount_path}")


def _bound(at: Any, surroundings: _Surroundings) -> Any:
    """The AppTest with every run in these surroundings, also those that a click on one of its elements begins."""
    # Elements run the test by this method, past `run`.
    run = type(at)._run

    def run_bound(*args: Any, **kwargs: Any) -> Any:
        with surroundings.entered():
            return run(at, *args, **kwargs)

    at._run = run_bound
    return at
