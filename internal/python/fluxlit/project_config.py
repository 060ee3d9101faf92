"""`fluxlit.config.project` under its name of version 0.3."""

from fluxlit.config.project import ProjectConfig, load_project_config, resolve_binding, resolve_target

__all__ = ["ProjectConfig", "load_project_config", "resolve_binding", "resolve_target"]
