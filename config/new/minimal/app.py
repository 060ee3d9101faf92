"""{{title}}: an API and its pages in one object."""

from typing import Any

from fluxlit import ApiClient, FluxLit
from pydantic import BaseModel, Field

app = FluxLit(title="{{title}}")


class Task(BaseModel):
    text: str = Field(min_length=1, max_length=200)


tasks = [Task(text="Change app.py and watch the page")]


@app.api.get("/tasks")
def read_tasks() -> list[Task]:
    return tasks


@app.api.post("/tasks", status_code=201)
def add_task(task: Task) -> Task:
    tasks.append(task)
    return task


@app.page("/", title="Tasks", icon=":material/checklist:")
def home(st: Any, client: ApiClient) -> None:
    st.title("Tasks")
    with st.form("new", clear_on_submit=True):
        text = st.text_input("What is to be done?")
        if st.form_submit_button("Add") and text:
            client.post("/tasks", json={"text": text}).raise_for_status()
    for task in client.get_model("/tasks", list[Task]):
        st.write(f"- {task.text}")
