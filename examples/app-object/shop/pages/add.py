"""A form that calls the API."""

from typing import Any

from fluxlit import ApiClient, FluxLit, PageMeta


def register(app: FluxLit) -> None:
    @app.page("/add", title="New item", icon=":material/add:", page_meta=PageMeta(page_title="New item"))
    def add(st: Any, client: ApiClient) -> None:
        st.title("New item")
        with st.form("item", clear_on_submit=True):
            name = st.text_input("Name")
            price = st.number_input("Price", min_value=0.0)
            if st.form_submit_button("Add") and name:
                item = client.post("/items", json={"name": name, "price": price}).raise_for_status().json()
                st.success(f"Added number {item['id']}: {item['name']}")
