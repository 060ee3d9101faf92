"""Headers of answers that browsers act upon."""

from fluxlit.security.headers import SecurityHeadersMiddleware

__all__ = ["SecurityHeadersMiddleware"]
