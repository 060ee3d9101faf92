"""`FluxLit`: a FastAPI app and the pages of a Streamlit app as one object."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import fluxlit._fresh  # noqa: F401 - it notes when the app was imported
from fluxlit.application.api import build_api
from fluxlit.client import ApiClient
from fluxlit.config import FluxlitSettings
from fluxlit.pages.meta import PageMeta
from fluxlit.pages.navigation import NavigationModel
from fluxlit.pages.records import PageRecord
from fluxlit.pages.registry import PageRegistry

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI
    from starlette.types import Receive, Scope, Send

    from fluxlit.application.public_urls import FluxLitPublicUrls
    from fluxlit.auth.jwt import JWTBearer
    from fluxlit.auth.oidc import GenericOIDCClient
    from fluxlit.url_session import SessionStore

PageFunction = TypeVar("PageFunction", bound=Callable[..., Any])


class FluxLit:
    """The app object a target such as `app:app` names.

    The gateway runs it as two workers: `.api` under Uvicorn, the pages under Streamlit. Both import the module, so
    what is expensive belongs into the API's lifespan or behind `st.cache_resource`, not at its top.

    Args:
        title: Of the API and of the browser's tab; default: FLUXLIT_TITLE, else "FluxLit".
        settings: Everything else; default: read from FLUXLIT_* variables and `.env`.
        import_target: Accepted for the predecessor's sake; the gateway knows the target.
        fastapi_kwargs: Further arguments of `FastAPI(...)`.
        streamlit_run_args: Accepted for the predecessor's sake: `[workers.ui] args` in `fluxlit.toml`.
        streamlit_page_config: Arguments of `st.set_page_config` for all pages.
        session_store: Injected into pages that ask for a `SessionStore`.
    """

    def __init__(
        self,
        *,
        title: str | None = None,
        settings: FluxlitSettings | None = None,
        import_target: str | None = None,
        fastapi_kwargs: Mapping[str, Any] | None = None,
        streamlit_run_args: Sequence[str] | None = None,
        streamlit_page_config: Mapping[str, Any] | None = None,
        session_store: SessionStore | None = None,
    ) -> None:
        changes: dict[str, Any] = {} if title is None else {"title": title}
        if streamlit_page_config is not None:
            changes["streamlit_page_config"] = dict(streamlit_page_config)
        self.settings = (settings or FluxlitSettings()).model_copy(update=changes)
        self.import_target = import_target
        self.streamlit_run_args = tuple(streamlit_run_args or ())
        self.session_store = session_store
        self.navigation_model: NavigationModel | None = None
        self.has_oidc_login = False
        self._registry = PageRegistry(strict=self.settings.strict_page_signatures)
        self._fastapi_kwargs = dict(fastapi_kwargs or {})

    def __class_getitem__(cls, _settings: Any) -> type[FluxLit]:
        """`FluxLit[Settings]` in annotations of later versions of the predecessor."""
        return cls

    @cached_property
    def api(self) -> FastAPI:
        """The FastAPI app; its routes are written without the prefix they have in public."""
        return build_api(self.settings, self._fastapi_kwargs)

    def page(
        self,
        path: str,
        *,
        title: str | None = None,
        icon: str | None = None,
        tags: Sequence[str] | None = None,
        page_meta: PageMeta | None = None,
    ) -> Callable[[PageFunction], PageFunction]:
        """Registers a function as a page. The page with the path `/` is the one people come to.

        Args:
            path: Address of the page, `/` or one segment such as `/reports`.
            title: In the menu; default: the function's name in words.
            icon: In the menu: an emoji or `:material/...:`.
            tags: For the manifest.
            page_meta: Layout, icon and title of the browser's tab.

        Raises:
            ValueError: when there is a page with this path already, or when the path cannot be one.
            TypeError: when a parameter of the function is nothing a page can be given.
        """

        def register(function: PageFunction) -> PageFunction:
            self._registry.add(
                function, path=path, title=title, icon=icon, tags=tuple(tags or ()), page_meta=page_meta
            )
            return function

        return register

    def discover_pages(self, directory: str, *, package: str) -> FluxLit:
        """Imports every module of `package.directory` and calls its `register(app)`; pages are then in the order of
        their paths.

        Raises:
            ModuleNotFoundError: when there is no such package.
            TypeError: when it is a module and not a package, or `register` is no function.
        """
        name = ".".join([package, *(part for part in directory.replace("\\", "/").split("/") if part)])
        found = importlib.import_module(name)
        if not hasattr(found, "__path__"):
            raise TypeError(f"`{name}` is a module, not a package with pages in it")
        for info in sorted(pkgutil.iter_modules(found.__path__), key=lambda info: info.name):
            module = importlib.import_module(f"{name}.{info.name}")
            register = getattr(module, "register", None)
            if register is None:
                continue
            if not callable(register):
                raise TypeError(f"`register` in {module.__file__} is no function")
            register(self)
        self._registry.sort()
        return self

    def navigation(self, model: NavigationModel) -> FluxLit:
        """Sets the order of pages in the menu."""
        self.navigation_model = model
        return self

    @property
    def pages(self) -> list[tuple[str, str, Callable[..., Any]]]:
        """Path, title and function of every page."""
        return [(record.path, record.title, record.fn) for record in self.page_records]

    @property
    def page_records(self) -> list[PageRecord]:
        """Everything known of every page, in the order of registration."""
        return self._registry.records

    @property
    def urls(self) -> FluxLitPublicUrls:
        """Public addresses of pages and of the API."""
        from fluxlit.application.public_urls import FluxLitPublicUrls

        return FluxLitPublicUrls(self)

    def build_page_manifest(self, *, version: int = 1) -> dict[str, Any]:
        """The pages as data: paths, titles, parameters."""
        from fluxlit.pages.manifest import build_page_manifest

        return build_page_manifest(self, version=version)

    def get_client(self) -> ApiClient:
        """A client for this app's API, as pages get it."""
        return ApiClient()

    def make_jwt_bearer(self) -> JWTBearer:
        """A FastAPI dependency that asks for a JWT, configured by FLUXLIT_JWT_* variables.

        Raises:
            ValueError: when the settings do not say which tokens count.
            MissingLibrary: without PyJWT.
        """
        from fluxlit.auth.jwt import JWTBearer

        return JWTBearer.from_fluxlit_settings(self.settings)

    def attach_oidc_login(
        self, oidc: GenericOIDCClient, *, first_party_secret: str | None = None, **bff_overrides: Any
    ) -> APIRouter:
        """Adds the app's own login to the API: `/auth/login`, `/auth/callback`, `/auth/exchange`. An app behind a
        gateway that signs people in needs none.

        Raises:
            ValueError: without FLUXLIT_OIDC_BFF_SECRET, or when it was attached before.
        """
        from fluxlit.application.auth_attachment import attach_oidc_login

        return attach_oidc_login(self, oidc, first_party_secret=first_party_secret, **bff_overrides)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The API below its prefix, for tests and for Uvicorn without the gateway. There are no pages then."""
        from fluxlit.application.asgi import serve_api

        await serve_api(self, scope, receive, send)
