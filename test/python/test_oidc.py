"""A login of the app's own, against a provider on a real port."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from keys import SECRET, rs256, rsa_jwk
from served import Asked, Served, serve

from fluxlit import (
    FluxLit,
    FluxlitSettings,
    FluxLitTestClient,
    GenericOIDCClient,
    GenericOIDCClientConfig,
    InMemoryOIDCBFFTokenStore,
    JWTAuthConfig,
    JWTBearer,
    OIDCBFFConfig,
    pkce_pair,
    register_oidc_bff_routes,
)
from fluxlit.auth.provider import ProviderError


@dataclass
class Provider:
    """An identity provider in this process."""

    served: Served
    token: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    challenge: str = ""
    keys_status: int = 200

    @property
    def keys_fetched(self) -> int:
        return sum(asked.path == "/keys" for asked in self.served.asked)

    def client(self) -> GenericOIDCClient:
        return GenericOIDCClient(GenericOIDCClientConfig(self.served.url, "shop", "secret", http_timeout=5))


@pytest.fixture
def provider() -> Iterator[Provider]:
    def answer(asked: Asked) -> Any:
        if asked.path == "/.well-known/openid-configuration":
            url = made.served.url
            return 200, {
                "issuer": url,
                "authorization_endpoint": f"{url}/authorize?tenant=1",
                "token_endpoint": f"{url}/token",
                "jwks_uri": f"{url}/keys",
            }
        if asked.path == "/keys":
            return made.keys_status, {"keys": [rsa_jwk("provider")]}
        verifier = asked.form["code_verifier"]
        sent = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        return (made.status, made.token) if sent == made.challenge else (400, {"error": "invalid_grant"})

    with serve(answer) as served:
        made = Provider(served)
        yield made


class Browser:
    """A browser with cookies of its own in front of an app."""

    def __init__(self, app: FluxLit, provider: Provider, *, root: str = "", base: str = "https://testserver") -> None:
        self.client = FluxLitTestClient(app, root_mount=root).api
        self.client.follow_redirects = False
        self.client.base_url = base
        self.provider, self.root = provider, root

    def get(self, path: str) -> Any:
        return self.client.get(f"{self.root}/api{path}")

    def begin(self) -> dict[str, str]:
        answer = self.get("/auth/login")
        assert answer.status_code == 302, answer.text
        query = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
        self.provider.challenge = query["code_challenge"]
        self.provider.token = {"id_token": self.id_token(query)}
        return query

    def id_token(self, query: dict[str, str], **changes: Any) -> str:
        own = {"iss": self.provider.served.url, "aud": "shop", "nonce": query["nonce"], "sub": "ada"}
        return rs256("provider", **{**own, **changes})

    def come_back(self, query: dict[str, str], code: str = "from-provider") -> Any:
        return self.get(f"/auth/callback?code={code}&state={query['state']}")

    def exchange(self, code: str, **body: Any) -> Any:
        return self.client.post(f"{self.root}/api/auth/exchange", json={"code": code, **body})


def app_with(provider: Provider, **overrides: Any) -> FluxLit:
    app = FluxLit(settings=FluxlitSettings(oidc_bff_secret=SECRET))
    app.attach_oidc_login(provider.client(), **overrides)
    return app


def code_in(answer: Any) -> str:
    return parse_qs(urlsplit(answer.headers["location"]).query)["auth_code"][0]


@pytest.fixture
def browser(provider: Provider) -> Browser:
    return Browser(app_with(provider, public_base_url="https://app.example"), provider)


def test_a_login_leads_to_a_token_the_api_takes(browser: Browser) -> None:
    query = browser.begin()
    assert (query["tenant"], query["client_id"], query["response_type"]) == ("1", "shop", "code")
    assert (query["scope"], query["code_challenge_method"]) == ("openid profile email", "S256")
    landed = browser.come_back(query)
    assert landed.headers["location"].startswith("https://app.example/?auth_code=")
    assert landed.headers["cache-control"] == "no-store"
    answer = browser.exchange(code_in(landed))
    assert answer.json()["token_type"] == "bearer"
    bearer = JWTBearer(JWTAuthConfig("fluxlit-bff", "fluxlit-app", ["HS256"], hs256_secret=SECRET))
    assert bearer._check(answer.json()["access_token"]).sub == "ada"


@pytest.mark.parametrize(
    ("root", "base", "callback", "landing"),
    [
        ("", "https://app.example", "https://app.example/api/auth/callback", "https://app.example/?"),
        ("/tools", "https://app.example", "https://app.example/tools/api/auth/callback", "https://app.example/tools/?"),
        ("/tools", "https://app.example/tools", "https://app.example/tools/api/auth/callback", "https://app.example/tools/?"),
        ("", "", "https://testserver/api/auth/callback", "https://testserver/?"),
    ],
)
def test_the_provider_leads_back_below_the_apis_prefix_and_the_app_to_its_pages(
    provider: Provider, root: str, base: str, callback: str, landing: str
) -> None:
    browser = Browser(app_with(provider, public_base_url=base), provider, root=root)
    query = browser.begin()
    assert query["redirect_uri"] == callback
    landed = browser.come_back(query)
    assert landed.headers["location"].startswith(landing)
    assert provider.served.asked[-2].form["redirect_uri"] == callback
    assert browser.exchange(code_in(landed)).status_code == 200


def test_a_login_somebody_else_began_is_refused(browser: Browser, provider: Provider) -> None:
    query = browser.begin()
    victim = Browser(app_with(provider), provider)
    assert victim.come_back(query).status_code == 400
    victim.begin()
    assert victim.come_back(query).status_code == 400


def test_a_code_works_once_and_only_in_the_browser_that_got_it(browser: Browser, provider: Provider) -> None:
    landed = browser.come_back(browser.begin())
    code = code_in(landed)
    binding = browser.client.cookies["fluxlit_app_code"]
    thief = Browser(browser.client.app, provider)
    assert thief.exchange(code).status_code == 401
    assert thief.exchange(code, binding="guessed").status_code == 401
    browser.client.cookies.clear()
    # As a page does it: the cookie is in its own request's headers, and goes along in the body.
    assert browser.exchange(code, binding=binding).status_code == 200
    assert browser.exchange(code, binding=binding).status_code == 401


def test_cookies_are_for_this_browser_only(browser: Browser) -> None:
    login = browser.get("/auth/login").headers["set-cookie"]
    assert all(word in login for word in ("HttpOnly", "Secure", "SameSite=lax", "Max-Age=600"))
    landed = browser.come_back(browser.begin())
    code, removed = landed.headers.get_list("set-cookie")
    assert all(word in code for word in ("HttpOnly", "Secure", "SameSite=lax", "Max-Age=120", "Path=/;"))
    assert 'fluxlit_app_login=""' in removed


def test_a_state_works_once(browser: Browser) -> None:
    query = browser.begin()
    cookies = dict(browser.client.cookies)
    assert browser.come_back(query).status_code == 302
    browser.client.cookies.update(cookies)
    assert browser.come_back(query).status_code == 400


def test_an_id_token_of_another_login_is_refused(browser: Browser) -> None:
    query = browser.begin()
    browser.provider.token = {"id_token": browser.id_token(query, nonce="other")}
    answer = browser.come_back(query)
    assert (answer.status_code, answer.json()["detail"]) == (502, "The id_token belongs to another login")


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://other"}, {"aud": "other"}, {"exp": 1}, {"sub": None}, {"exp": None}],
)
def test_a_bad_id_token_is_502(browser: Browser, changes: dict[str, Any]) -> None:
    query = browser.begin()
    browser.provider.token = {"id_token": browser.id_token(query, **changes)}
    assert browser.come_back(query).status_code == 502


@pytest.mark.parametrize("token", [{}, {"id_token": 3}, {"id_token": "nonsense"}, ["list"]])
def test_an_answer_without_an_id_token_is_502(browser: Browser, token: Any) -> None:
    query = browser.begin()
    browser.provider.token = token
    assert browser.come_back(query).status_code == 502


def test_an_id_token_of_an_unknown_key_is_502_and_missing_keys_are_503(browser: Browser) -> None:
    query = browser.begin()
    browser.provider.keys_status = 500
    assert browser.come_back(query).status_code == 503
    other = Browser(app_with(browser.provider), browser.provider)
    other.provider.keys_status = 200
    query = other.begin()
    other.provider.token = {"id_token": rs256("stranger", iss=other.provider.served.url, aud="shop")}
    assert other.come_back(query).status_code == 502


def test_a_token_endpoint_that_refuses_is_502(browser: Browser) -> None:
    query = browser.begin()
    browser.provider.status = 400
    answer = browser.come_back(query)
    assert (answer.status_code, answer.json()["detail"]) == (502, "The identity provider answers 400")


def test_keys_are_fetched_once_for_many_logins(browser: Browser) -> None:
    for _ in range(3):
        assert browser.come_back(browser.begin()).status_code == 302
    assert browser.provider.keys_fetched == 1


def test_a_login_that_was_called_off_is_said(browser: Browser) -> None:
    query = browser.begin()
    answer = browser.get(f"/auth/callback?error=access_denied&state={query['state']}")
    assert answer.status_code == 401


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x", "?code=x&state=y"])
def test_a_callback_without_a_login_is_400(browser: Browser, query: str) -> None:
    assert browser.get(f"/auth/callback{query}").status_code == 400


def test_an_answer_of_another_provider_is_refused(browser: Browser) -> None:
    query = browser.begin()
    answer = browser.get(f"/auth/callback?code=x&state={query['state']}&iss=https://other")
    assert (answer.status_code, answer.json()["detail"]) == (400, "The answer is that of another identity provider")
    assert browser.get(f"/auth/callback?code=x&state={query['state']}&iss={browser.provider.served.url}").status_code == 302


def test_a_short_code_is_no_code(browser: Browser) -> None:
    assert browser.exchange("short").status_code == 422


def test_a_provider_without_verifiable_tokens_needs_to_be_allowed(provider: Provider) -> None:
    class Own:
        issuer = "own"

        def authorization_url(self, *, redirect_uri: str, state: str, code_challenge: str, scope: Any = None) -> str:
            return f"https://own.example/?code_challenge={code_challenge}&state={state}&nonce="

        def exchange_code(self, *, code: str, code_verifier: str, redirect_uri: str) -> dict[str, Any]:
            return {"id_token": rs256("whoever", sub="eve")}

    def landed(**changes: Any) -> Any:
        app = FluxLit()
        register_oidc_bff_routes(app.api, OIDCBFFConfig(Own(), SECRET, **changes))
        browser = Browser(app, provider)
        state = parse_qs(urlsplit(browser.get("/auth/login").headers["location"]).query)["state"][0]
        return browser.come_back({"state": state})

    assert landed().status_code == 500
    assert landed(allow_unverified_id_token_for_custom_oidc=True).status_code == 302


def test_stores_are_given_the_time_of_the_day(provider: Provider) -> None:
    times: list[float] = []

    class Store(InMemoryOIDCBFFTokenStore):
        def save_pkce_verifier(self, state: str, code_verifier: str, *, now: float) -> None:
            times.append(now)
            super().save_pkce_verifier(state, code_verifier, now=now)

    browser = Browser(app_with(provider, bff_token_store=Store()), provider)
    assert browser.come_back(browser.begin()).status_code == 302
    assert abs(times[0] - time.time()) < 60


def test_what_is_stored_ends_and_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fluxlit.auth.token_store._MOST", 3)
    store = InMemoryOIDCBFFTokenStore(state_ttl_seconds=10, otc_ttl_seconds=5)
    for number in range(5):
        store.save_pkce_verifier(f"s{number}", "v", now=100)
    assert [store.pop_pkce_verifier(f"s{number}", now=101) for number in range(5)] == [None, None, "v", "v", "v"]
    store.save_exchange_token("code", "token", now=100)
    assert store.pop_exchange_token("code", now=106) is None


def test_discovery_happens_when_it_is_needed_and_checks_whose_it_is(provider: Provider) -> None:
    client = provider.client()
    assert provider.served.asked == []
    client.load_discovery_sync()
    assert client.issuer == provider.served.url
    with serve(lambda asked: (200, {"issuer": "https://other"})) as wrong, pytest.raises(ProviderError, match="incomplete"):
        GenericOIDCClient(GenericOIDCClientConfig(wrong.url, "a", "b")).load_discovery_sync()
    document = {name: "https://x" for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")}
    with serve(lambda asked: (200, document)) as foreign, pytest.raises(ProviderError, match="another issuer"):
        GenericOIDCClient(GenericOIDCClientConfig(foreign.url, "a", "b")).load_discovery_sync()
    with serve(lambda asked: (503, {})) as away, pytest.raises(ProviderError, match="answers 503"):
        GenericOIDCClient(GenericOIDCClientConfig(away.url, "a", "b")).load_discovery_sync()
    assert "secret" not in repr(GenericOIDCClientConfig("i", "c", "secret"))


def test_an_app_has_one_login_and_it_needs_a_secret(provider: Provider) -> None:
    with pytest.raises(ValueError, match="FLUXLIT_OIDC_BFF_SECRET"):
        FluxLit().attach_oidc_login(provider.client())
    with pytest.raises(ValueError, match="shorter than 32 bytes"):
        FluxLit().attach_oidc_login(provider.client(), first_party_secret="short")
    app = app_with(provider)
    with pytest.raises(ValueError, match="called before"):
        app.attach_oidc_login(provider.client())


def test_pkce_pairs_belong_together() -> None:
    verifier, challenge = pkce_pair()
    digest = hashlib.sha256(verifier.encode()).digest()
    assert challenge == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert len(verifier) >= 43
