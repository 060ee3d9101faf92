"""`python -m fluxlit`: the program is elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fluxlit.__main__ import find_program

PACKAGE = str(Path(__file__).resolve().parents[2] / "internal/python")


def run(path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": path, "PYTHONPATH": PACKAGE}
    return subprocess.run([sys.executable, "-m", "fluxlit", *arguments], env=env, capture_output=True, text=True)


def test_without_the_program_it_says_where_to_get_it(tmp_path: Path) -> None:
    ended = run(str(tmp_path))
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: the program `fluxlit` is not on PATH")
    assert "hint: " in ended.stderr


def test_the_program_on_the_path_is_run_in_its_place(tmp_path: Path) -> None:
    # `echo` stands for it: a program, and no script.
    (tmp_path / "fluxlit").symlink_to("/bin/echo")
    ended = run(str(tmp_path), "dev", "app:app")
    assert (ended.returncode, ended.stdout) == (0, "dev app:app\n")


def test_it_does_not_hand_over_to_itself(tmp_path: Path) -> None:
    script, program = tmp_path / "scripts", tmp_path / "programs"
    for directory in (script, program):
        directory.mkdir()
    (script / "fluxlit").write_text("#!/usr/bin/python\n")
    (script / "fluxlit").chmod(0o755)
    (program / "fluxlit").symlink_to("/bin/echo")
    assert find_program(f"{script}{os.pathsep}{program}") == str(program / "fluxlit")
    assert find_program(str(script)) is None
