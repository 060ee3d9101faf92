"""What the code of a page asks of the gateway: who looks at it, whether they may, and their token at the provider."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from keys import ec_jwk
from served import Asked, Served, serve
from streamlit.testing.v1 import AppTest
from test_identity import NAME, signed

from fluxlit._context import replaced_request
from fluxlit.auth import NoAccessToken, access_token, require, user

ADA = {
    "X-Forwarded-User": "ada",
    "X-Forwarded-Email": "Ada@Example.com",
    "X-Forwarded-Groups": "finance,audit",
    "X-Fluxlit-Session-Handle": "flxs_of_ada",
}


class Stopped(Exception):
    """What `st.stop()` does to the run of a page."""


def page() -> Any:
    said: list[str] = []

    def stop() -> None:
        raise Stopped

    return SimpleNamespace(said=said, error=said.append, stop=stop)


def test_a_page_knows_who_looks_at_it() -> None:
    assert user() is None
    with replaced_request(headers=ADA):
        found = user(page())
    assert found is not None and (found.subject, found.groups) == ("ada", ("finance", "audit"))


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"groups": ["audit", "other"]},
        {"emails": ["ADA@example.com"]},
        {"email_domains": ["example.COM"]},
        {"groups": ("finance",), "email_domains": {"example.com"}},
    ],
)
def test_who_meets_what_is_wanted_goes_on(wanted: dict[str, Any]) -> None:
    st = page()
    with replaced_request(headers=ADA):
        assert require(st, **wanted).subject == "ada"
    assert st.said == []


@pytest.mark.parametrize(
    "wanted",
    [
        {"groups": ["Finance"]},
        {"groups": ["finance"], "emails": ["eve@example.com"]},
        {"roles": ["admin"]},
        {"email_domains": ["ample.com"]},
    ],
)
def test_who_does_not_sees_nothing_more(wanted: dict[str, Any]) -> None:
    st = page()
    with replaced_request(headers=ADA), pytest.raises(Stopped):
        require(st, **wanted)
    assert st.said == ["You are signed in, but not allowed to see this page."]


def test_an_address_with_two_domains_is_in_none() -> None:
    with replaced_request(headers={**ADA, "X-Forwarded-Email": "a@evil@example.com"}), pytest.raises(Stopped):
        require(page(), email_domains=["example.com", "evil@example.com"])


def test_nobody_is_asked_to_sign_in() -> None:
    st = page()
    with pytest.raises(Stopped):
        require(st)
    assert st.said == ["Sign in to see this page."]


def test_where_a_page_cannot_be_stopped_nobody_goes_on() -> None:
    with pytest.raises(PermissionError):
        require(SimpleNamespace(error=lambda text: None, stop=lambda: None))


def test_a_list_that_nobody_could_meet_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="groups is empty"):
        require(page(), groups=[])
    with pytest.raises(TypeError, match=r'roles=\["admin"\]'):
        require(page(), roles="admin")


def test_where_the_gateway_signs_only_what_is_signed_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUXLIT_ASSERTION_JWKS", json.dumps({"keys": [ec_jwk("gateway")]}))
    with replaced_request(headers=ADA), pytest.raises(Stopped):
        require(page(), groups=["finance"])
    with replaced_request(headers={**ADA, "X-Fluxlit-Jwt-Assertion": signed()}):
        assert require(page(), roles=["admin"]).name == NAME
        with pytest.raises(Stopped):
            require(page(), groups=["finance"])


def script() -> None:
    import streamlit as st

    import fluxlit.auth
    from fluxlit._context import replaced_request

    with replaced_request(headers=dict(st.query_params)):
        fluxlit.auth.require(groups=["finance"])
    st.write("secret figures")


def test_streamlit_shows_what_stands_in_front_of_it_and_no_more() -> None:
    at = AppTest.from_function(script).run()
    assert [error.value for error in at.error] == ["Sign in to see this page."]
    assert len(at.markdown) == 0
    for name, value in ADA.items():
        at.query_params[name] = value
    at.run()
    assert len(at.error) == 0
    assert [text.value for text in at.markdown] == ["secret figures"]


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Any:
    answers: dict[str, Any] = {}

    def answer(asked: Asked) -> Any:
        return answers.get(asked.headers.get("authorization", ""), (404, {}))

    with serve(answer) as served:
        monkeypatch.setenv("FLUXLIT_INTERNAL_API_BASE", f"{served.url}/tools/api")
        monkeypatch.setenv("FLUXLIT_SIGN_IN_PATH", "/tools/oauth2")
        yield SimpleNamespace(served=served, answers=answers)


def test_the_token_is_the_one_of_now(gateway: Any) -> None:
    served: Served = gateway.served
    with replaced_request(headers=ADA):
        for token in ("first", "second"):
            gateway.answers["Bearer flxs_of_ada"] = (200, {"access_token": token, "token_type": "Bearer"})
            assert access_token(page()) == token
    assert [(asked.method, asked.path) for asked in served.asked] == [("POST", "/tools/oauth2/token")] * 2


def test_why_there_is_no_token_is_said(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("fluxlit.streamlit.notice.show_session_ended", lambda: shown.append("ended"))
    refusals = [
        ((503, {"detail": "There is no new access token at the moment."}), "no new access token", 0),
        ((403, {"detail": "There is no access token of yours."}), "no access token of yours", 0),
        ((401, {"detail": "The session has ended."}), "session has ended", 1),
        ((502, []), "answers 502", 1),
    ]
    for answer, reason, notices in refusals:
        gateway.answers["Bearer flxs_of_ada"] = answer
        with replaced_request(headers=ADA), pytest.raises(NoAccessToken, match=reason) as caught:
            access_token()
        assert len(shown) == notices
        assert "flxs_of_ada" not in str(caught.value)


def test_without_a_login_nothing_is_asked(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoAccessToken, match="nobody is signed in"):
        access_token()
    monkeypatch.delenv("FLUXLIT_SIGN_IN_PATH")
    with replaced_request(headers=ADA), pytest.raises(NoAccessToken, match='mode "oidc"'):
        access_token()
    assert gateway.served.asked == []


def test_a_gateway_that_is_gone_is_no_token(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUXLIT_INTERNAL_API_BASE", "http://127.0.0.1:9/api")
    with replaced_request(headers=ADA), pytest.raises(NoAccessToken, match="does not answer: ConnectError"):
        access_token()


def test_a_page_needs_neither_fastapi_nor_pydantic(tmp_path: Path) -> None:
    code = """
import sys
for name in ("fastapi", "starlette", "pydantic", "uvicorn"):
    sys.modules[name] = None
from fluxlit import prepare_streamlit_api_client, page_identity, ApiClient, Identity
from fluxlit.auth import require, user, access_token, NoAccessToken
from fluxlit.streamlit.notice import show_session_ended
ApiClient()
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env={"PYTHONPATH": ":".join(sys.path)})


def test_the_notice_leads_to_the_login_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended() -> None:
        from fluxlit.streamlit.notice import show_session_ended

        show_session_ended()
        show_session_ended()

    monkeypatch.delenv("FLUXLIT_SIGN_IN_PATH", raising=False)
    at = AppTest.from_function(ended).run()
    assert [warning.value for warning in at.warning] == ["Your session has ended. Load this page again."]
    monkeypatch.setenv("FLUXLIT_SIGN_IN_PATH", "/tools/oauth2")
    at.run()
    assert [warning.value for warning in at.warning] == [
        "Your session has ended. [Sign in again](/tools/oauth2/start)"
    ]
