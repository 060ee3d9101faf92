"""An address book: an API and two pages in one object."""

from typing import Any

from fluxlit import ApiClient, FluxLit
from pydantic import BaseModel, Field

app = FluxLit(title="Address book")


class Person(BaseModel):
    name: str = Field(min_length=1, max_length=100)
    city: str = Field(min_length=1, max_length=100)


people = [Person(name="Ada", city="London"), Person(name="Grace", city="New York")]


@app.api.get("/people")
def read_people(city: str | None = None) -> list[Person]:
    return [person for person in people if city is None or person.city == city]


@app.api.post("/people", status_code=201)
def add_person(person: Person) -> Person:
    people.append(person)
    return person


@app.page("/", title="People", icon=":material/group:")
def home(st: Any, client: ApiClient) -> None:
    st.title("Address book")
    found = client.get_model("/people", list[Person])
    st.dataframe([person.model_dump() for person in found], hide_index=True)
    st.caption(f"{len(found)} people")


@app.page("/add", title="Add somebody", icon=":material/person_add:")
def add(st: Any, client: ApiClient) -> None:
    st.title("Add somebody")
    with st.form("person", clear_on_submit=True):
        name = st.text_input("Name")
        city = st.text_input("City")
        if not st.form_submit_button("Add"):
            return
    answer = client.post("/people", json={"name": name, "city": city})
    if answer.status_code == 201:
        st.success(f"Added {name}")
    else:
        st.error("Name and city are needed")
