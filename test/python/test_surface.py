"""The names applications import."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import fluxlit

REPOSITORY = Path(__file__).resolve().parents[2]

VERSION_0_3 = """ApiClient FluxLitTestClient FluxlitSettings FluxLit JWTAuthConfig JWTBearer OIDCBFFConfig OIDCProvider
GenericOIDCClient GenericOIDCClientConfig RequireRoles RequireScopes StandardClaims bearer_headers_from_session
exchange_auth_code_from_query prepare_streamlit_api_client issue_hs256_access_token pkce_pair register_oidc_bff_routes
__version__"""
LATER = """Cookie Depends Header NavigationModel Page PageMeta Query SessionModel apptest_assert_no_errors
apptest_select_page assert_no_streamlit_exception FluxLitPublicUrls InMemoryOIDCBFFTokenStore OIDCBFFTokenStore
SessionStore InMemorySessionStore match_nav_page parse_query_params new_session_id ensure_url_session
hydrate_url_session hydrate_url_session_typed persist_url_session query_params reset_trace_hook set_trace_hook
streamlit_main_path trace_span"""
MODULES = {
    "app": "FluxLit",
    "api": "router",
    "auth": "TrustedProxyUser TrustedProxyUserConfig proxy_user_header JWTBearer AuthDependency",
    "auth.jwt": "JWTBearer",
    "auth.oidc": "register_oidc_bff_routes OIDCBFFConfig",
    "auth.streamlit": "prepare_streamlit_api_client",
    "auth.trusted_proxy": "TrustedProxyUser",
    "client": "ApiClient",
    "config": "FluxlitSettings ProjectConfig load_project_config resolve_target resolve_binding JsonValue",
    "deep_links": "match_nav_page query_params",
    "jwt_auth": "JWTBearer JWTAuthConfig StandardClaims RequireScopes RequireRoles issue_hs256_access_token",
    "logging": "JsonLogFormatter REQUEST_ID_HEADER redact_query_string sanitize_headers",
    "logging_context": "get_request_id new_request_id set_request_id reset_request_id",
    "oidc": "GenericOIDCClient GenericOIDCClientConfig OIDCBFFConfig register_oidc_bff_routes pkce_pair",
    "page": "PageFn",
    "pages": "Depends PageRecord build_page_manifest page_slug validate_fluxlit_pages resolve_page_kwargs",
    "project_config": "ProjectConfig load_project_config",
    "runtime": "load_fluxlit internal_api_base_url",
    "security": "SecurityHeadersMiddleware",
    "security_middleware": "SecurityHeadersMiddleware",
    "streamlit": "PageFn",
    "streamlit_auth": "prepare_streamlit_api_client exchange_auth_code_from_query bearer_headers_from_session",
    "testing": "FluxLitTestClient streamlit_main_path",
    "tracing": "set_trace_hook",
    "url_session": "InMemorySessionStore",
}


@pytest.mark.parametrize("name", [*VERSION_0_3.split(), *LATER.split()])
def test_the_package_has(name: str) -> None:
    assert getattr(fluxlit, name) is not None
    assert name in fluxlit.__all__
    assert name in dir(fluxlit)


@pytest.mark.parametrize("module", MODULES)
def test_the_module_has_its_names(module: str) -> None:
    found = importlib.import_module(f"fluxlit.{module}")
    for name in MODULES[module].split():
        assert hasattr(found, name), name


def test_every_exported_name_is_there_and_no_other() -> None:
    for name in fluxlit.__all__:
        assert getattr(fluxlit, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(fluxlit, "nothing")


def test_the_version_is_that_of_the_program() -> None:
    npm = json.loads((REPOSITORY / "package.json").read_text())["version"]
    assert fluxlit.__version__ == npm.replace("-alpha.", "a").replace("-beta.", "b").replace("-rc.", "rc")


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import fluxlit", "fastapi streamlit jwt httpx pydantic starlette"),
        ("from fluxlit import FluxLit; FluxLit().api", "streamlit jwt httpx"),
        ("from fluxlit import ApiClient, Depends, PageMeta", "fastapi streamlit jwt"),
    ],
)
def test_nothing_is_imported_that_is_not_used(code: str, absent: str) -> None:
    check = f"{code}; import sys; print([n for n in {absent.split()!r} if n in sys.modules])"
    path = str(REPOSITORY / "internal/python")
    ended = subprocess.run(
        [sys.executable, "-c", check], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("missing", "code", "package"),
    [
        ("jwt", "from fluxlit import *; issue_hs256_access_token(subject='a', issuer='i', audience='a', "
         "secret='x' * 32, ttl_seconds=5)", "PyJWT[crypto]"),
        ("jwt", "from fluxlit import *; JWTBearer(JWTAuthConfig('i', 'a', ['HS256'], hs256_secret='x' * 32))",
         "PyJWT[crypto]"),
        ("httpx", "from fluxlit import ApiClient; ApiClient()", "httpx"),
        ("streamlit", "from fluxlit import *; FluxLitTestClient(FluxLit()).streamlit(target='app:app')", "streamlit"),
    ],
)
def test_a_missing_library_is_named_with_the_way_to_install_it(missing: str, code: str, package: str) -> None:
    blocked = f"import sys; sys.modules['httpx2'] = None; sys.modules[{missing!r}] = None\n{code}"
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", blocked],
        env={"PYTHONPATH": str(REPOSITORY / "internal/python")},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert f'pip install "{package}"' in ended.stderr.splitlines()[-1], ended.stderr
