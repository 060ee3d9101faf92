"""`ApiClient`: calls from a page to the API, over httpx."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from fluxlit._context import page_handle, page_header
from fluxlit._optional import load, load_httpx
from fluxlit.logging.context import REQUEST_ID_HEADER, get_request_id

if TYPE_CHECKING:
    import httpx
    from pydantic import BaseModel

T = TypeVar("T")
AuthHeaderFactory = Callable[[], Mapping[str, str]]

_ELSEWHERE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:)?[\\/]{2}")
_FALLBACK_BASE = "http://127.0.0.1:8000/api"


class ApiClient:
    """A client for the app's own API: paths are relative to it, `client.get("/users")` and not `/api/users`.

    Without `base_url` it talks to the gateway's internal listener. Requests then carry the id of the page's request,
    and, when the gateway signs people in, prove the identity of the page's user: fresh with every call, also after the
    user's token was renewed. An `Authorization` header of the caller's takes the place of that.

    Args:
        base_url: Another server; it gets no identity and, unless asked for, no request id.
        timeout: Seconds for each step of a request.
        default_headers: Sent with every request.
        auth_header_factory: Called for every request; what it returns is sent with it.
        propagate_request_id: Send the request id to another server too.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        timeout: float = 30.0,
        default_headers: Mapping[str, str] | None = None,
        auth_header_factory: AuthHeaderFactory | None = None,
        propagate_request_id: bool = False,
    ) -> None:
        internal = os.environ.get("FLUXLIT_INTERNAL_API_BASE") or _FALLBACK_BASE
        self.base_url = (base_url or internal).rstrip("/")
        self._is_internal = self.base_url == internal.rstrip("/")
        self._timeout = timeout
        self._default_headers = dict(default_headers or {})
        self._auth_header_factory = auth_header_factory
        self._propagate_request_id = propagate_request_id
        self._http: httpx.Client = _open(self.base_url, timeout, self._is_internal, base_url is None)

    @classmethod
    def for_fluxlit(
        cls,
        *,
        bearer_token: str | None = None,
        auth_header_factory: AuthHeaderFactory | None = None,
        base_url: str | None = None,
        timeout: float = 30.0,
        default_headers: Mapping[str, str] | None = None,
        propagate_request_id: bool = False,
    ) -> ApiClient:
        """A client that sends credentials of its own: a fixed token, or what a function returns for each request.

        Raises:
            TypeError: when both are given.
        """
        if bearer_token is not None and auth_header_factory is not None:
            raise TypeError("give bearer_token or auth_header_factory, not both")
        factory = auth_header_factory if bearer_token is None else _bearer(bearer_token)
        return cls(
            base_url,
            timeout=timeout,
            default_headers=default_headers,
            auth_header_factory=factory,
            propagate_request_id=propagate_request_id,
        )

    def with_bearer(self, bearer_token: str) -> ApiClient:
        """A new client like this one that sends this token."""
        return ApiClient(
            self.base_url,
            timeout=self._timeout,
            default_headers=self._default_headers,
            auth_header_factory=_bearer(bearer_token),
            propagate_request_id=self._propagate_request_id,
        )

    def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Sends a request; keyword arguments are those of `httpx.Client.request`.

        Raises:
            ValueError: when the path is a whole address: credentials meant for the API must not go elsewhere.
        """
        headers = self._headers(kwargs.pop("headers", None))
        response: httpx.Response = self._http.request(method, _relative(path), headers=headers, **kwargs)
        if response.status_code == 401 and headers.get("Authorization") == _handle():
            _session_may_be_over(response)
        return response

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        """GET."""
        return self.request("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> httpx.Response:
        """POST."""
        return self.request("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> httpx.Response:
        """PUT."""
        return self.request("PUT", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> httpx.Response:
        """PATCH."""
        return self.request("PATCH", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> httpx.Response:
        """DELETE."""
        return self.request("DELETE", path, **kwargs)

    def get_model(self, path: str, model: type[T], **kwargs: Any) -> T:
        """GET, with the JSON of the answer as `model` (`User`, `list[User]`, anything Pydantic knows).

        Raises:
            httpx.HTTPStatusError: for a status of 400 and above.
            pydantic.ValidationError: when the answer is something else.
        """
        return _validated(self.get(path, **kwargs), model)

    def post_model(
        self,
        path: str,
        response_model: type[T],
        *,
        body: BaseModel | Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> T:
        """POSTs a model or a mapping as JSON; the answer is returned as `response_model`, with the errors of
        `get_model`.

        Raises:
            TypeError: when `json` is given as well as `body`.
        """
        if body is not None:
            if "json" in kwargs:
                raise TypeError("give body or json, not both")
            kwargs["json"] = dict(body) if isinstance(body, Mapping) else body.model_dump(mode="json")
        return _validated(self.post(path, **kwargs), response_model)

    def close(self) -> None:
        """Closes the client; connections to the gateway stay open for the next one."""
        self._http.close()

    def __enter__(self) -> ApiClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _headers(self, given: Any) -> httpx.Headers:
        headers: httpx.Headers = load_httpx().Headers(self._default_headers)
        if self._auth_header_factory is not None:
            headers.update(dict(self._auth_header_factory()))
        if given is not None:
            headers.update(given)
        if self._is_internal or self._propagate_request_id:
            _add_missing(headers, REQUEST_ID_HEADER, get_request_id() or page_header(REQUEST_ID_HEADER))
            _add_missing(headers, "traceparent", page_header("traceparent"))
        if self._is_internal:
            _add_missing(headers, "Authorization", _handle())
        return headers


def _open(base_url: str, timeout: float, is_internal: bool, is_default: bool) -> httpx.Client:
    if is_default and _in_process:
        in_process: httpx.Client = _in_process[-1]()
        return in_process
    # A jar of cookies per client, since a client belongs to one user; connections to the gateway are shared.
    shared = {"transport": _connections()} if is_internal and base_url.startswith("http:") else {}
    client: httpx.Client = load_httpx().Client(base_url=base_url, timeout=timeout, **shared)
    return client


_in_process: list[Callable[[], httpx.Client]] = []


@contextmanager
def in_process(client: Callable[[], httpx.Client]) -> Iterator[None]:
    """Runs a block in which clients of the app's own API are made by a function; for tests without a server."""
    _in_process.append(client)
    try:
        yield
    finally:
        _in_process.pop()


