"""Log lines, and what must not be in them."""

from __future__ import annotations

import json
import logging
import sys

from fluxlit.logging import (
    JsonLogFormatter,
    redact_authorization,
    redact_query_string,
    reset_request_id,
    sanitize_headers,
    set_request_id,
)


def test_a_record_is_one_line_of_json() -> None:
    token = set_request_id("abc")
    try:
        raise ValueError("bad")
    except ValueError:
        record = logging.LogRecord("shop", logging.ERROR, "x.py", 1, "sold %d", (3,), sys.exc_info())
        record.item = "tea"
        line = JsonLogFormatter().format(record)
    finally:
        reset_request_id(token)
    found = json.loads(line)
    assert "\n" not in line
    assert (found["level"], found["logger"], found["message"]) == ("ERROR", "shop", "sold 3")
    assert (found["request_id"], found["item"]) == ("abc", "tea")
    assert "ValueError: bad" in found["exception"]


def test_credentials_are_redacted() -> None:
    assert redact_query_string("q=tea&auth_code=secret&TOKEN=x") == "q=tea&auth_code=%5Bredacted%5D&TOKEN=%5Bredacted%5D"
    assert redact_query_string("sid=secret&q=1", ["sid"]) == "sid=%5Bredacted%5D&q=1"
    assert redact_authorization("Bearer secret") == "Bearer [redacted]"
    assert redact_authorization("secret") == "[redacted]"
    headers = {"Authorization": "Bearer x", "X-Fluxlit-Session-Handle": "flxs", "Accept": "*/*"}
    assert sanitize_headers(headers) == {
        "Authorization": "[redacted]",
        "X-Fluxlit-Session-Handle": "[redacted]",
        "Accept": "*/*",
    }
