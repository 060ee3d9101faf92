"""The API and the pages, without a gateway."""

from app import app

from fluxlit import FluxLitTestClient

client = FluxLitTestClient(app)


def test_items_are_added() -> None:
    assert client.api_post("/items", json={"name": "Tea", "price": 2}).status_code == 201
    assert client.api_get("/items/3").json()["name"] == "Tea"
    assert client.api_get("/items/99").status_code == 404


def test_the_page_shows_what_it_is_given() -> None:
    rows = [{"id": 1, "name": "Tea", "price": 2.5}]
    at = client.streamlit(target="app:app", extra_sys_path=".", page_overrides={"rows": rows})
    client.assert_no_streamlit_exception(at)
    assert at.metric[0].value == "2.50"


def test_the_form_calls_the_api() -> None:
    at = client.streamlit(target="app:app", extra_sys_path=".", query_params={"page": "add"})
    at.text_input[0].input("Cake")
    at.button[0].click().run()
    client.assert_no_streamlit_exception(at)
    assert "Cake" in at.success[0].value
