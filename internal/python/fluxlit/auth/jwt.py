"""Bearer tokens as FastAPI dependencies, over PyJWT."""

# No `from __future__ import annotations`: FastAPI 0.111 cannot resolve such texts on objects with `__call__`.

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from fluxlit._optional import load
from fluxlit.auth.keys import KeySet, KeysUnavailable

if TYPE_CHECKING:
    from fluxlit.config import FluxlitSettings

SHORTEST_SECRET = 32
_LONGEST_TOKEN = 8192


class StandardClaims(BaseModel):
    """The claims of a token: the common ones, and as extra attributes all others."""

    model_config = ConfigDict(extra="allow")

    sub: str | None = None
    iss: str | None = None
    aud: str | list[str] | None = None
    exp: int | None = None
    iat: int | None = None
    nbf: int | None = None
    jti: str | None = None
    scope: str | None = None


@dataclass
class JWTAuthConfig:
    """Which tokens count: who issued them, for whom, and what checks their signature, a secret or a key set."""

    issuer: str
    audience: str | list[str]
    algorithms: list[str] = field(default_factory=lambda: ["RS256"])
    jwks_url: str | None = None
    hs256_secret: str | None = field(default=None, repr=False)
    leeway_seconds: int = 0


class JWTBearer:
    """A dependency with the claims of the request's token.

    401 without a token or with a bad one, 503 when the issuer's keys cannot be had.

    Raises:
        ValueError: when the configuration leaves open which tokens count, or a secret is too short to be one.
        MissingLibrary: without PyJWT.
    """

    def __init__(self, config: JWTAuthConfig) -> None:
        load("jwt")
        self._config = config
        symmetric = [name for name in config.algorithms if name.upper().startswith("HS")]
        if bool(config.hs256_secret) == bool(config.jwks_url):
            raise ValueError("a token is checked with hs256_secret or with jwks_url: give one of them")
        if config.hs256_secret:
            if "HS256" not in config.algorithms:
                raise ValueError('hs256_secret needs "HS256" in algorithms')
            check_secret(config.hs256_secret, "hs256_secret")
        elif symmetric or "none" in config.algorithms:
            # A public key taken for a secret is the classic forgery.
            raise ValueError("keys of jwks_url are public: algorithms must be RS, PS, ES or EdDSA ones")
        self._keys = KeySet(config.jwks_url) if config.jwks_url else None

    @classmethod
    def from_fluxlit_settings(cls, settings: "FluxlitSettings") -> "JWTBearer":
        """The dependency that FLUXLIT_JWT_* variables describe.

        Raises:
            ValueError: naming the variable that is missing or one too many.
        """
        missing = [name for name in ("jwt_issuer", "jwt_audience") if not getattr(settings, name)]
        if missing:
            raise ValueError(f"set {' and '.join('FLUXLIT_' + name.upper() for name in missing)}")
        if bool(settings.jwt_hs256_secret) == bool(settings.jwt_jwks_url):
            raise ValueError("set FLUXLIT_JWT_HS256_SECRET or FLUXLIT_JWT_JWKS_URL, one of them")
        return cls(
            JWTAuthConfig(
                issuer=settings.jwt_issuer,
                audience=settings.jwt_audience,
                algorithms=["HS256"] if settings.jwt_hs256_secret else ["RS256"],
                jwks_url=settings.jwt_jwks_url or None,
                hs256_secret=settings.jwt_hs256_secret or None,
                leeway_seconds=settings.jwt_leeway_seconds,
            )
        )

    async def __call__(self, request: Request) -> StandardClaims:
        """Checks one request."""
        token = _bearer_token(request)
        # Fetching keys blocks, and a signature takes a fraction of a millisecond: not on the event loop.
        return await run_in_threadpool(self._check, token)

    def _check(self, token: str) -> StandardClaims:
        jwt, config = load("jwt"), self._config
        try:
            key = config.hs256_secret if self._keys is None else self._keys.key_for(token, config.algorithms)
            claims = jwt.decode(
                token,
                key,
                algorithms=config.algorithms,
                audience=config.audience,
                issuer=config.issuer,
                leeway=config.leeway_seconds,
                options={"require": ["exp"]},
            )
            return StandardClaims.model_validate(claims)
        except KeysUnavailable:
            raise HTTPException(503, "The keys of the issuer cannot be had", headers={"Retry-After": "5"}) from None
        except jwt.ExpiredSignatureError:
            raise _refused("Token expired") from None
        except (jwt.PyJWTError, ValidationError, ValueError):
            raise _refused("Invalid token") from None


