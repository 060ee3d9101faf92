"""For the code of a Streamlit page, plain scripts too: who looks at it, whether they may, their token at the provider."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from fluxlit._context import page_handle, page_header
from fluxlit._optional import load, load_httpx
from fluxlit.auth.who import Identity, identity_from

_TIMEOUT_SECONDS = 20.0


class NoAccessToken(RuntimeError):
    """There is no access token of the page's user that could be used now; the message says why."""


def page_identity() -> Identity | None:
    """Who looks at the page, when the gateway signs people in; None when nobody is signed in or outside a page."""
    return identity_from(page_header)


def user(st_module: Any = None) -> Identity | None:
    """Who looks at the page, as the gateway knew it when the page was opened; None when nobody is signed in.

    Args:
        st_module: `streamlit`, as the other helpers take it; not needed.
    """
    return page_identity()


def require(
    st_module: Any = None,
    *,
    groups: Collection[str] | None = None,
    roles: Collection[str] | None = None,
    emails: Collection[str] | None = None,
    email_domains: Collection[str] | None = None,
    message: str = "You are signed in, but not allowed to see this page.",
) -> Identity:
    """Ends the run of a page here unless whoever looks at it is signed in and meets every condition.

    Of each list one is enough, as in the gateway's rules; whole names are compared, addresses in any case.

    Args:
        st_module: `streamlit`; imported when it is left out.
        groups: Of these groups one.
        roles: Of these roles one.
        emails: One of these addresses.
        email_domains: An address in one of these domains.
        message: What somebody reads who may not.

    Returns:
        Who it is.

    Raises:
        ValueError: when a list is empty: nobody could meet it, and everybody would if it were left out.
        TypeError: when a text is given in place of a list.
    """
    lists = {"groups": groups, "roles": roles, "emails": emails, "email_domains": email_domains}
    for name, wanted in lists.items():
        if isinstance(wanted, str):
            raise TypeError(f'{name} is a list of texts: write {name}=["{wanted}"]')
        if wanted is not None and not wanted:
            raise ValueError(f"{name} is empty: leave it out, or name whom the page is for")
    st = st_module if st_module is not None else load("streamlit")
    who = page_identity()
    if who is None:
        st.error("Sign in to see this page.")
    elif _meets(who, groups=groups, roles=roles, emails=emails, email_domains=email_domains):
        return who
    else:
        st.error(message)
    st.stop()
    # Outside a page `st.stop()` returns, and nobody may go on all the same.
    raise PermissionError("nobody who may see this page is signed in")


def access_token(st_module: Any = None) -> str:
    """The access token of the page's user at the identity provider as it is now, renewed if need be: for calls to other
    services in their name. Ask for it where it is used, and keep it nowhere.

    Args:
        st_module: `streamlit`, as the other helpers take it; not needed.

    Raises:
        NoAccessToken: when nobody is signed in at a provider, the session has ended (which the page then says), or the
            provider cannot be asked at the moment.
    """
    handle, path = page_handle(), os.environ.get("FLUXLIT_SIGN_IN_PATH")
    if handle is None:
        raise NoAccessToken("nobody is signed in, or this is not the run of a page")
    if path is None:
        raise NoAccessToken('the gateway signs nobody in at a provider: that is mode "oidc" in [auth]')
    base = urlsplit(os.environ["FLUXLIT_INTERNAL_API_BASE"])
    httpx = load_httpx()
    try:
        answer = httpx.post(
            f"{base.scheme}://{base.netloc}{path}/token",
            headers={"Authorization": f"Bearer {handle}"},
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise NoAccessToken(f"the gateway does not answer: {type(error).__name__}") from None
    if answer.status_code == 200:
        return str(answer.json()["access_token"])
    if answer.status_code == 401:
        from fluxlit.streamlit.notice import show_session_ended

        show_session_ended()
    raise NoAccessToken(_reason(answer))


def _meets(
    who: Identity,
    *,
    groups: Collection[str] | None,
    roles: Collection[str] | None,
    emails: Collection[str] | None,
    email_domains: Collection[str] | None,
) -> bool:
    email = who.email.lower() if who.email else None
    conditions = (
        groups is None or not set(groups).isdisjoint(who.groups),
        roles is None or not set(roles).isdisjoint(who.roles),
        emails is None or email in {one.lower() for one in emails},
        email_domains is None or _domain(email) in {one.lower() for one in email_domains},
    )
    return all(conditions)


def _domain(email: str | None) -> str | None:
    # Of an address with two of them nobody knows which one counts.
    return email.partition("@")[2] if email is not None and email.count("@") == 1 else None


def _reason(answer: Any) -> str:
    try:
        detail = answer.json().get("detail")
    except (ValueError, AttributeError):
        detail = None
    return str(detail) if detail else f"the gateway answers {answer.status_code}"
