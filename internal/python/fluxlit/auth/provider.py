"""An OpenID Connect provider, found by its discovery document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError

from fluxlit._optional import load_httpx


class ProviderError(Exception):
    """The provider does not answer, or not as it should. The message holds nothing secret."""


class OIDCProvider(Protocol):
    """What a login needs of a provider. With a `nonce` parameter in `authorization_url` it is given one."""

    @property
    def issuer(self) -> str:
        """Its `iss`."""

    def authorization_url(
        self, *, redirect_uri: str, state: str, code_challenge: str, scope: str | None = None
    ) -> str:
        """Where a browser begins to log in."""

    def exchange_code(self, *, code: str, code_verifier: str, redirect_uri: str) -> dict[str, Any]:
        """The answer of the token endpoint."""


class OIDCDiscoveryDocument(BaseModel):
    """The part of the discovery document that is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@dataclass
class GenericOIDCClientConfig:
    """The app as its provider knows it."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    http_timeout: float = 30.0


class GenericOIDCClient:
    """Authorization code with PKCE. Discovery happens when it is first needed, or in `load_discovery_sync`."""

    def __init__(self, config: GenericOIDCClientConfig) -> None:
        self._config = config
        self._document: OIDCDiscoveryDocument | None = None

    @property
    def client_id(self) -> str:
        """The app's name at the provider."""
        return self._config.client_id

    @property
    def issuer(self) -> str:
        """As discovered, else as configured."""
        return self._document.issuer if self._document else self._config.issuer.rstrip("/")

    @property
    def jwks_uri(self) -> str:
        """Address of the provider's keys."""
        return self._discovered().jwks_uri

    def load_discovery_sync(self) -> None:
        """Fetches the discovery document.

        Raises:
            ProviderError: when there is none, or when it is another issuer's.
        """
        configured = self._config.issuer.rstrip("/")
        answer = self._asked("GET", f"{configured}/.well-known/openid-configuration")
        try:
            document = OIDCDiscoveryDocument.model_validate(answer)
        except ValidationError:
            raise ProviderError("The identity provider's discovery document is incomplete") from None
        if document.issuer.rstrip("/") != configured:
            raise ProviderError(f"The discovery document of {configured} is that of another issuer")
        self._document = document

    def authorization_url(
        self,
        *,
        redirect_uri: str,
        state: str,
        code_challenge: str,
        scope: str | None = None,
        nonce: str | None = None,
    ) -> str:
        """Where a browser begins to log in."""
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": scope or "openid profile email",
            "state": state,
            "code_challenge": code_challenge,
            "code_challenge_method": "S256",
            **({"nonce": nonce} if nonce is not None else {}),
        }
        return with_query(self._discovered().authorization_endpoint, query)

    def exchange_code(self, *, code: str, code_verifier: str, redirect_uri: str) -> dict[str, Any]:
        """The answer of the token endpoint.

        Raises:
            ProviderError: when it refuses, or does not answer.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self.client_id,
            "client_secret": self._config.client_secret,
            "code_verifier": code_verifier,
        }
        return self._asked("POST", self._discovered().token_endpoint, data=form)

    def _discovered(self) -> OIDCDiscoveryDocument:
        if self._document is None:
            self.load_discovery_sync()
        if self._document is None:
            raise ProviderError("The identity provider has no discovery document")
        return self._document

    def _asked(self, method: str, url: str, **kwargs: Any) -> dict[str, Any]:
        httpx = load_httpx()
        try:
            with httpx.Client(timeout=self._config.http_timeout) as client:
                response = client.request(method, url, headers={"Accept": "application/json"}, **kwargs)
            if response.status_code >= 400:
                raise ProviderError(f"The identity provider answers {response.status_code}")
            answer = response.json()
        except (httpx.HTTPError, httpx.InvalidURL):
            raise ProviderError("The identity provider does not answer") from None
        except ValueError:
            raise ProviderError("The identity provider's answer is no JSON") from None
        if not isinstance(answer, dict):
            raise ProviderError("The identity provider's answer is no JSON object")
        return answer


def with_query(url: str, query: dict[str, str]) -> str:
    """An address with more in its query."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
