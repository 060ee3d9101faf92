"""The FastAPI app behind most integration tests: every endpoint shows or does one thing the tests look at."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse, StreamingResponse

app = FastAPI(title="Test API")

MIB = b"x" * (1024 * 1024)

released = asyncio.Event()
left = asyncio.Event()
progress = {"mebibytes": 0}


@app.get("/")
def root() -> dict[str, str]:
    return {"message": "api"}


@app.api_route("/seen/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def seen(request: Request) -> dict[str, object]:
    """The request as it arrived here."""
    return {
        "method": request.method,
        "path": request.scope["path"],
        "raw_path": request.scope["raw_path"].decode("latin-1"),
        "root_path": request.scope["root_path"],
        "query": request.scope["query_string"].decode("latin-1"),
        "url": str(request.url),
        "client": request.client.host if request.client else None,
        "headers": [[k.decode("latin-1"), v.decode("latin-1")] for k, v in request.scope["headers"]],
        "body": (await request.body()).decode("latin-1"),
    }


@app.get("/environment")
def environment() -> dict[str, str]:
    return dict(os.environ)


@app.post("/count")
async def count(request: Request) -> dict[str, int]:
    """Reads a body piece by piece and keeps none of it."""
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
    return {"bytes": total}


@app.get("/big")
async def big(mebibytes: int) -> StreamingResponse:
    """Sends `mebibytes` MiB; `/progress` says how much of it was taken."""

    async def body() -> AsyncIterator[bytes]:
        for number in range(mebibytes):
            progress["mebibytes"] = number
            yield MIB

    length = {"Content-Length": str(mebibytes * len(MIB))}
    return StreamingResponse(body(), media_type="application/octet-stream", headers=length)


@app.get("/progress")
def taken() -> dict[str, int]:
    return progress


@app.get("/events")
async def events() -> StreamingResponse:
    """One event at once, the second only after `POST /release`."""

    async def body() -> AsyncIterator[str]:
        yield "data: first\n\n"
        await released.wait()
        yield "data: second\n\n"

    return StreamingResponse(body(), media_type="text/event-stream")


@app.post("/release")
async def release() -> None:
    released.set()


@app.get("/stay")
async def stay(request: Request) -> StreamingResponse:
    """A stream without an end; `/left` answers when its reader went away."""

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"started\n"
            await asyncio.Event().wait()
        finally:
            left.set()

    return StreamingResponse(body(), media_type="text/plain")


@app.get("/left")
async def gone() -> dict[str, bool]:
    await left.wait()
    return {"left": True}


@app.get("/until/{name}")
async def until(name: str) -> StreamingResponse:
    """Says `started`, waits until the file `name` exists in the working directory, says `finished`."""

    async def body() -> AsyncIterator[bytes]:
        yield b"started\n"
        while not Path(name).exists():
            await asyncio.sleep(0.02)
        yield b"finished\n"

    return StreamingResponse(body(), media_type="text/plain")


@app.get("/cut")
async def cut() -> StreamingResponse:
    """Dies in the middle of an answer."""

    async def body() -> AsyncIterator[bytes]:
        yield b"half of "
        raise RuntimeError("cut off on purpose")

    return StreamingResponse(body(), media_type="text/plain")


@app.get("/die")
async def die() -> JSONResponse:
    """Takes the whole process down before it answers."""
    os._exit(3)


@app.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    """Chooses the last offered subprotocol, shows the handshake, then sends back what it gets."""
    offered = socket.scope["subprotocols"]
    await socket.accept(subprotocol=offered[-1] if offered else None)
    headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in socket.scope["headers"]}
    await socket.send_text(json.dumps({"offered": offered, "headers": headers, "path": socket.scope["path"]}))
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                break
            if message.get("text") is not None:
                await socket.send_text(message["text"])
            elif message.get("bytes") is not None:
                await socket.send_bytes(message["bytes"])
    except WebSocketDisconnect:
        pass


@app.websocket("/goodbye")
async def goodbye(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close(code=4321, reason="enough")


@app.websocket("/refuse")
async def refuse(socket: WebSocket) -> None:
    await socket.close()
