"""A hook around work worth measuring, for apps that trace with a library of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, Token
from typing import Union

TraceAttributes = Mapping[str, Union[str, int, float, bool]]
TraceHook = Callable[[str, TraceAttributes], AbstractContextManager[None]]

_hook: ContextVar[TraceHook | None] = ContextVar("fluxlit_trace_hook", default=None)


def set_trace_hook(hook: TraceHook | None) -> Token[TraceHook | None]:
    """Sets the hook; the result undoes it in `reset_trace_hook`."""
    return _hook.set(hook)


def reset_trace_hook(token: Token[TraceHook | None]) -> None:
    """Undoes `set_trace_hook`."""
    _hook.reset(token)


def trace_span(name: str, attributes: TraceAttributes) -> AbstractContextManager[None]:
    """A block the hook sees; nothing without one."""
    hook = _hook.get()
    return nullcontext() if hook is None else hook(name, attributes)
