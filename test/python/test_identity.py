"""Who asks, from the gateway and from other proxies."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from fastapi import Depends
from keys import claims, ec_jwk, ec_key

from fluxlit import FluxLit, FluxLitTestClient, Identity, current_identity, page_identity, require_identity
from fluxlit._context import replaced_request
from fluxlit.auth import TrustedProxyUser, TrustedProxyUserConfig, proxy_user_header
from fluxlit.auth.identity import identity_from

NAME = "Łukasz Żółć 王"
ENCODED = "%C5%81ukasz %C5%BB%C3%B3%C5%82%C4%87 %E7%8E%8B"
PLAIN = {
    "X-Forwarded-User": "u%2542",
    "X-Forwarded-Email": "ada@example.com",
    "X-Fluxlit-Name": ENCODED,
    "X-Forwarded-Groups": "a%2Cb,%C3%A4,plain",
}


def app() -> FluxLitTestClient:
    made = FluxLit()

    @made.api.get("/maybe")
    async def maybe(who: Identity | None = Depends(current_identity)) -> Any:
        return None if who is None else [who.subject, who.name, who.email, list(who.groups), list(who.roles)]

    @made.api.get("/must")
    async def must(who: Identity = Depends(require_identity)) -> str:
        return who.subject

    return FluxLitTestClient(made)


def signed(*, key: str = "gateway", kid: str = "gateway", typ: str = "fluxlit-identity+jwt", **changes: Any) -> str:
    own = {"aud": "fluxlit-worker", "iss": "https://app", "name": NAME, "groups": ["a,b", "ä"], "roles": ["admin"]}
    content = claims(**{**own, "scope": "read write", **changes})
    return jwt.encode(content, ec_key(key), algorithm="ES256", headers={"kid": kid, "typ": typ})


@pytest.fixture
def key_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUXLIT_ASSERTION_JWKS", json.dumps({"keys": [ec_jwk("gateway")]}))


def test_plain_headers_arrive_exactly_whatever_the_alphabet() -> None:
    found = app().api_get("/maybe", headers=PLAIN).json()
    assert found == ["u%42", NAME, "ada@example.com", ["a,b", "ä", "plain"], []]


def test_nobody_is_nobody() -> None:
    assert app().api_get("/maybe").json() is None
    refused = app().api_get("/must")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert app().api_get("/must", headers=PLAIN).json() == "u%42"


def test_pages_know_their_user() -> None:
    assert page_identity() is None
    with replaced_request(headers=PLAIN):
        found = page_identity()
    assert found is not None and found.name == NAME


@pytest.mark.usefixtures("key_set")
def test_where_the_gateway_signs_only_what_is_signed_counts() -> None:
    assert app().api_get("/maybe", headers=PLAIN).json() is None
    found = app().api_get("/maybe", headers={**PLAIN, "X-Fluxlit-Jwt-Assertion": signed()}).json()
    assert found == ["ada", NAME, None, ["a,b", "ä"], ["admin"]]


@pytest.mark.usefixtures("key_set")
@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        signed(exp=1),
        signed(aud="somebody-else"),
        signed(sub=None),
        signed(key="other"),
        signed(key="other", kid="other"),
        signed(typ="JWT"),
        jwt.encode(claims(aud="fluxlit-worker"), None, algorithm="none"),
    ],
)
def test_a_bad_assertion_is_nobody(token: str) -> None:
    assert identity_from({"X-Fluxlit-Jwt-Assertion": token}.get) is None


@pytest.mark.usefixtures("key_set")
def test_the_claims_of_an_assertion_are_there() -> None:
    found = identity_from({"X-Fluxlit-Jwt-Assertion": signed(amr=["otp"])}.get)
    assert found is not None
    assert (found.scopes, found.claims["amr"]) == (("read", "write"), ["otp"])
    assert "otp" not in repr(found)


def proxied(dependency: Any) -> FluxLitTestClient:
    made = FluxLit()

    @made.api.get("/me")
    async def me(user: Any = Depends(dependency)) -> Any:
        return user

    return FluxLitTestClient(made)


def test_a_header_of_a_proxy_is_read_as_text() -> None:
    client = proxied(proxy_user_header())
    assert client.api_get("/me").json() is None
    assert client.api_get("/me", headers={"X-Remote-User": "ada"}).json() == "ada"
    assert client.api_get("/me", headers={"X-Remote-User": "%C5%81ukasz"}).json() == "Łukasz"
    assert client.api_get("/me", headers={"X-Remote-User": "Jürgen".encode()}).json() == "Jürgen"
    assert client.api_get("/me", headers={"X-Remote-User": "Jürgen".encode("latin-1")}).json() == "Jürgen"
    twice = client.api_get("/me", headers=[("X-Remote-User", "ada"), ("X-Remote-User", "eve")])
    assert twice.status_code == 400


def test_a_trusted_proxy_has_to_be_one() -> None:
    user = {"X-Remote-User": "ada"}
    assert proxied(TrustedProxyUser()).api_get("/me", headers=user).json() == "ada"
    assert proxied(TrustedProxyUser()).api_get("/me").status_code == 401
    assert proxied(TrustedProxyUser(TrustedProxyUserConfig(require_non_empty_user=False))).api_get("/me").json() == ""
    named = TrustedProxyUserConfig(header_name="X-User", trusted_client_hosts=frozenset({"testclient"}))
    assert proxied(TrustedProxyUser(named)).api_get("/me", headers={"X-User": "eve"}).json() == "eve"
    other = TrustedProxyUserConfig(trusted_client_hosts=frozenset({"10.0.0.1"}))
    assert proxied(TrustedProxyUser(other)).api_get("/me", headers=user).status_code == 403


def test_a_forged_scheme_does_not_count_as_https() -> None:
    client = proxied(TrustedProxyUser(TrustedProxyUserConfig(require_https=True)))
    forged = {"X-Remote-User": "ada", "X-Forwarded-Proto": "https"}
    assert client.api_get("/me", headers=forged).status_code == 403
    assert client.api.get("https://testserver/api/me", headers=forged).json() == "ada"
