"""Settings of the app object, and the project file as the predecessor read it."""

from fluxlit.config.project import ProjectConfig, load_project_config, resolve_binding, resolve_target
from fluxlit.config.settings import FluxlitSettings, JsonValue

__all__ = [
    "FluxlitSettings",
    "JsonValue",
    "ProjectConfig",
    "load_project_config",
    "resolve_binding",
    "resolve_target",
]
