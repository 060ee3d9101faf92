"""The package as a wheel."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import wheel_backend

import fluxlit

SOURCE = Path(wheel_backend.__file__).resolve().parent


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    built = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        built.append((tmp_path / name / wheel_backend.build_wheel(str(tmp_path / name))).read_bytes())
    assert built[0] == built[1]


def test_every_file_is_in_it_and_in_its_record(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / wheel_backend.build_wheel(str(tmp_path))) as wheel:
        names = set(wheel.namelist())
        info = f"fluxlit-{fluxlit.__version__}.dist-info"
        rows = [row.split(",") for row in wheel.read(f"{info}/RECORD").decode().splitlines()]
        assert {path for path, _, _ in rows} == names
        for path, digest, size in rows[:-1]:
            content = wheel.read(path)
            found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={found}", str(len(content)))
        assert {"fluxlit/py.typed", "fluxlit/_entry/fluxlit_pages.py", f"{info}/licenses/LICENSE"} <= names
        assert "MIT License" in wheel.read(f"{info}/licenses/LICENSE").decode()
        assert not any("__pycache__" in name for name in names)


def test_an_editable_install_leads_to_the_sources(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / wheel_backend.build_editable(str(tmp_path))) as wheel:
        assert wheel.read("fluxlit_source.pth").decode().strip() == str(SOURCE)


def test_pip_installs_it_without_a_network(tmp_path: Path) -> None:
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    options = ["--no-index", "--disable-pip-version-check", "--quiet", "--no-warn-script-location"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", str(site), str(SOURCE)], check=True)
    found = next(importlib.metadata.distributions(path=[str(site)]))
    assert (found.name, found.version) == ("fluxlit", fluxlit.__version__)
    requires = found.requires or []
    assert 'PyJWT[crypto]>=2.8; extra == "auth"' in requires
    assert all("extra ==" in requirement for requirement in requires), "nothing is required without an extra"
    env = {"PYTHONPATH": str(site), "PATH": str(empty)}
    script = subprocess.run([site / "bin" / "fluxlit", "dev"], env=env, capture_output=True, text=True)
    assert script.returncode == 1
    assert "is not on PATH" in script.stderr
    os.symlink("/bin/echo", empty / "fluxlit")
    env["PATH"] = f"{site / 'bin'}{os.pathsep}{empty}"
    script = subprocess.run([site / "bin" / "fluxlit", "dev"], env=env, capture_output=True, text=True)
    assert script.stdout == "dev\n"


def test_the_ranges_are_those_the_tests_are_run_with() -> None:
    lowest = (Path(__file__).parents[1] / "requirements-lowest.txt").read_text()
    project = wheel_backend.read_project()
    extras = dict(project["extras"])
    assert list(extras) == ["apps", "auth"]
    for requirement in [*extras["apps"], *extras["auth"]]:
        name, _, version = requirement.partition(">=")
        if "python_version" not in requirement:
            assert f"{name.partition('[')[0]}=={version}." in lowest, requirement
