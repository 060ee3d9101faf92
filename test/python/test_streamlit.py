"""Pages in Streamlit's own AppTest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from served import serve

from fluxlit import FluxLit, FluxLitTestClient, apptest_assert_no_errors, assert_no_streamlit_exception

Project = Callable[..., Path]

PAGES = """
from fluxlit import Depends, FluxLit, NavigationModel, PageMeta, parse_query_params, query_params
from pydantic import BaseModel

app = FluxLit(title="Shop", streamlit_page_config={"layout": "wide"})

class Asked(BaseModel):
    number: int = 1

@app.page("/other", icon="🦊")
def other(st, client):
    st.title("Other")
    st.write(parse_query_params(st, Asked).number)

@app.page("/", page_meta=PageMeta(page_title="Start"))
def home(st, client):
    st.title("Home")

@app.page("/broken")
def broken(st, client):
    raise RuntimeError("no rows")

@app.page("/given")
def given(st, client, rows=Depends(lambda: ["real"])):
    st.write(",".join(rows))
    st.error("shown") if rows == ["bad"] else None
    return PageMeta(breadcrumb="Shop / Given", page_title="Later")
"""


@pytest.fixture
def shop(project: Project) -> Callable[..., Any]:
    root = project(shop_pages=PAGES)
    client = FluxLitTestClient(FluxLit())

    def run(**kwargs: Any) -> Any:
        return client.streamlit(target="shop_pages:app", extra_sys_path=root, **kwargs)

    return run


def test_the_page_with_the_path_slash_comes_first_wherever_it_is_registered(shop: Callable[..., Any]) -> None:
    at = shop()
    assert_no_streamlit_exception(at)
    assert [title.value for title in at.title] == ["Home"]


def test_another_page_is_named_in_the_address(shop: Callable[..., Any], tmp_path: Path) -> None:
    at = shop(query_params={"page": "Other", "number": "7"})
    apptest_assert_no_errors(at)
    assert [title.value for title in at.title] == ["Other"]
    assert at.markdown[0].value == "`7`"
    client = FluxLitTestClient(FluxLit())
    at = client.select_page(at, "/", target="shop_pages:app", extra_sys_path=tmp_path)
    assert [title.value for title in at.title] == ["Home"]


def test_a_query_that_does_not_fit_is_said_without_what_was_typed(shop: Callable[..., Any]) -> None:
    at = shop(query_params={"page": "other", "number": "<b>x"})
    assert "number: Input should be a valid integer" in at.error[0].value
    assert "<b>" not in at.error[0].value
    assert not at.exception


def test_a_page_that_raises_shows_it_and_the_helper_fails_with_it(shop: Callable[..., Any]) -> None:
    at = shop(query_params={"page": "broken"})
    with pytest.raises(AssertionError, match="no rows"):
        assert_no_streamlit_exception(at)


def test_dependencies_run_and_tests_replace_them(shop: Callable[..., Any]) -> None:
    at = shop(query_params={"page": "given"})
    assert at.markdown[0].value == "real"
    assert at.sidebar.caption[0].value == "Shop / Given"
    at = shop(query_params={"page": "given"}, page_overrides={"rows": ["a", "b"]})
    assert at.markdown[0].value == "a,b"
    at = shop(query_params={"page": "given"}, page_overrides={"rows": ["bad"]})
    with pytest.raises(AssertionError, match="shown"):
        apptest_assert_no_errors(at)


def test_later_runs_have_the_same_surroundings(project: Project) -> None:
    root = project(
        click_app="from fluxlit import FluxLit\napp = FluxLit()\n@app.page('/')\n"
        "def home(st, client):\n    if st.button('Load'): st.write(client.load())\n"
    )

    class Fake:
        def load(self) -> str:
            return "from the test"

    client = FluxLitTestClient(FluxLit())
    at = client.streamlit(target="click_app:app", extra_sys_path=root, page_overrides={"client": Fake()})
    at.button[0].click().run()
    assert_no_streamlit_exception(at)
    assert at.markdown[0].value == "from the test"


def test_pages_call_the_apps_own_api_unless_told_of_another(project: Project) -> None:
    root = project(
        whole_app="from fluxlit import FluxLit, prepare_streamlit_api_client\napp = FluxLit()\n"
        "@app.api.get('/word')\ndef word(): return 'own'\n@app.page('/')\n"
        "def home(st, client): st.write(client.get('/word').json() + prepare_streamlit_api_client(st).get('word').text)\n"
    )
    client = FluxLitTestClient(FluxLit())
    at = client.streamlit(target="whole_app:app", extra_sys_path=root)
    assert_no_streamlit_exception(at)
    assert at.markdown[0].value == 'own"own"'
    with serve(lambda asked: (200, asked.path)) as other:
        at = client.streamlit(target="whole_app:app", extra_sys_path=root, internal_api_base=f"{other.url}/api")
    assert at.markdown[0].value == '/api/word"/api/word"'


def test_without_pages_it_says_how_to_make_one(project: Project) -> None:
    root = project(no_pages="from fluxlit import FluxLit\napp = FluxLit(title='Empty')\n")
    at = FluxLitTestClient(FluxLit()).streamlit(target="no_pages:app", extra_sys_path=root)
    assert at.title[0].value == "Empty"
    assert "@app.page" in at.info[0].value


def test_an_app_that_cannot_be_imported_is_shown_with_its_own_line(project: Project) -> None:
    root = project(half_app="from fluxlit import FluxLit\nimport not_there_at_all\n")
    at = FluxLitTestClient(FluxLit()).streamlit(target="half_app:app", extra_sys_path=root)
    assert "No module named 'not_there_at_all'" in at.exception[0].message
    assert any("half_app.py" in line for line in at.exception[0].stack_trace)


def test_the_scripts_directory_is_not_where_the_app_is_imported_from(project: Project) -> None:
    root = project(
        where_app="import sys\nfrom fluxlit import FluxLit\napp = FluxLit()\n@app.page('/')\n"
        "def home(st, client): st.write([entry for entry in sys.path if entry.endswith('_entry')])\n"
    )
    at = FluxLitTestClient(FluxLit()).streamlit(target="where_app:app", extra_sys_path=root)
    assert_no_streamlit_exception(at)
    assert at.json[0].value == "[]"


def test_the_navigation_has_the_order_that_was_asked_for(project: Project) -> None:
    from fluxlit import NavigationModel, PageMeta
    from fluxlit.pages.navigation import in_order

    app = FluxLit().navigation(NavigationModel(order=("/c", "/", "/nowhere")))
    for path in ("/a", "/", "/c"):
        app.page(path)(lambda st: None)
    assert [record.path for record in in_order(app.page_records, app.navigation_model)] == ["/c", "/", "/a"]
    app.page("/early", page_meta=PageMeta(order=-1))(lambda st: None)
    assert [record.path for record in in_order(app.page_records, None)] == ["/early", "/a", "/", "/c"]
