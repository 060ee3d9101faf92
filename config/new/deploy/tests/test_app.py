"""Runs without a gateway: `fluxlit sdk install`, then `pytest`."""

from app import app
from fluxlit import FluxLitTestClient

client = FluxLitTestClient(app)


def test_a_task_that_was_added_is_there() -> None:
    assert client.api_post("/tasks", json={"text": "Write a test"}).status_code == 201
    assert {"text": "Write a test"} in client.api_get("/tasks").json()


def test_an_empty_task_is_refused() -> None:
    assert client.api_post("/tasks", json={"text": ""}).status_code == 422


def test_the_pages_are_found() -> None:
    assert [path for path, _, _ in app.pages] == ["/", "/numbers"]
