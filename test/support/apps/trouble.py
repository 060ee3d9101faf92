"""A FastAPI app that crashes, hangs, leaks and holds the interpreter when it is told to."""

import asyncio
import ctypes
import os
import subprocess
import time
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()
kept: list[bytes] = []


@app.get("/")
async def who() -> dict[str, int | str | None]:
    return {"pid": os.getpid(), "colour": os.environ.get("COLOUR")}


@app.get("/wait")
async def wait() -> dict[str, int]:
    """Answers when there is a file `go`; a file `waiting` says that it waits."""
    Path("waiting").touch()
    while not Path("go").exists():
        await asyncio.sleep(0.02)
    return {"pid": os.getpid()}


@app.post("/grow")
async def grow(mebibytes: int) -> None:
    """Keeps memory for good, as a leak does."""
    kept.append(os.urandom(1024) * 1024 * mebibytes)


@app.post("/multiply")
def multiply(count: int) -> dict[str, int]:
    """Starts processes that stay, until the system refuses; says how many there are."""
    for number in range(count):
        try:
            subprocess.Popen(["sleep", "100000"])
        except OSError:
            return {"processes": number}
    return {"processes": count}


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
