"""Keys and tokens for tests, made once."""

from __future__ import annotations

import json
import time
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

SECRET = "a secret of at least 32 bytes, for tests"


@lru_cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """A key pair for a name."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@lru_cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    """A P-256 key pair for a name."""
    return ec.generate_private_key(ec.SECP256R1())


def rsa_jwk(name: str) -> dict[str, Any]:
    """The public half, with the name as its id."""
    jwk: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key(name).public_key()))
    return {**jwk, "kid": name, "use": "sig", "alg": "RS256"}


def ec_jwk(name: str) -> dict[str, Any]:
    """The public half, with the name as its id."""
    jwk: dict[str, Any] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec_key(name).public_key()))
    return {**jwk, "kid": name, "use": "sig", "alg": "ES256"}


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that count for five minutes; a value of None removes one."""
    now = int(time.time())
    merged = {"iss": "https://issuer", "aud": "api", "sub": "ada", "iat": now, "exp": now + 300, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def hs256(secret: str = SECRET, **changes: Any) -> str:
    """A token signed with a secret."""
    return jwt.encode(claims(**changes), secret, algorithm="HS256")


def rs256(key: str, *, kid: str | None = "", **changes: Any) -> str:
    """A token signed with a key pair; `kid` None leaves its id out."""
    headers = {} if kid is None else {"kid": kid or key}
    return jwt.encode(claims(**changes), rsa_key(key), algorithm="RS256", headers=headers)
