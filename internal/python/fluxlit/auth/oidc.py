"""A login of the app's own: OpenID Connect's code flow, and a token of the app's that pages trade a code for.

An app behind a gateway that signs people in (`[auth]` in `fluxlit.toml`) needs none of this.
"""

from __future__ import annotations

import base64
import hashlib
import inspect
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from fluxlit._optional import load
from fluxlit.auth.binding import BINDING_COOKIE, LOGIN_COOKIE, is_proof, proof, set_cookie
from fluxlit.auth.jwt import check_secret, issue_hs256_access_token
from fluxlit.auth.keys import KeySet, KeysUnavailable
from fluxlit.auth.provider import (
    GenericOIDCClient,
    GenericOIDCClientConfig,
    OIDCDiscoveryDocument,
    OIDCProvider,
    ProviderError,
    with_query,
)
from fluxlit.auth.token_store import InMemoryOIDCBFFTokenStore, OIDCBFFTokenStore

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = [
    "GenericOIDCClient",
    "GenericOIDCClientConfig",
    "InMemoryOIDCBFFTokenStore",
    "OIDCBFFConfig",
    "OIDCBFFTokenStore",
    "OIDCDiscoveryDocument",
    "OIDCProvider",
    "pkce_pair",
    "register_oidc_bff_routes",
]

_ID_TOKEN_ALGORITHMS = ["RS256", "ES256", "ES384", "ES512"]


@dataclass
class OIDCBFFConfig:
    """The login of an app.

    `public_base_url` is the origin people see, `https://app.example.com`; empty, the request's. The address the
    provider leads back to is that, with the API's public prefix and `callback_path`: by default
    `https://app.example.com/api/auth/callback`.
    """

    oidc: OIDCProvider
    first_party_secret: str
    token_issuer: str = "fluxlit-bff"
    token_audience: str = "fluxlit-app"
    access_token_ttl_seconds: int = 3600
    public_base_url: str = ""
    login_path: str = "/auth/login"
    callback_path: str = "/auth/callback"
    exchange_path: str = "/auth/exchange"
    scope: str = "openid profile email"
    streamlit_redirect_path: str = "/"
    state_ttl_seconds: int = 600
    otc_ttl_seconds: int = 120
    id_token_audience: str = ""
    id_token_leeway_seconds: int = 0
    allow_unverified_id_token_for_custom_oidc: bool = False
    bff_token_store: OIDCBFFTokenStore | None = None
    api_prefix: str = "/api"


class ExchangeBody(BaseModel):
    """What the exchange is asked with."""

    code: str = Field(min_length=8, max_length=512)
    binding: str | None = Field(default=None, max_length=512)


def pkce_pair() -> tuple[str, str]:
    """A verifier and its S256 challenge (RFC 7636)."""
    verifier = secrets.token_urlsafe(64)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def register_oidc_bff_routes(app: FastAPI, config: OIDCBFFConfig, *, router_prefix: str = "") -> APIRouter:
    """Adds login, callback and exchange to an API.

    Raises:
        ValueError: when the secret is too short.
        MissingLibrary: without PyJWT.
    """
    load("jwt")
    check_secret(config.first_party_secret, "first_party_secret")
    login = _Login(config)
    router = APIRouter(prefix=router_prefix)
    router.add_api_route(config.login_path, login.begin, methods=["GET"], response_class=RedirectResponse)
    router.add_api_route(config.callback_path, login.callback, methods=["GET"], response_class=RedirectResponse)
    router.add_api_route(config.exchange_path, login.exchange, methods=["POST"])
    app.include_router(router)
    return router


