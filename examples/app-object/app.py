"""The API; the pages are in shop/pages."""

from fastapi import HTTPException
from pydantic import BaseModel, Field

from fluxlit import FluxLit

app = FluxLit(title="Shop")


class NewItem(BaseModel):
    name: str = Field(min_length=1)
    price: float = Field(ge=0)


class Item(NewItem):
    id: int


items = [Item(id=1, name="Coffee", price=3.5), Item(id=2, name="Croissant", price=2.2)]


@app.api.get("/items")
def read_items() -> list[Item]:
    return items


@app.api.get("/items/{item_id}")
def read_item(item_id: int) -> Item:
    for item in items:
        if item.id == item_id:
            return item
    raise HTTPException(404, f"no item {item_id}")


@app.api.post("/items", status_code=201)
def add_item(new: NewItem) -> Item:
    item = Item(id=len(items) + 1, **new.model_dump())
    items.append(item)
    return item


app.discover_pages("pages", package="shop")
