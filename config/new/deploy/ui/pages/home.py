"""The page at `/`."""

from typing import Any

from fluxlit import ApiClient, FluxLit


def register(app: FluxLit) -> None:
    @app.page("/", title="Tasks", icon=":material/checklist:")
    def home(st: Any, client: ApiClient) -> None:
        st.title("Tasks")
        with st.form("new", clear_on_submit=True):
            text = st.text_input("What is to be done?")
            if st.form_submit_button("Add") and text:
                client.post("/tasks", json={"text": text}).raise_for_status()
        for task in client.get("/tasks").raise_for_status().json():
            st.write(f"- {task['text']}")