def _relative(path: str) -> str:
    if _ELSEWHERE.match(path):
        raise ValueError(f"{path!r} is not a path below the API: use ApiClient(base_url=...) for another server")
    return path if path.startswith("/") else f"/{path}"


def _bearer(token: str) -> AuthHeaderFactory:
    return lambda: {"Authorization": f"Bearer {token}"}


def _handle() -> str | None:
    handle = page_handle()
    return f"Bearer {handle}" if handle else None


def _add_missing(headers: httpx.Headers, name: str, value: str | None) -> None:
    if value is not None and name not in headers:
        headers[name] = value


def _validated(response: httpx.Response, model: type[T]) -> T:
    response.raise_for_status()
    value: T = load("pydantic").TypeAdapter(model).validate_python(response.json())
    return value


def _session_may_be_over(response: httpx.Response) -> None:
    # The gateway's own refusal, not the API's: only that one says that signing in again helps.
    if response.headers.get("content-type", "").split(";")[0] != "application/problem+json":
        return
    try:
        if response.json().get("code") != "unauthenticated":
            return
    except (ValueError, AttributeError):
        return
    from fluxlit.streamlit.notice import show_session_ended

    show_session_ended()


_lock = threading.Lock()
_shared: list[Any] = []


def _connections() -> Any:
    """The connections of this process to the gateway's internal listener, as a transport that no client closes."""
    with _lock:
        if not _shared:
            _shared.append(_make_shared())
        return _shared[0]


def _make_shared() -> Any:
    httpx = load_httpx()

    class Shared(httpx.HTTPTransport):  # type: ignore[misc, name-defined]
        def __enter__(self) -> Any:
            return self

        def __exit__(self, *exc: object) -> None:
            pass

        def close(self) -> None:
            pass

    # No TLS on loopback: loading the certificates of the system takes longer than a request.
    return Shared(verify=False)
