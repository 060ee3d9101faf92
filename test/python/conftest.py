"""What all tests of the Python package share."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPORT = os.environ.get("FLUXLIT_TEST_REPORT")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of a gateway around us, and no `.env` in the current directory."""
    for name in list(os.environ):
        if name.startswith("FLUXLIT_") or name == "PUBLIC_BASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Writes the files of a project; its modules are forgotten afterwards."""
    modules, path = set(sys.modules), list(sys.path)
    sys.path.insert(0, str(tmp_path))

    def write(**files: str) -> Path:
        for name, text in files.items():
            file = tmp_path / (name.replace("__", "/") + ".py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path

    yield write
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "") or "").startswith(str(tmp_path)):
            del sys.modules[name]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """One line of JSON per test for the runner that started us: it counts each as a test of its own."""
    if REPORT is None or (report.when != "call" and report.passed):
        return
    line = {"name": report.nodeid.split("::", 1)[-1], "outcome": report.outcome, "text": report.longreprtext}
    with open(REPORT, "a", encoding="utf-8") as opened:
        opened.write(json.dumps(line) + "\n")
