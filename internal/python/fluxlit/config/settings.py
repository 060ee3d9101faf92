"""`FluxlitSettings`: what an app object reads from FLUXLIT_* variables and a `.env` file beside it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

JsonValue = Union[str, int, float, bool, None, list[Any], dict[str, Any]]

_PREFIX = "FLUXLIT_"
_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$")


class FluxlitSettings(BaseModel):
    """Settings of one app object. Arguments win over FLUXLIT_* variables, those over `.env`, that over defaults.

    The gateway has its own configuration in `fluxlit.toml`; what it does with ports, proxies and limits is not decided
    here. Names of the predecessor that mean nothing to an app any more are accepted and kept.
    """

    model_config = ConfigDict(extra="ignore")

    title: str = "FluxLit"
    gateway_host: str = "127.0.0.1"
    gateway_port: int = 8000
    streamlit_host: str = "127.0.0.1"
    streamlit_port: int = 0
    log_level: str = "info"
    api_mount_path: str = "/api"
    root_path: str = ""
    streamlit_public_path: str = ""
    trust_proxy: bool = False
    debug: bool = False
    enable_request_logging: bool = False
    enable_security_headers: bool = False
    cors_allow_origins: list[str] = Field(default_factory=list)
    cors_allow_credentials: bool = False
    cors_middleware_kwargs: dict[str, Any] = Field(default_factory=dict)
    streamlit_page_config: dict[str, Any] = Field(default_factory=dict)
    url_session_query_param: str = "fluxlit_sid"
    public_base_url: str = ""
    strict_page_signatures: bool = False
    experimental_yield_pages: bool = False
    async_page_depends: bool = False
    jwt_issuer: str = ""
    jwt_audience: str = ""
    jwt_hs256_secret: str = Field(default="", repr=False)
    jwt_jwks_url: str = ""
    jwt_leeway_seconds: int = 0
    oidc_bff_secret: str = Field(default="", repr=False)

    @model_validator(mode="before")
    @classmethod
    def _fill_from_environment(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {**environment_values(cls.model_fields, read_dotenv(Path(".env")), os.environ), **given}

    @field_validator("api_mount_path")
    @classmethod
    def _normal_mount(cls, value: str) -> str:
        path = "/" + value.strip().strip("/")
        if path == "/":
            raise ValueError('the API needs a path of its own, for example "/api"')
        return path

    @field_validator("root_path", "streamlit_public_path")
    @classmethod
    def _normal_root(cls, value: str) -> str:
        path = value.strip().strip("/")
        return f"/{path}" if path else ""

    @property
    def public_path(self) -> str:
        """What stands in front of every path in the browser, `""` or `/tools`."""
        return self.root_path or self.streamlit_public_path


def environment_values(
    fields: Mapping[str, Any], dotenv: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, Any]:
    """Values for fields from `FLUXLIT_<NAME>`; lists and tables are JSON, a list may also be words with commas."""
    merged = {**dotenv, **environ}
    values = {}
    for name, field in fields.items():
        text = merged.get(_PREFIX + name.upper())
        if text is not None:
            values[name] = _parsed(text, field.annotation)
    if not values.get("public_base_url") and merged.get("PUBLIC_BASE_URL"):
        values["public_base_url"] = merged["PUBLIC_BASE_URL"]
    return values


def _parsed(text: str, annotation: Any) -> Any:
    kind = getattr(annotation, "__origin__", annotation)
    if kind not in (list, dict):
        return text
    if kind is list and not text.lstrip().startswith("["):
        return [word.strip() for word in text.split(",") if word.strip()]
    # Text that is no JSON is left to the model, whose message names the field.
    try:
        return json.loads(text)
    except ValueError:
        return text


def read_dotenv(file: Path) -> dict[str, str]:
    """Assignments in a `.env` file; empty when there is none."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = (_ASSIGNMENT.match(line) for line in lines if not line.lstrip().startswith("#"))
    return {match[1]: _unquoted(match[2]) for match in found if match}


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    # A comment after a value without quotes.
    return re.split(r"\s+#", value, maxsplit=1)[0]
