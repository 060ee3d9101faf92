"""What tests and tools of the predecessor took from its runtime; the running itself is the gateway's."""

from __future__ import annotations

from fluxlit._target import load_target

load_fluxlit = load_target
"""The app object a target names."""


def internal_api_base_url(*, bind_host: str, port: int, api_mount_path: str) -> str:
    """Address of the API on a loopback address."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}.get(bind_host, bind_host)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{port}/{api_mount_path.strip('/')}"
