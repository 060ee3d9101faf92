"""What each parameter of a page will be filled with, decided when the page is registered."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from fluxlit.pages.markers import Cookie, Depends, Header, is_depends
from fluxlit.pages.records import where

Injected = Literal["st", "client", "app", "settings", "urls", "session_store", "flags", "identity"]

_BY_NAME: dict[str, Injected] = {"st": "st", "client": "client"}
# By the names of the classes, so that asking for one does not import the others.
_BY_TYPE: dict[str, Injected] = {
    "ApiClient": "client",
    "FluxLit": "app",
    "FluxlitSettings": "settings",
    "FluxLitPublicUrls": "urls",
    "SessionStore": "session_store",
    "FluxlitFeatureFlags": "flags",
    "Identity": "identity",
}
_POSITIONAL: tuple[Injected, ...] = ("st", "client")


@dataclass(frozen=True)
class Parameter:
    """One parameter and where its value comes from."""

    name: str
    source: Injected | Depends | Header | Cookie
    positional: bool = False


def plan_page(function: Callable[..., Any], *, strict: bool = False) -> tuple[Parameter, ...]:
    """The parameters of a page that have to be filled.

    Those that are known by name, type or marker are given that; the first two others are given `st` and `client`, as
    version 0.3 did, unless `strict`. What has a default and nothing else is left alone, unless `strict`.

    Raises:
        TypeError: naming the function's file and line, for a parameter nothing is known about.
    """
    return _plan(function, "page", strict=strict, positional=() if strict else _POSITIONAL)


def plan_dependency(function: Callable[..., Any], *, strict: bool = False) -> tuple[Parameter, ...]:
    """The same for a function in `Depends(...)`, which is given nothing by position."""
    return _plan(function, "dependency", strict=strict, positional=())


def _plan(
    function: Callable[..., Any], noun: str, *, strict: bool, positional: tuple[Injected, ...]
) -> tuple[Parameter, ...]:
    hints = hints_of(function)
    planned: list[Parameter] = []
    for position, parameter in enumerate(inspect.signature(function).parameters.values()):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        source = _source(parameter, hints.get(parameter.name, parameter.annotation))
        if source is None and parameter.default is not parameter.empty and not strict:
            continue
        if source is None and position < len(positional) and parameter.kind != parameter.KEYWORD_ONLY:
            source = positional[position]
        if source is None:
            raise TypeError(f"{noun} {where(function)}: nothing is known about `{parameter.name}`; {_KNOWN}")
        if isinstance(source, Depends):
            if source.dependency is None:
                raise TypeError(f"{noun} {where(function)}: Depends() of `{parameter.name}` names no function")
            plan_dependency(source.dependency, strict=strict)
        planned.append(Parameter(parameter.name, source, parameter.kind == parameter.POSITIONAL_ONLY))
    return tuple(planned)


_KNOWN = (
    "it can be given `st`, `client`, a parameter with Depends(...), Header(...) or Cookie(...), or one of the type "
    + ", ".join(sorted(_BY_TYPE))
)


def _source(parameter: inspect.Parameter, annotation: Any) -> Injected | Depends | Header | Cookie | None:
    markers = [*(get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()), parameter.default]
    for marker in markers:
        if isinstance(marker, (Header, Cookie)):
            return marker
        if is_depends(marker):
            return marker if isinstance(marker, Depends) else Depends(marker.dependency, use_cache=marker.use_cache)
    return _BY_NAME.get(parameter.name) or _by_type(annotation)


def _by_type(annotation: Any) -> Injected | None:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        known = [kind for kind in map(_by_type, get_args(annotation)) if kind is not None]
        return known[0] if known else None
    plain = get_origin(annotation) or annotation
    for base in getattr(plain, "__mro__", ()):
        if base.__module__.partition(".")[0] == "fluxlit" and base.__name__ in _BY_TYPE:
            return _BY_TYPE[base.__name__]
    return None


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Annotations as objects, each as far as it can be resolved: one under TYPE_CHECKING must not hide the others."""
    target = function if inspect.isroutine(function) or inspect.isclass(function) else type(function).__call__
    try:
        return get_type_hints(target, include_extras=True)
    except Exception:  # noqa: BLE001 - evaluating annotations runs the user's expressions
        pass
    inner = inspect.unwrap(target)
    scope = getattr(inner, "__globals__", None) or vars(sys.modules.get(inner.__module__, types))
    hints: dict[str, Any] = {}
    for name, annotation in getattr(inner, "__annotations__", {}).items():
        if not isinstance(annotation, str):
            hints[name] = annotation
            continue
        try:
            hints[name] = eval(annotation, scope)  # noqa: S307 - the source of the page itself
        except Exception:  # noqa: BLE001
            continue
    return hints
