"""The page people come to."""

from typing import Any

from fluxlit import ApiClient, Depends, FluxLit, Identity


def load_items(client: ApiClient) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get("/items").raise_for_status().json()
    return rows


def register(app: FluxLit) -> None:
    @app.page("/", title="Items", icon=":material/list:")
    def home(st: Any, client: ApiClient, who: Identity | None, rows: Any = Depends(load_items)) -> None:
        st.title(f"Hello, {who.name or who.subject}" if who else "Hello")
        st.table(rows)
        st.metric("Together", f"{sum(row['price'] for row in rows):.2f}")
