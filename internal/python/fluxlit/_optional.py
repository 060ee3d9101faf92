"""Libraries that only some apps need: who misses one reads which to install, not a bare ModuleNotFoundError."""

from __future__ import annotations

import importlib
import sys
from typing import Any

_INSTALL = {
    "httpx": ("httpx", "calls to the API from a page"),
    "jwt": ("PyJWT[crypto]", "checking and issuing JSON Web Tokens"),
    "pydantic": ("pydantic", "models of what the API answers"),
    "streamlit": ("streamlit", "pages"),
    "fastapi": ("fastapi", "the API"),
}


# What the extra `apps` installs, by the names that are imported.
_APPS = ("fastapi", "httpx", "pydantic", "starlette", "streamlit", "uvicorn")


class MissingLibrary(ImportError):
    """A library this feature needs is not installed; the message says how to install it."""


def load(name: str) -> Any:
    """Imports an optional library by its module name.

    Raises:
        MissingLibrary: naming the package to install and the interpreter it is missing in.
    """
    package, purpose = _INSTALL[name]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # A library that is there but misses something itself is another mistake, told by its own message.
        if error.name != name:
            raise
        raise MissingLibrary(
            f'{purpose} needs {package}, which {sys.executable} does not have: pip install "{package}"',
            name=name,
        ) from None


def load_home(module: str, name: str) -> Any:
    """Imports the module of this package that a name lives in.

    Raises:
        MissingLibrary: when it needs a library of applications that is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name not in _APPS:
            raise
        raise MissingLibrary(
            f'fluxlit.{name} needs {error.name}, which {sys.executable} does not have: pip install "fluxlit[apps]"',
            name=error.name,
        ) from None


def load_httpx() -> Any:
    """`httpx`, or the fork `httpx2` where only that is installed: both have the same interface."""
    try:
        return load("httpx")
    except MissingLibrary:
        try:
            return importlib.import_module("httpx2")
        except ModuleNotFoundError:
            pass
        raise
