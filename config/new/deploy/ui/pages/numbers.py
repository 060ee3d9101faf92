"""The page at `/numbers`."""

from typing import Any

from fluxlit import ApiClient, FluxLit


def register(app: FluxLit) -> None:
    @app.page("/numbers", title="Numbers", icon=":material/bar_chart:")
    def numbers(st: Any, client: ApiClient) -> None:
        st.title("Numbers")
        st.metric("Tasks", len(client.get("/tasks").raise_for_status().json()))
