"""A plain FastAPI app. It knows nothing of FluxLit: `uvicorn main:app` serves it just as well."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

app = FastAPI(title="Quickstart API")


class NewItem(BaseModel):
    """What a client sends to add an item."""

    name: str = Field(min_length=1, max_length=80)
    price: float = Field(ge=0)


class Item(NewItem):
    """An item as it is kept."""

    id: int


items: dict[int, Item] = {
    1: Item(id=1, name="Coffee", price=3.5),
    2: Item(id=2, name="Croissant", price=2.2),
}


@app.get("/")
def read_root() -> dict[str, str]:
    return {"message": "Hello from FastAPI"}


@app.get("/items")
def list_items() -> list[Item]:
    return list(items.values())


@app.get("/items/{item_id}")
def read_item(item_id: int) -> Item:
    if item_id not in items:
        raise HTTPException(status_code=404, detail="No such item")
    return items[item_id]


@app.post("/items", status_code=201)
def add_item(new: NewItem) -> Item:
    item = Item(id=max(items, default=0) + 1, name=new.name, price=new.price)
    items[item.id] = item
    return item


@app.get("/countdown")
async def countdown(start: int = 5) -> StreamingResponse:
    """Server-sent events, one a second: `curl -N http://127.0.0.1:8000/api/countdown`."""

    async def events() -> AsyncIterator[str]:
        for number in range(start, 0, -1):
            yield f"data: {number}\n\n"
            await asyncio.sleep(1)
        yield "data: lift-off\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@app.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    """A WebSocket that answers what it is told, at ws://127.0.0.1:8000/api/echo."""
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass
