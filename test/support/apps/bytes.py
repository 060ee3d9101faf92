"""A FastAPI app whose bodies are compared byte for byte."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

app = FastAPI()

MIB = 1024 * 1024

sent = {"mebibytes": 0, "digest": ""}


@app.post("/digest")
async def digest(request: Request) -> dict[str, int | str]:
    """Begins to read only when there is a file `read`, so that a sender has to wait; a file `asked` says it waits."""
    Path("asked").touch()
    while not Path("read").exists():
        await asyncio.sleep(0.02)
    total = 0
    found = hashlib.sha256()
    async for chunk in request.stream():
        total += len(chunk)
        found.update(chunk)
    return {"bytes": total, "digest": found.hexdigest()}


@app.get("/bytes")
async def noise(mebibytes: int) -> StreamingResponse:
    """Sends `mebibytes` MiB of noise; `/sent` says how far it got, and what the digest of it was."""

    async def body() -> AsyncIterator[bytes]:
        made = hashlib.sha256()
        for number in range(mebibytes):
            piece = random.randbytes(MIB)
            made.update(piece)
            sent.update(mebibytes=number, digest=made.hexdigest())
            yield piece

    length = {"Content-Length": str(mebibytes * MIB)}
    return StreamingResponse(body(), media_type="application/octet-stream", headers=length)


@app.get("/sent")
def progress() -> dict[str, int | str]:
    return sent
