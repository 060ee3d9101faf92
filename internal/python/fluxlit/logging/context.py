"""The id of the request that is being answered, for whatever runs on its behalf."""

from __future__ import annotations

import contextvars
import logging
import re
import uuid

REQUEST_ID_HEADER = "X-Request-ID"

log = logging.getLogger("fluxlit.api")
request_id_ctx: contextvars.ContextVar[str | None] = contextvars.ContextVar("fluxlit_request_id", default=None)

# The gateway's own rule: an id from outside goes into logs and headers.
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}")


def get_request_id() -> str | None:
    """The id of the current request; None outside one."""
    return request_id_ctx.get()


def new_request_id() -> str:
    """A fresh id."""
    return str(uuid.uuid4())


def accepted_request_id(value: str | None) -> str | None:
    """An id that came with a request, if it is short and plain enough to be kept."""
    return value if value is not None and _PLAIN.fullmatch(value) else None


def set_request_id(value: str | None) -> contextvars.Token[str | None]:
    """Sets the id of the current request; the result undoes it in `reset_request_id`."""
    return request_id_ctx.set(value)


def reset_request_id(token: contextvars.Token[str | None]) -> None:
    """Undoes `set_request_id`."""
    request_id_ctx.reset(token)
