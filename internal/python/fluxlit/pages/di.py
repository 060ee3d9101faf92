"""Fills the parameters of a page when it runs."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fluxlit._context import page_cookie, page_header
from fluxlit.pages.markers import Cookie, Depends, Header
from fluxlit.pages.plan import Parameter, plan_dependency, plan_page

if TYPE_CHECKING:
    from fluxlit.app import FluxLit
    from fluxlit.client import ApiClient


def resolve_page_kwargs(
    fn: Callable[..., Any],
    *,
    st: Any,
    client: ApiClient,
    app: FluxLit,
    overrides: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The arguments of a page by name, its dependencies called."""
    run = _Run(st, client, app, {**env_page_overrides(), **(overrides or {})})
    return {parameter.name: run.value(parameter) for parameter in plan_page(fn)}


def call_page(
    fn: Callable[..., Any],
    *,
    st: Any,
    client: ApiClient,
    app: FluxLit,
    overrides: Mapping[str, Any] | None = None,
) -> Any:
    """Runs a page and returns what it returned; a page that yields is run to its end."""
    run = _Run(st, client, app, {**env_page_overrides(), **(overrides or {})})
    result = run.call(fn, plan_page(fn))
    if inspect.isgenerator(result):
        for _ in result:
            pass
        return None
    return result


def env_page_overrides() -> dict[str, Any]:
    """Values by parameter name, for tests: from FLUXLIT_TEST_PAGE_OVERRIDES, a JSON object, and `replaced_parameters`."""
    text = os.environ.get("FLUXLIT_TEST_PAGE_OVERRIDES")
    values = json.loads(text) if text else {}
    return {**(values if isinstance(values, dict) else {}), **_replaced}


# Not a context variable: Streamlit runs pages in a thread of its own.
_replaced: dict[str, Any] = {}


@contextmanager
def replaced_parameters(values: Mapping[str, Any]) -> Iterator[None]:
    """Runs a block in which pages are given these values; for tests, which run one page at a time."""
    before = dict(_replaced)
    _replaced.update(values)
    try:
        yield
    finally:
        _replaced.clear()
        _replaced.update(before)


class _Run:
    """One run of a page: what it has been given already is not made again."""

    def __init__(self, st: Any, client: ApiClient, app: FluxLit, overrides: Mapping[str, Any]) -> None:
        self._st = st
        self._client = client
        self._app = app
        self._overrides = overrides
        self._made: dict[Callable[..., Any], Any] = {}

    def call(self, function: Callable[..., Any], parameters: tuple[Parameter, ...]) -> Any:
        values = [(parameter, self.value(parameter)) for parameter in parameters]
        result = function(
            *(value for parameter, value in values if parameter.positional),
            **{parameter.name: value for parameter, value in values if not parameter.positional},
        )
        return _awaited(result) if inspect.isawaitable(result) else result

    def value(self, parameter: Parameter) -> Any:
        if parameter.name in self._overrides:
            return self._overrides[parameter.name]
        source = parameter.source
        if isinstance(source, Depends):
            return self._depended(source)
        if isinstance(source, Header):
            return page_header(source.name)
        if isinstance(source, Cookie):
            return page_cookie(source.name)
        return getattr(self, f"_{source}") if source in ("st", "client", "app") else self._injected(source)

    def _depended(self, marker: Depends) -> Any:
        function = marker.dependency
        if function is None:
            raise TypeError("Depends() names no function")
        if marker.use_cache and function in self._made:
            return self._made[function]
        self._made[function] = self.call(function, plan_dependency(function))
        return self._made[function]

    def _injected(self, source: str) -> Any:
        if source == "settings":
            return self._app.settings
        if source == "urls":
            return self._app.urls
        if source == "session_store":
            return self._app.session_store
        if source == "identity":
            from fluxlit.auth.streamlit import page_identity

            return page_identity()
        from fluxlit.pages.flags import FluxlitFeatureFlags

        return FluxlitFeatureFlags.from_environ()


def _awaited(awaitable: Awaitable[Any]) -> Any:
    async def wait() -> Any:
        return await awaitable

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    # Somebody runs pages inside an event loop (a test): that loop cannot be waited for from within.
    outcome: list[Any] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(asyncio.run(wait()))
        except BaseException as error:  # noqa: BLE001 - handed on below
            failure.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]
