"""A FastAPI app that crashes, hangs and holds the interpreter when it is told to."""

import ctypes
import os
import time
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def who() -> dict[str, int | str | None]:
    return {"pid": os.getpid(), "colour": os.environ.get("COLOUR")}


@app.post("/stuck")
async def stuck() -> None:
    compute_report()


def compute_report() -> None:
    time.sleep(100_000)  # the line that is looked for


@app.post("/nap")
async def nap(seconds: float) -> None:
    """Blocks the event loop for a moment, as a careless app does."""
    time.sleep(seconds)


@app.post("/hold")
async def hold() -> None:
    """No thread of this process runs Python any more, also not the one that notices a dead gateway."""
    Path("held").touch()
    ctypes.PyDLL(None).sleep(100_000)


@app.post("/die")
async def die() -> None:
    with open("died", "a") as file:
        file.write("once\n")
    os._exit(9)
