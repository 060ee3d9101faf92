"""Addresses as people see them, for links in mails and redirects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from fluxlit.pages.slug import page_slug

if TYPE_CHECKING:
    from starlette.requests import Request

    from fluxlit.app import FluxLit


class FluxLitPublicUrls:
    """Made from `public_base_url` where it is set, else from the request: its host as the browser sent it, its scheme
    as Uvicorn knows it from the gateway."""

    def __init__(self, fluxlit: FluxLit) -> None:
        self._app = fluxlit

    def app_base(self, request: Request) -> str:
        """Address of the app, without a slash at the end."""
        settings = self._app.settings
        configured = settings.public_base_url.rstrip("/")
        if not configured:
            return f"{request.url.scheme}://{request.url.netloc}{settings.public_path}"
        prefix = settings.public_path
        return configured if not prefix or configured.endswith(prefix) else configured + prefix

    def api_base(self, request: Request) -> str:
        """Address of the API."""
        return self.app_base(request) + self._app.settings.api_mount_path

    def docs_url(self, request: Request) -> str | None:
        """Swagger's page; None when the API has none."""
        return self._of_api(request, self._app.api.docs_url)

    def redoc_url(self, request: Request) -> str | None:
        """ReDoc's page; None when the API has none."""
        return self._of_api(request, self._app.api.redoc_url)

    def openapi_url(self, request: Request) -> str | None:
        """The schema; None when the API has none."""
        return self._of_api(request, self._app.api.openapi_url)

    def health_url(self, request: Request) -> str:
        """Whether the API runs."""
        return self.api_base(request) + "/healthz"

    def ready_url(self, request: Request) -> str:
        """Whether API and pages can be used."""
        return self.api_base(request) + "/readyz"

    def page_url(self, request: Request, path: str, *, query: Mapping[str, str] | None = None) -> str:
        """A page, `/` or `/reports`, with a query."""
        segment = "" if path == "/" else quote(page_slug(path))
        return f"{self.app_base(request)}/{segment}" + (f"?{urlencode(query)}" if query else "")

    def for_page(self, request: Request, path: str, *, query: Mapping[str, str] | None = None) -> str:
        """Another name of `page_url`."""
        return self.page_url(request, path, query=query)

    def _of_api(self, request: Request, path: str | None) -> str | None:
        return None if path is None else self.api_base(request) + path
