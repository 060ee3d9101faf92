"""Bearer tokens."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from fastapi import Depends
from keys import SECRET, claims, hs256, rs256, rsa_jwk
from served import serve

from fluxlit import (
    FluxLit,
    FluxlitSettings,
    FluxLitTestClient,
    JWTAuthConfig,
    JWTBearer,
    RequireRoles,
    RequireScopes,
    StandardClaims,
    issue_hs256_access_token,
)

Ask = Callable[..., Any]


def api_with(dependency: Any) -> Ask:
    app = FluxLit()

    @app.api.get("/me")
    def me(found: StandardClaims = Depends(dependency)) -> dict[str, Any]:
        return found.model_dump(exclude_none=True)

    client = FluxLitTestClient(app)

    def ask(token: str | None = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {token}"} if token is not None else headers
        return client.api_get("/me", headers=sent)

    return ask


def hs256_bearer(**changes: Any) -> JWTBearer:
    return JWTBearer(JWTAuthConfig("https://issuer", "api", ["HS256"], hs256_secret=SECRET, **changes))


def jwks_bearer(url: str) -> JWTBearer:
    return JWTBearer(JWTAuthConfig("https://issuer", "api", jwks_url=url))


def test_a_good_token_gives_its_claims() -> None:
    answer = api_with(hs256_bearer())(hs256(team="blue"))
    assert answer.status_code == 200
    assert (answer.json()["sub"], answer.json()["team"]) == ("ada", "blue")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
def test_the_scheme_has_no_case(scheme: str) -> None:
    assert api_with(hs256_bearer())(Authorization=f"{scheme} {hs256()}").status_code == 200


@pytest.mark.parametrize(
    ("headers", "detail", "challenge"),
    [
        ({}, "Missing bearer token", "Bearer"),
        ({"Authorization": "Basic eA=="}, "Missing bearer token", "Bearer"),
        ({"Authorization": "Bearer "}, "Empty bearer token", "Bearer"),
        ({"Authorization": "Bearer x"}, "Invalid token", 'Bearer error="invalid_token"'),
        ({"Authorization": f"Bearer {hs256(exp=1)}"}, "Token expired", 'Bearer error="invalid_token"'),
        ({"Authorization": f"Bearer {hs256(exp=None)}"}, "Invalid token", 'Bearer error="invalid_token"'),
        ({"Authorization": f"Bearer {hs256(aud='other')}"}, "Invalid token", 'Bearer error="invalid_token"'),
        ({"Authorization": f"Bearer {hs256(aud=None)}"}, "Invalid token", 'Bearer error="invalid_token"'),
        ({"Authorization": f"Bearer {hs256(iss='other')}"}, "Invalid token", 'Bearer error="invalid_token"'),
        ({"Authorization": f"Bearer {hs256(nbf=4102444800)}"}, "Invalid token", 'Bearer error="invalid_token"'),
        ({"Authorization": f"Bearer {hs256(secret='x' * 32)}"}, "Invalid token", 'Bearer error="invalid_token"'),
        ({"Authorization": f"Bearer {'a' * 9000}"}, "Invalid token", 'Bearer error="invalid_token"'),
    ],
)
def test_a_bad_token_is_401_with_a_challenge(headers: dict[str, str], detail: str, challenge: str) -> None:
    answer = api_with(hs256_bearer())(**headers)
    assert (answer.status_code, answer.json()["detail"]) == (401, detail)
    assert answer.headers["www-authenticate"] == challenge


def test_an_unsigned_token_is_refused() -> None:
    unsigned = jwt.encode(claims(), None, algorithm="none")
    assert api_with(hs256_bearer())(unsigned).status_code == 401


def test_two_authorization_headers_are_refused() -> None:
    app = FluxLit()

    @app.api.get("/me")
    def me(found: StandardClaims = Depends(hs256_bearer())) -> None: ...

    headers = [("Authorization", f"Bearer {hs256()}"), ("Authorization", "Bearer other")]
    assert FluxLitTestClient(app).api_get("/me", headers=headers).status_code == 400


def test_clocks_may_differ_as_far_as_is_allowed() -> None:
    past = claims()["iat"] - 20
    assert api_with(hs256_bearer(leeway_seconds=60))(hs256(exp=past)).status_code == 200
    assert api_with(hs256_bearer())(hs256(exp=past)).status_code == 401


def test_all_scopes_are_needed_and_one_is_missing_is_403_with_a_challenge() -> None:
    ask = api_with(RequireScopes(hs256_bearer(), "read", "write"))
    assert ask(hs256(scope="read write")).status_code == 200
    refused = ask(hs256(scope="read"))
    assert (refused.status_code, refused.json()["detail"]) == (403, "Insufficient scope")
    assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="read write"'
    assert ask(hs256()).status_code == 403
    assert ask(None).status_code == 401
    listed = api_with(RequireScopes(hs256_bearer(), "read", scope_claim="scp"))
    assert listed(hs256(scp=["read", "x"])).status_code == 200
    assert listed(hs256(scp=7)).status_code == 403


def test_one_role_is_enough() -> None:
    ask = api_with(RequireRoles(hs256_bearer(), "admin", "owner"))
    assert ask(hs256(roles=["owner"])).status_code == 200
    assert ask(hs256(roles="admin")).status_code == 200
    refused = ask(hs256(roles=["guest"]))
    assert (refused.status_code, refused.json()["detail"]) == (403, "Insufficient role")
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert api_with(RequireRoles(hs256_bearer(), "x", roles_claim="groups"))(hs256(groups=["x"])).status_code == 200


def test_our_own_tokens_are_good_and_carry_more() -> None:
    token = issue_hs256_access_token(
        subject="ada", issuer="https://issuer", audience="api", secret=SECRET, ttl_seconds=60,
        extra_claims={"sub": "eve", "team": "blue"},
    )
    answer = api_with(hs256_bearer())(token)
    assert (answer.json()["sub"], answer.json()["team"]) == ("ada", "blue")


@pytest.mark.parametrize("secret", ["short", "x" * 31])
def test_a_secret_that_can_be_guessed_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="shorter than 32 bytes"):
        JWTBearer(JWTAuthConfig("i", "a", ["HS256"], hs256_secret=secret))
    with pytest.raises(ValueError, match="shorter than 32 bytes"):
        issue_hs256_access_token(subject="a", issuer="i", audience="a", secret=secret, ttl_seconds=1)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (JWTAuthConfig("i", "a"), "hs256_secret or with jwks_url"),
        (JWTAuthConfig("i", "a", ["HS256"], jwks_url="http://x", hs256_secret=SECRET), "hs256_secret or with jwks_url"),
        (JWTAuthConfig("i", "a", ["RS256"], hs256_secret=SECRET), '"HS256" in algorithms'),
        (JWTAuthConfig("i", "a", ["RS256", "HS256"], jwks_url="http://x"), "are public"),
        (JWTAuthConfig("i", "a", ["none"], jwks_url="http://x"), "are public"),
    ],
)
def test_a_configuration_that_leaves_open_what_counts_is_refused(config: JWTAuthConfig, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        JWTBearer(config)


def test_settings_make_a_bearer_and_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="FLUXLIT_JWT_ISSUER and FLUXLIT_JWT_AUDIENCE"):
        FluxLit().make_jwt_bearer()
    monkeypatch.setenv("FLUXLIT_JWT_ISSUER", "https://issuer")
    monkeypatch.setenv("FLUXLIT_JWT_AUDIENCE", "api")
    with pytest.raises(ValueError, match="FLUXLIT_JWT_HS256_SECRET or FLUXLIT_JWT_JWKS_URL"):
        FluxLit().make_jwt_bearer()
    monkeypatch.setenv("FLUXLIT_JWT_HS256_SECRET", SECRET)
    assert api_with(FluxLit().make_jwt_bearer())(hs256()).status_code == 200
    with pytest.raises(ValueError, match="one of them"):
        JWTBearer.from_fluxlit_settings(FluxlitSettings(jwt_jwks_url="http://x"))


def test_keys_of_an_issuer_are_fetched_once_and_again_when_a_new_one_appears() -> None:
    keys = [rsa_jwk("one")]
    with serve(lambda asked: (200, {"keys": keys})) as issuer:
        ask = api_with(jwks_bearer(issuer.url))
        assert [ask(rs256("one")).status_code for _ in range(3)] == [200, 200, 200]
        assert len(issuer.asked) == 1
        assert ask(rs256("one", kid=None)).status_code == 200


def test_a_rotated_key_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("fluxlit.auth.keys.time.monotonic", lambda: clock[0])
    keys = [rsa_jwk("one")]
    with serve(lambda asked: (200, {"keys": keys})) as issuer:
        ask = api_with(jwks_bearer(issuer.url))
        assert ask(rs256("one")).status_code == 200
        keys[:] = [rsa_jwk("two"), rsa_jwk("one")]
        clock[0] += 31
        assert ask(rs256("two")).status_code == 200
        # Without an id there must be no choice.
        assert ask(rs256("one", kid=None)).status_code == 401


def test_unknown_keys_are_401_and_do_not_make_us_ask_for_each() -> None:
    with serve(lambda asked: (200, {"keys": [rsa_jwk("one")]})) as issuer:
        ask = api_with(jwks_bearer(issuer.url))
        for number in range(5):
            answer = ask(rs256("two", kid=f"unknown-{number}"))
            assert (answer.status_code, answer.json()["detail"]) == (401, "Invalid token")
        assert len(issuer.asked) == 1


def test_an_issuer_that_cannot_be_reached_is_503() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        answer = api_with(jwks_bearer(f"http://127.0.0.1:{closed.getsockname()[1]}"))(rs256("one"))
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


@pytest.mark.parametrize("answer", [(500, {}), (200, {"keys": []}), (200, ["nonsense"])])
def test_an_issuer_that_answers_nonsense_is_503(answer: Any) -> None:
    with serve(lambda asked: answer) as issuer:
        assert api_with(jwks_bearer(issuer.url))(rs256("one")).status_code == 503


def test_known_keys_count_while_the_issuer_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("fluxlit.auth.keys.time.monotonic", lambda: clock[0])
    answers = [(200, {"keys": [rsa_jwk("one")]}), (500, {})]
    with serve(lambda asked: answers.pop(0)) as issuer:
        ask = api_with(jwks_bearer(issuer.url))
        assert ask(rs256("one")).status_code == 200
        clock[0] += 400
        assert ask(rs256("one")).status_code == 200
        assert ask(rs256("two")).status_code == 401


def test_a_public_key_is_no_secret() -> None:
    with serve(lambda asked: (200, {"keys": [rsa_jwk("one")]})) as issuer:
        assert api_with(jwks_bearer(issuer.url))(hs256()).status_code == 401


def test_who_has_keys_does_not_wait_for_the_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("fluxlit.auth.keys.time.monotonic", lambda: clock[0])
    asked_again, answer_now = threading.Event(), threading.Event()

    def answer(asked: Any) -> Any:
        if len(issuer.asked) > 1:
            asked_again.set()
            answer_now.wait(10)
        return 200, {"keys": [rsa_jwk("one")]}

    with serve(answer) as issuer:
        bearer = jwks_bearer(issuer.url)
        assert bearer._check(rs256("one")).sub == "ada"
        clock[0] += 400
        slow = threading.Thread(target=bearer._check, args=(rs256("one"),))
        slow.start()
        assert asked_again.wait(10)
        assert bearer._check(rs256("one")).sub == "ada"
        answer_now.set()
        slow.join(10)
    assert len(issuer.asked) == 2


def test_an_issuer_that_is_back_is_asked_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("fluxlit.auth.keys.time.monotonic", lambda: clock[0])
    answers = [(500, {}), (200, {"keys": [rsa_jwk("one")]})]
    with serve(lambda asked: answers.pop(0)) as issuer:
        ask = api_with(jwks_bearer(issuer.url))
        assert [ask(rs256("one")).status_code for _ in range(3)] == [503, 503, 503]
        assert len(issuer.asked) == 1
        clock[0] += 6
        assert ask(rs256("one")).status_code == 200
