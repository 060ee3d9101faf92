"""From `module:attribute` or `./file.py:attribute` to the app object; the same rules in workers and in tests."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fluxlit.app import FluxLit


class TargetError(Exception):
    """What a target names is not there, or is no FluxLit app."""


def split_target(target: str) -> tuple[str, str]:
    """Module or file, and attribute.

    Raises:
        TargetError: when one of them is missing.
    """
    where, _, attribute = target.rpartition(":")
    if not where or not attribute or "/" in attribute or os.sep in attribute:
        raise TargetError(f'target "{target}" must have the form module:attribute, for example app:app')
    return where, attribute


def is_file(where: str) -> bool:
    """Whether the first half of a target is a path and not the name of a module."""
    return where.endswith(".py") or "/" in where or os.sep in where


def module_of_file(path: Path) -> tuple[str, list[str]]:
    """Name of the module in a file, and the directories it and its siblings are imported from, best first.

    The first directory is the one above the outermost package, so that relative imports work; the file's own comes
    second, so that `import sibling` works too.
    """
    file = path.resolve()
    parts, root = [file.stem], file.parent
    while (root / "__init__.py").is_file():
        parts.insert(0, root.name)
        root = root.parent
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts), list(dict.fromkeys([str(root), str(file.parent)]))


def load_target(target: str) -> FluxLit:
    """The app object a target names. What its module raises is passed on as it is.

    Raises:
        TargetError: when there is no such file or attribute, or when it is something else.
    """
    where, attribute = split_target(target)
    module = importlib.import_module(_locate(where)[0])
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise TargetError(_missing(target, module, attribute))
        found = getattr(found, part)
    if not is_app(found):
        raise TargetError(f"`{target}` is of type {type(found).__name__}, not a FluxLit app")
    app: FluxLit = found
    return app


def is_app(value: object) -> bool:
    """Whether a value is an app object. By what it has and not by its class: after a reload of this package in
    Streamlit a class of the same name is another one."""
    return all(hasattr(value, name) for name in ("api", "page_records", "settings", "get_client"))


def project_directories(target: str) -> list[str]:
    """Where the target and what belongs to it is imported from."""
    return _locate(split_target(target)[0])[1]


def _locate(where: str) -> tuple[str, list[str]]:
    """The name of the module and the directories it is imported from, which are then first on the path."""
    name = where
    if is_file(where):
        path = Path(where)
        if not path.is_file():
            raise TargetError(f"there is no file {where} in {Path.cwd()}")
        name, directories = module_of_file(path)
    else:
        # A module beside us comes before an installed one of the same name.
        directories = [os.getcwd()]
    if sys.path[: len(directories)] != directories:
        # In one step: every session of Streamlit is a thread of its own, and they all come by here.
        sys.path[:] = [*directories, *(entry for entry in sys.path if entry not in directories)]
    return name, directories


def _missing(target: str, module: Any, attribute: str) -> str:
    names = [name for name, value in vars(module).items() if not name.startswith("_") and is_app(value)]
    listed = f"; it has: {', '.join(names)}" if names else "; it makes no FluxLit(...) object"
    file = getattr(module, "__file__", None)
    return f"`{module.__name__}` has no attribute `{attribute}`{listed}" + (f" ({file})" if file else "")
