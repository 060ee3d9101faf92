"""One release of the app behind the deploy tests: says which release answers, and keeps what it is given."""

import os
from pathlib import Path

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
version = int(Path(__file__).with_name("VERSION").read_text())


class Note(BaseModel):
    id: str


@app.get("/release")
async def release() -> dict[str, int]:
    return {"version": version, "pid": os.getpid()}


@app.post("/note")
async def note(note: Note) -> dict[str, int]:
    """One line in the journal per call; a call that came twice shows as two."""
    with open("../../journal", "a") as journal:
        journal.write(f"{note.id}\n")
    return {"version": version, "pid": os.getpid()}