class _Login:
    """The three steps. They are plain functions, not coroutines: the provider is asked outside the event loop."""

    def __init__(self, config: OIDCBFFConfig) -> None:
        self._config = config
        self._secret = config.first_party_secret
        self._store = config.bff_token_store or InMemoryOIDCBFFTokenStore(
            state_ttl_seconds=config.state_ttl_seconds, otc_ttl_seconds=config.otc_ttl_seconds
        )
        self._keys: dict[str, KeySet] = {}

    def begin(self, request: Request) -> Response:
        """Sends the browser to the provider."""
        state = secrets.token_urlsafe(32)
        verifier, challenge = pkce_pair()
        # Wall-clock time: the store may be shared with other machines, whose monotonic clocks mean nothing here.
        self._store.save_pkce_verifier(state, verifier, now=time.time())
        asked: dict[str, Any] = {
            "redirect_uri": self._callback_url(request),
            "state": state,
            "code_challenge": challenge,
            "scope": self._config.scope,
        }
        if _takes_nonce(self._config.oidc):
            asked["nonce"] = self._nonce(state)
        response = RedirectResponse(_provider(lambda: self._config.oidc.authorization_url(**asked)), 302)
        value = proof(self._secret, "login", state)
        seconds = self._config.state_ttl_seconds
        set_cookie(request, response, LOGIN_COOKIE, value, path=self._api_root(request) or "/", seconds=seconds)
        return _not_stored(response)

    def callback(
        self, request: Request, code: str = "", state: str = "", error: str = "", iss: str = ""
    ) -> Response:
        """The provider leads back here."""
        if not state or not (code or error):
            raise HTTPException(400, "Missing code or state")
        if not is_proof(request.cookies.get(LOGIN_COOKIE), self._secret, "login", state):
            raise HTTPException(400, "Invalid state: this login was not begun in this browser")
        # RFC 9207: an answer of another provider must not be taken to this one.
        if iss and iss != self._config.oidc.issuer:
            raise HTTPException(400, "The answer is that of another identity provider")
        verifier = self._store.pop_pkce_verifier(state, now=time.time())
        if verifier is None:
            raise HTTPException(400, "Invalid or expired state")
        if error:
            raise HTTPException(401, "The identity provider refused the login")
        subject = self._subject(code, verifier, state, request)
        return self._land(request, subject)

    def exchange(self, request: Request, body: ExchangeBody) -> dict[str, str]:
        """Trades a code for a token, once, and only for the browser that got the code."""
        binding = body.binding or request.cookies.get(BINDING_COOKIE)
        if not is_proof(binding, self._secret, "code", body.code):
            raise HTTPException(401, "Invalid or expired code")
        token = self._store.pop_exchange_token(body.code, now=time.time())
        if token is None:
            raise HTTPException(401, "Invalid or expired code")
        return {"access_token": token, "token_type": "bearer"}

    def _subject(self, code: str, verifier: str, state: str, request: Request) -> str:
        answer = _provider(
            lambda: self._config.oidc.exchange_code(
                code=code, code_verifier=verifier, redirect_uri=self._callback_url(request)
            )
        )
        id_token = answer.get("id_token")
        if not isinstance(id_token, str) or not id_token:
            raise HTTPException(502, "The identity provider sent no id_token")
        claims = self._verified(id_token, state)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise HTTPException(502, "The id_token names nobody")
        return subject

    def _verified(self, id_token: str, state: str) -> dict[str, Any]:
        jwt, oidc, config = load("jwt"), self._config.oidc, self._config
        try:
            if not isinstance(oidc, GenericOIDCClient):
                if not config.allow_unverified_id_token_for_custom_oidc:
                    raise HTTPException(500, "This identity provider's id_token cannot be verified")
                claims: dict[str, Any] = jwt.decode(id_token, options={"verify_signature": False})
                return claims
            address = oidc.jwks_uri
            keys = self._keys.setdefault(address, KeySet(address))
            claims = jwt.decode(
                id_token,
                keys.key_for(id_token, _ID_TOKEN_ALGORITHMS),
                algorithms=_ID_TOKEN_ALGORITHMS,
                audience=config.id_token_audience or oidc.client_id,
                issuer=oidc.issuer,
                leeway=config.id_token_leeway_seconds,
                options={"require": ["exp", "sub", "iss", "aud"]},
            )
        except KeysUnavailable:
            raise HTTPException(503, "The keys of the identity provider cannot be had") from None
        except (jwt.PyJWTError, ValueError):
            raise HTTPException(502, "The id_token is not valid") from None
        if claims.get("nonce") != self._nonce(state):
            raise HTTPException(502, "The id_token belongs to another login")
        return claims

    def _land(self, request: Request, subject: str) -> Response:
        config = self._config
        token = issue_hs256_access_token(
            subject=subject,
            issuer=config.token_issuer,
            audience=config.token_audience,
            secret=self._secret,
            ttl_seconds=config.access_token_ttl_seconds,
        )
        code = secrets.token_urlsafe(32)
        self._store.save_exchange_token(code, token, now=time.time())
        root = self._app_root(request)
        target = with_query(self._origin(request) + root + config.streamlit_redirect_path, {"auth_code": code})
        response = RedirectResponse(target, 302, headers={"Referrer-Policy": "no-referrer"})
        # The page is below the app's root, not below the API's.
        value = proof(self._secret, "code", code)
        set_cookie(request, response, BINDING_COOKIE, value, path=root or "/", seconds=config.otc_ttl_seconds)
        response.delete_cookie(LOGIN_COOKIE, path=self._api_root(request) or "/")
        return _not_stored(response)

    def _nonce(self, state: str) -> str:
        return proof(self._secret, "nonce", state)

    def _callback_url(self, request: Request) -> str:
        return self._origin(request) + self._api_root(request) + self._config.callback_path

    def _origin(self, request: Request) -> str:
        configured = urlsplit(self._config.public_base_url)
        if configured.scheme and configured.netloc:
            return f"{configured.scheme}://{configured.netloc}"
        return f"{request.url.scheme}://{request.url.netloc}"

    def _api_root(self, request: Request) -> str:
        """Public prefix of the API, as the server was told."""
        return str(request.scope.get("root_path", "")).rstrip("/")

    def _app_root(self, request: Request) -> str:
        return self._api_root(request).removesuffix(self._config.api_prefix.rstrip("/"))


def _takes_nonce(oidc: OIDCProvider) -> bool:
    return "nonce" in inspect.signature(oidc.authorization_url).parameters


def _provider(ask: Any) -> Any:
    """What the provider answers; a provider that cannot be used is no fault of ours or of the browser."""
    try:
        return ask()
    except ProviderError as error:
        raise HTTPException(502, str(error)) from None


def _not_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


