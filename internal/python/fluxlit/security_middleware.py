"""`fluxlit.security` under its name of version 0.3."""

from fluxlit.security.headers import SecurityHeadersMiddleware

__all__ = ["SecurityHeadersMiddleware"]
