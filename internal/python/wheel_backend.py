"""The build backend of the package (PEP 517): the same files give the same bytes, and only the standard library is
used."""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# The earliest time a zip archive can name: a wheel has no use for a later one.
MADE = (1980, 1, 1, 0, 0, 0)


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None) -> str:
    """Writes the wheel and returns its name."""
    return write(wheel_directory, package_files())


def build_editable(wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None) -> str:
    """A wheel that leads here instead of holding the files."""
    return write(wheel_directory, {"fluxlit_source.pth": f"{HERE}\n".encode()})


def package_files() -> dict[str, bytes]:
    """Every file of the package by its path."""
    found = (file for file in (HERE / "fluxlit").rglob("*") if file.suffix in (".py", ".typed"))
    return {file.relative_to(HERE).as_posix(): file.read_bytes() for file in found}


def write(wheel_directory: str, files: dict[str, bytes]) -> str:
    """Puts files into a wheel, with what `pip` has to know of them."""
    project = read_project()
    release = f"fluxlit-{version()}"
    info = f"{release}.dist-info"
    scripts = "".join(f"{name} = {target}\n" for name, target in project["scripts"])
    content = {
        **files,
        f"{info}/METADATA": metadata(project).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: fluxlit\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{scripts}".encode(),
        **licence(info),
    }
    content[f"{info}/RECORD"] = record(content, f"{info}/RECORD").encode()
    name = f"{release}-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory) / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path in sorted(content):
            entry = zipfile.ZipInfo(path, MADE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            wheel.writestr(entry, content[path])
    return name


def licence(info: str) -> dict[str, bytes]:
    """The licence's text, where these files lie in the repository."""
    file = HERE.parents[1] / "LICENSE"
    return {f"{info}/licenses/LICENSE": file.read_bytes()} if file.is_file() else {}


def version() -> str:
    """As the package says it."""
    text = (HERE / "fluxlit" / "_version.py").read_text(encoding="utf-8")
    return next(match[1] for match in re.finditer(r'^__version__ = "(.+)"$', text, re.MULTILINE))


def read_project() -> dict[str, Any]:
    """The few lines of pyproject.toml that are needed, which also Python 3.10 without a TOML parser can read."""
    text = (HERE / "pyproject.toml").read_text(encoding="utf-8")

    def values(key: str) -> list[str]:
        line = re.search(rf"^{key} = (.+)$", text, re.MULTILINE)
        return re.findall(r'"([^"]*)"', line[1]) if line else []

    extras = re.findall(r'^(\w+) = (\[.*\])$', text.split("[project.optional-dependencies]")[1].split("\n\n")[0], re.MULTILINE)
    return {
        "summary": values("description")[0],
        "author": values("authors")[0],
        "homepage": values("Homepage")[0],
        "license": values("license")[0],
        "python": values("requires-python")[0],
        "classifiers": values("classifiers"),
        "extras": [(name, re.findall(r'"([^"]*)"', listed)) for name, listed in extras],
        "scripts": re.findall(r'^([\w-]+) = "([\w.]+:\w+)"$', text, re.MULTILINE),
    }


def metadata(project: dict[str, Any]) -> str:
    """METADATA, version 2.4."""
    lines = [
        "Metadata-Version: 2.4",
        "Name: fluxlit",
        f"Version: {version()}",
        f"Summary: {project['summary']}",
        f"Author: {project['author']}",
        f"Project-URL: Homepage, {project['homepage']}",
        f"License-Expression: {project['license']}",
        *(f"License-File: {Path(path).name}" for path in licence("")),
        *(f"Classifier: {classifier}" for classifier in project["classifiers"]),
        f"Requires-Python: {project['python']}",
    ]
    for extra, requirements in project["extras"]:
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {conditional(requirement, extra)}" for requirement in requirements]
    return "\n".join(lines) + "\n"


def conditional(requirement: str, extra: str) -> str:
    """`tomli; python_version < "3.11"` gets one more condition, others their first."""
    name, _, marker = (part.strip() for part in requirement.partition(";"))
    return f'{name}; ({marker}) and extra == "{extra}"' if marker else f'{name}; extra == "{extra}"'


def record(content: dict[str, bytes], own: str) -> str:
    """Every file with its hash; the record itself without one."""
    rows = []
    for path in sorted(content):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content[path]).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(content[path])}")
    return "\n".join([*rows, f"{own},,"]) + "\n"
