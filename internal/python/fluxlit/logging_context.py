"""`fluxlit.logging` under its name of version 0.3."""

from fluxlit.logging.context import (
    REQUEST_ID_HEADER,
    get_request_id,
    log,
    new_request_id,
    request_id_ctx,
    reset_request_id,
    set_request_id,
)

__all__ = [
    "REQUEST_ID_HEADER",
    "get_request_id",
    "log",
    "new_request_id",
    "request_id_ctx",
    "reset_request_id",
    "set_request_id",
]
