"""Who asks, as the gateway says: in signed form where it signs, else in plain headers only it can have set. What pages need
needs no FastAPI."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from fluxlit._optional import load

ASSERTION_HEADER = "X-Fluxlit-Jwt-Assertion"
ASSERTION_AUDIENCE = "fluxlit-worker"
_ASSERTION_TYPE = "fluxlit-identity+jwt"


@dataclass(frozen=True)
class Identity:
    """Somebody the gateway has signed in. Text is exact, whatever the alphabet."""

    subject: str
    email: str | None = None
    name: str | None = None
    preferred_username: str | None = None
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Everything the signed form says; empty when there is none."""


def identity_from(header: Callable[[str], str | None]) -> Identity | None:
    """Who the headers of a request or of a page's WebSocket name.

    Where the gateway gave this process its public key, only what is signed with it counts.

    Raises:
        MissingLibrary: when there is a key and no PyJWT to check with.
    """
    key_set = os.environ.get("FLUXLIT_ASSERTION_JWKS")
    if key_set:
        return _from_assertion(header(ASSERTION_HEADER), key_set)
    return _from_plain(header)


def _from_plain(header: Callable[[str], str | None]) -> Identity | None:
    subject = _text(header("X-Forwarded-User"))
    if not subject:
        return None
    groups = (header("X-Forwarded-Groups") or "").split(",")
    return Identity(
        subject=subject,
        email=_text(header("X-Forwarded-Email")),
        name=_text(header("X-Fluxlit-Name")),
        preferred_username=_text(header("X-Forwarded-Preferred-Username")),
        # A comma inside a name is encoded, so it is split first.
        groups=tuple(unquote(group.strip(), errors="replace") for group in groups if group.strip()),
    )


def _text(value: str | None) -> str | None:
    return decode_header(value) if value else None


def _from_assertion(token: str | None, key_set: str) -> Identity | None:
    if not token:
        return None
    jwt = load("jwt")
    keys = _keys(key_set)
    try:
        head = jwt.get_unverified_header(token)
        key = keys.get(head.get("kid"))
        if key is None or head.get("typ") != _ASSERTION_TYPE:
            return None
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["ES256"],
            audience=ASSERTION_AUDIENCE,
            leeway=10,
            options={"require": ["exp", "sub", "aud", "iss"]},
        )
    except jwt.PyJWTError:
        return None
    return Identity(
        subject=str(claims["sub"]),
        email=claims.get("email"),
        name=claims.get("name"),
        preferred_username=claims.get("preferred_username"),
        groups=tuple(claims.get("groups") or ()),
        roles=tuple(claims.get("roles") or ()),
        scopes=tuple((claims.get("scope") or "").split()),
        claims=claims,
    )


@lru_cache(maxsize=4)
def _keys(key_set: str) -> dict[str | None, Any]:
    jwt = load("jwt")
    return {key.get("kid"): jwt.PyJWK(key).key for key in json.loads(key_set)["keys"]}


def decode_header(value: str) -> str:
    """Text of a header: percent-encoded UTF-8 as the gateway writes it, else UTF-8 that was read as Latin-1."""
    if value.isascii():
        return unquote(value, errors="replace")
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
