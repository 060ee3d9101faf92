"""`python -m fluxlit` and the script `fluxlit` of the wheel: hand over to the program, which is no Python."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    """Runs the `fluxlit` program of this environment, or the one on PATH, with the arguments of this process."""
    places = [sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)]
    program = find_program(os.pathsep.join(places))
    if program is None:
        sys.exit(
            "error: the program `fluxlit` is not on PATH; this Python package is what applications import\n"
            "hint: it is one file: download the one for this system from the releases of FluxLit, and put it on PATH"
        )
    # A program started in our place is told of signals directly, and its exit status is ours.
    os.execv(program, [program, *sys.argv[1:]])


def find_program(path: str) -> str | None:
    """The first executable `fluxlit` on a PATH that is the program and not another script of this package."""
    for directory in path.split(os.pathsep):
        candidate = Path(directory or ".") / ("fluxlit.exe" if os.name == "nt" else "fluxlit")
        if candidate.is_file() and os.access(candidate, os.X_OK) and not _is_script(candidate):
            return str(candidate)
    return None


def _is_script(file: Path) -> bool:
    # Console scripts begin with `#!`; the program does not.
    with file.open("rb") as opened:
        return opened.read(2) == b"#!"


if __name__ == "__main__":
    main()
