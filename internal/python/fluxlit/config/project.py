"""The project file's keys an app or its tests may ask for. The gateway reads the file itself, and strictly."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


@dataclass
class ProjectConfig:
    """Top-level keys of `fluxlit.toml`, or of `[tool.fluxlit]` in `pyproject.toml`."""

    target: str | None = None
    gateway_host: str | None = None
    gateway_port: int | None = None
    log_level: str | None = None
    api_mount_path: str | None = None
    root_path: str | None = None


def load_project_config(cwd: Path | None = None) -> ProjectConfig | None:
    """The project file in a directory (default: the current one); None when there is none.

    Raises:
        ValueError: when the file is not TOML.
    """
    directory = cwd or Path.cwd()
    file = directory / "fluxlit.toml"
    if file.is_file():
        return _from_table(_read(file))
    file = directory / "pyproject.toml"
    if not file.is_file():
        return None
    table = _read(file).get("tool", {}).get("fluxlit")
    return _from_table(table) if isinstance(table, dict) else None


def resolve_target(cli_target: str | None, pc: ProjectConfig | None) -> str:
    """The target: what was asked for, else the project file's, else `app:app`."""
    return cli_target or (pc.target if pc and pc.target else "app:app")


def resolve_binding(
    *,
    cli_host: str | None,
    cli_port: int | None,
    cli_log_level: str | None,
    pc: ProjectConfig | None,
    settings_gateway_host: str,
    settings_gateway_port: int,
    settings_log_level: str,
) -> tuple[str, int, str]:
    """Host, port and log level: command line, then settings that are no defaults, then file, then defaults."""
    file = pc or ProjectConfig()
    host = cli_host or _chosen(settings_gateway_host, "127.0.0.1", file.gateway_host)
    port = cli_port if cli_port is not None else _chosen(settings_gateway_port, 8000, file.gateway_port)
    return host, port, cli_log_level or _chosen(settings_log_level, "info", file.log_level)


def _chosen(setting: Any, default: Any, from_file: Any) -> Any:
    return setting if setting != default or from_file is None else from_file


def _from_table(table: dict[str, Any]) -> ProjectConfig:
    values: dict[str, Any] = {}
    for field in fields(ProjectConfig):
        value = table.get(field.name)
        if field.name == "gateway_port" and isinstance(value, str) and value.isdigit():
            value = int(value)
        if isinstance(value, int if field.name == "gateway_port" else str) and not isinstance(value, bool):
            values[field.name] = value
    return ProjectConfig(**values)


def _read(file: Path) -> dict[str, Any]:
    name = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    table: dict[str, Any] = importlib.import_module(name).loads(file.read_text(encoding="utf-8"))
    return table
