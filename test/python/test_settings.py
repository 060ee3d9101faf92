"""Where settings come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from fluxlit import FluxLit, FluxlitSettings
from fluxlit.config import load_project_config, resolve_binding, resolve_target


def test_arguments_win_over_the_environment_that_over_dotenv_and_that_over_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert FluxlitSettings().title == "FluxLit"
    (tmp_path / ".env").write_text("# titles\nexport FLUXLIT_TITLE='From a file' \nOTHER=1\nFLUXLIT_ROOT_PATH=tools # x\n")
    assert FluxlitSettings().title == "From a file"
    assert FluxlitSettings().root_path == "/tools"
    monkeypatch.setenv("FLUXLIT_TITLE", "From outside")
    assert FluxlitSettings().title == "From outside"
    assert FluxlitSettings(title="Given").title == "Given"
    assert FluxLit(title="Given to the app").settings.title == "Given to the app"


def test_lists_and_tables_are_json_and_lists_also_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUXLIT_CORS_ALLOW_ORIGINS", "https://a.example, https://b.example")
    monkeypatch.setenv("FLUXLIT_STREAMLIT_PAGE_CONFIG", '{"layout": "wide"}')
    monkeypatch.setenv("FLUXLIT_ENABLE_SECURITY_HEADERS", "true")
    settings = FluxlitSettings()
    assert settings.cors_allow_origins == ["https://a.example", "https://b.example"]
    assert settings.streamlit_page_config == {"layout": "wide"}
    assert settings.enable_security_headers is True


def test_a_value_that_does_not_fit_names_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUXLIT_STREAMLIT_PAGE_CONFIG", "{wide")
    with pytest.raises(ValidationError, match="streamlit_page_config"):
        FluxlitSettings()
    with pytest.raises(ValidationError, match="api_mount_path"):
        FluxlitSettings(api_mount_path="/")


def test_secrets_are_not_printed() -> None:
    settings = FluxlitSettings(jwt_hs256_secret="s3cret", oidc_bff_secret="s3cret")
    assert "s3cret" not in repr(settings)


def test_the_platforms_own_name_of_the_public_address_is_a_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://platform.example")
    assert FluxlitSettings().public_base_url == "https://platform.example"
    monkeypatch.setenv("FLUXLIT_PUBLIC_BASE_URL", "https://own.example")
    assert FluxlitSettings().public_base_url == "https://own.example"


def test_the_project_file_is_read_and_broken_toml_is_an_error(tmp_path: Path) -> None:
    assert load_project_config() is None
    (tmp_path / "pyproject.toml").write_text('[tool.fluxlit]\ntarget = "pkg:app"\n')
    assert resolve_target(None, load_project_config()) == "pkg:app"
    (tmp_path / "fluxlit.toml").write_text('target = "app:web"\ngateway_port = "9000"\napi_mount_path = true\n')
    found = load_project_config()
    assert found is not None and (found.target, found.gateway_port, found.api_mount_path) == ("app:web", 9000, None)
    (tmp_path / "fluxlit.toml").write_text("target = ")
    with pytest.raises(ValueError):
        load_project_config()
    assert resolve_target("x:y", None) == "x:y"
    assert resolve_target(None, None) == "app:app"


def test_settings_win_over_the_project_file(tmp_path: Path) -> None:
    (tmp_path / "fluxlit.toml").write_text('gateway_host = "0.0.0.0"\ngateway_port = 9000\n')
    common = {"pc": load_project_config(), "settings_gateway_host": "127.0.0.1", "settings_log_level": "info"}
    nothing = {"cli_host": None, "cli_port": None, "cli_log_level": None}
    assert resolve_binding(**nothing, **common, settings_gateway_port=8000) == ("0.0.0.0", 9000, "info")
    assert resolve_binding(**nothing, **common, settings_gateway_port=8123) == ("0.0.0.0", 8123, "info")
