"""{{title}}: an API and its pages, which know who asks."""

from typing import Annotated, Any

from fastapi import Header
from fluxlit import ApiClient, FluxLit

app = FluxLit(title="{{title}}")

# The gateway says who somebody is, and takes away what a client says of itself.
User = Annotated[str, Header(alias="X-Forwarded-Email")]


@app.api.get("/me")
def read_me(user: User) -> dict[str, str]:
    return {"email": user}


@app.api.get("/admin/numbers")
def read_numbers(user: User) -> dict[str, int]:
    return {"people": 2}


@app.page("/", title="Home", icon=":material/home:")
def home(st: Any, client: ApiClient) -> None:
    me = client.get("/me").raise_for_status().json()
    st.title(f"Hello, {me['email']}")
    numbers = client.get("/admin/numbers")
    if numbers.status_code == 200:
        st.metric("People", numbers.json()["people"])
    else:
        st.caption("The numbers are for admins.")
