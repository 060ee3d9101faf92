"""Endpoints that write down that they ran: what was refused in front of them leaves no line."""

from pathlib import Path

from fastapi import Body, FastAPI, Request
from starlette.requests import ClientDisconnect

app = FastAPI()


def note(line: str) -> None:
    with Path("journal").open("a") as journal:
        journal.write(f"{line}\n")


@app.post("/whole")
def whole(body: bytes = Body(media_type="application/octet-stream")) -> dict[str, int]:
    """Runs once the whole body is there, as endpoints with a model or a form do."""
    note(f"whole {len(body)}")
    return {"bytes": len(body)}


@app.post("/stream")
async def stream(request: Request) -> dict[str, int]:
    """Reads piece by piece; says how it came to an end."""
    total = 0
    note("stream began")
    try:
        async for piece in request.stream():
            total += len(piece)
    except ClientDisconnect:
        note("stream was left")
        raise
    note(f"stream {total}")
    return {"bytes": total}