class RequireScopes:
    """A dependency with the claims of a token that has all the scopes; 403 without one of them."""

    def __init__(self, bearer: JWTBearer, *scopes: str, scope_claim: str = "scope") -> None:
        self._bearer, self._scopes, self._claim = bearer, scopes, scope_claim

    async def __call__(self, request: Request) -> StandardClaims:
        """Checks one request."""
        claims = await self._bearer(request)
        if not set(self._scopes) <= set(_words(claims, self._claim)):
            raise _forbidden("Insufficient scope", f', scope="{" ".join(self._scopes)}"')
        return claims


class RequireRoles:
    """A dependency with the claims of a token that has one of the roles; 403 without any of them."""

    def __init__(self, bearer: JWTBearer, *roles: str, roles_claim: str = "roles") -> None:
        self._bearer, self._roles, self._claim = bearer, roles, roles_claim

    async def __call__(self, request: Request) -> StandardClaims:
        """Checks one request."""
        claims = await self._bearer(request)
        if set(self._roles).isdisjoint(_words(claims, self._claim, split=False)):
            raise _forbidden("Insufficient role", "")
        return claims


def issue_hs256_access_token(
    *,
    subject: str,
    issuer: str,
    audience: str | list[str],
    secret: str,
    ttl_seconds: int,
    extra_claims: Mapping[str, Any] | None = None,
) -> str:
    """A token for `make_jwt_bearer` to check.

    Raises:
        ValueError: when the secret is shorter than 32 bytes.
        MissingLibrary: without PyJWT.
    """
    check_secret(secret, "secret")
    now = int(time.time())
    own = {"sub": subject, "iss": issuer, "aud": audience, "iat": now, "exp": now + ttl_seconds}
    token: str = load("jwt").encode({**(extra_claims or {}), **own}, secret, algorithm="HS256")
    return token


def check_secret(secret: str, name: str) -> None:
    """RFC 7518 3.2: a key of HS256 has as many bits as the hash.

    Raises:
        ValueError: when it has fewer.
    """
    if len(secret.encode()) < SHORTEST_SECRET:
        raise ValueError(
            f"{name} is shorter than {SHORTEST_SECRET} bytes, and can be guessed: "
            "python -c 'import secrets; print(secrets.token_urlsafe(48))' makes one"
        )


def _bearer_token(request: Request) -> str:
    values = request.headers.getlist("Authorization")
    if len(values) > 1:
        raise HTTPException(400, "More than one Authorization header")
    scheme, _, token = (values[0] if values else "").partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401, "Missing bearer token", headers={"WWW-Authenticate": "Bearer"})
    token = token.strip()
    if not token:
        raise HTTPException(401, "Empty bearer token", headers={"WWW-Authenticate": "Bearer"})
    if len(token) > _LONGEST_TOKEN:
        raise _refused("Invalid token")
    return token


def _refused(detail: str) -> HTTPException:
    return HTTPException(401, detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def _forbidden(detail: str, parameters: str) -> HTTPException:
    challenge = f'Bearer error="insufficient_scope"{parameters}'
    return HTTPException(403, detail, headers={"WWW-Authenticate": challenge})


def _words(claims: StandardClaims, name: str, *, split: bool = True) -> Sequence[str]:
    value = claims.model_dump().get(name)
    if isinstance(value, str):
        return value.split() if split else [value]
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else []
