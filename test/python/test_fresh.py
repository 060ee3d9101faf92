"""Code that was changed is imported again."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fluxlit import _fresh
from fluxlit._fresh import forget_changed

Project = Callable[..., Path]


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fresh, "_seen", {})
    # As if the files of the test had been there for long.
    monkeypatch.setattr(_fresh, "_looked_at", time.time_ns() + 5_000_000_000)
    # Edits within one second would meet bytecode of the old text.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def edit(file: Path, text: str, *, later: float = 10) -> None:
    file.write_text(text)
    when = time.time() + later
    os.utime(file, (when, when))
    importlib.invalidate_caches()


def test_an_edit_of_one_module_is_seen_by_those_that_import_it(project: Project) -> None:
    root = project(fresh_a="from fresh_b import WORD\n", fresh_b="WORD = 'old'\n")
    first = importlib.import_module("fresh_a")
    forget_changed([str(root)])
    assert importlib.import_module("fresh_a") is first
    edit(root / "fresh_b.py", "WORD = 'new'\n")
    forget_changed([str(root)])
    assert importlib.import_module("fresh_a").WORD == "new"
    again = importlib.import_module("fresh_a")
    forget_changed([str(root)])
    assert importlib.import_module("fresh_a") is again


def test_an_edit_between_the_import_and_the_first_look_is_seen(project: Project) -> None:
    root = project(fresh_c="WORD = 'old'\n")
    importlib.import_module("fresh_c")
    edit(root / "fresh_c.py", "WORD = 'new'\n")
    forget_changed([str(root)])
    assert importlib.import_module("fresh_c").WORD == "new"


def test_a_file_from_the_future_is_not_imported_again_and_again(project: Project) -> None:
    root = project(fresh_d="")
    edit(root / "fresh_d.py", "WORD = 1\n", later=3600)
    importlib.import_module("fresh_d")
    forget_changed([str(root)])
    second = importlib.import_module("fresh_d")
    forget_changed([str(root)])
    assert importlib.import_module("fresh_d") is second


def test_what_is_installed_or_elsewhere_or_gone_is_left_alone(project: Project, tmp_path: Path) -> None:
    root = project(site_packages="", fresh_e="", fresh_f="")
    (tmp_path / "venv/site-packages").mkdir(parents=True)
    sys.path.insert(0, str(tmp_path / "venv/site-packages"))
    (tmp_path / "venv/site-packages/fresh_g.py").write_text("")
    kept = [importlib.import_module(name) for name in ("fresh_e", "fresh_f", "fresh_g")]
    forget_changed([str(root)])
    edit(tmp_path / "venv/site-packages/fresh_g.py", "x = 1\n")
    (root / "fresh_f.py").unlink()
    forget_changed([str(root)])
    forget_changed(["/nowhere"])
    assert [sys.modules.get(name) for name in ("fresh_e", "fresh_f", "fresh_g")] == kept
    assert sys.modules["fluxlit._fresh"] is _fresh
