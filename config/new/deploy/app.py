"""{{title}}: an API, and pages that are found in `ui/pages`."""

from fluxlit import FluxLit
from pydantic import BaseModel, Field

app = FluxLit(title="{{title}}")


class Task(BaseModel):
    text: str = Field(min_length=1, max_length=200)


tasks = [Task(text="Change ui/pages/home.py and watch the page")]


@app.api.get("/tasks")
def read_tasks() -> list[Task]:
    return tasks


@app.api.post("/tasks", status_code=201)
def add_task(task: Task) -> Task:
    tasks.append(task)
    return task


app.discover_pages("pages", package="ui")
