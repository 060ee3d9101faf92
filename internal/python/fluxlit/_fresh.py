"""Forgets modules of the project whose files were changed, so that the next import reads them again.

Streamlit itself does so only for a page that was open when the file changed and is run again; who reloads the page
would get the old code, because here all code is imported.
"""

from __future__ import annotations

import os
import sys
import threading
import time

_lock = threading.Lock()
_seen: dict[str, tuple[int, int]] = {}
_looked_at = time.time_ns()


def forget_changed(directories: list[str]) -> None:
    """Looks at the files of all loaded modules below these directories; when one was changed all are forgotten, since
    those that import it hold what was in it."""
    global _looked_at
    with _lock:
        loaded = _modules_below([os.path.realpath(directory) + os.sep for directory in directories])
        looked_before, _looked_at = _looked_at, time.time_ns()
        stamps = {file: _stamp(file) for file in loaded.values()}
        changed = [file for file, stamp in stamps.items() if stamp and _is_changed(file, stamp, looked_before)]
        _seen.update({file: stamp for file, stamp in stamps.items() if stamp})
        for name in loaded if changed else ():
            sys.modules.pop(name, None)


def _is_changed(file: str, stamp: tuple[int, int], looked_before: int) -> bool:
    if file in _seen:
        return _seen[file] != stamp
    # It was imported since we looked last; written since then too, it may have been imported before that.
    return stamp[0] > looked_before


def _modules_below(prefixes: list[str]) -> dict[str, str]:
    found = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name == "__main__" or not isinstance(file, str):
            continue
        path = os.path.realpath(file)
        if any(path.startswith(prefix) for prefix in prefixes) and not _is_installed(path):
            found[name] = path
    return found


def _is_installed(path: str) -> bool:
    own = os.path.dirname(os.path.abspath(__file__)) + os.sep
    parts = path.split(os.sep)
    return path.startswith(own) or "site-packages" in parts or any(part.startswith(".") for part in parts)


def _stamp(file: str) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
