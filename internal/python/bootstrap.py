"""What the gateway runs in front of every Python worker.

    python bootstrap.py inspect
    python bootstrap.py uvicorn APP [UVICORN ARGUMENT...]
    python bootstrap.py streamlit SOCKET GRACE SCRIPT [STREAMLIT ARGUMENT...]
    python bootstrap.py streamlit-cli SCRIPT [STREAMLIT ARGUMENT...]
    python bootstrap.py target DIRECTORY[:DIRECTORY...] APP MODE [ARGUMENT...]
    python bootstrap.py trial MODE [ARGUMENT...]
    python bootstrap.py limited NAME=SOFT:HARD[,...] MODE [ARGUMENT...]

Descriptor 3 is the lifeline: end-of-file on it means the gateway is gone, and this process ends itself and
everything it started. Descriptor 4 is the report: a worker that cannot start writes one JSON line to it, so
that the gateway can say what is wrong instead of showing only a traceback. Both are optional, which lets the
printed command also be run by hand.

Only the standard library is used, and nothing happens at import (multiprocessing imports this file again in
every child it spawns). The file has to parse on old interpreters too, for "Python 3.8 is too old" to be said.
"""

from __future__ import annotations

import ast
import faulthandler
import importlib
import json
import logging
import os
import re
import signal
import stat
import sys
import threading
import time
import traceback
from typing import Any, Callable, NoReturn

LIFELINE = 3
REPORT = 4

# The gateway promises ten seconds from its own death to the end of the last process.
ORPHAN_GRACE_SECONDS = 8.0

# Names that tell an ASGI application from other callables when we list what a module offers instead.
ASGI_BASES = ("Starlette", "FastAPI", "Litestar", "Quart", "Sanic", "BlackSheep", "App", "ASGIApp")


class Trial:
    """Whether the app is only loaded, to see whether it can be, and nothing is served."""

    is_on = False


trial = Trial()


class Target:
    """The FluxLit application object that the worker belongs to, if there is one."""

    application: str | None = None
    # Where it is imported from, best first.
    directories: list[str] = []


target = Target()


# -- gateway ------------------------------------------------------------------------------------------------


def is_pipe(descriptor: int) -> bool:
    """Whether the gateway handed over this descriptor (by hand it is closed, or a file of someone else)."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode)


def watch_lifeline() -> None:
    """Ends this process and its group once the gateway is gone."""
    if not is_pipe(LIFELINE):
        return
    # What the app starts must not hold the line open, nor read from it.
    os.set_inheritable(LIFELINE, False)
    threading.Thread(target=wait_for_orphanhood, name="fluxlit-lifeline", daemon=True).start()


def wait_for_orphanhood() -> None:
    try:
        while os.read(LIFELINE, 64):
            pass
    except OSError:
        pass
    leader, group = os.getpid(), os.getpgrp()
    try:
        # A group that is not ours belongs to the shell someone started us from.
        if group == leader and os.fork() == 0:
            sweep_group(leader)
    except OSError:
        # A limit on processes that is used up must not keep this one alive.
        pass
    os.kill(leader, signal.SIGTERM)


def sweep_group(leader: int) -> NoReturn:
    """In a process of its own, because a clean stop of the leader would end a thread before it could sweep up
    what the app left behind."""
    os.setsid()
    # The listening socket must close with the leader, not with us.
    os.closerange(0, 4096)
    deadline = time.monotonic() + ORPHAN_GRACE_SECONDS
    while time.monotonic() < deadline and is_running(leader):
        time.sleep(0.05)
    try:
        os.killpg(leader, signal.SIGKILL)
    except OSError:
        pass
    os._exit(0)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def fail(code: str, message: str, **details: Any) -> NoReturn:
    """Tells the gateway why this worker cannot start, then ends with status 1.

    `permanent` in the details means that trying again without a change is pointless.
    """
    event = {"event": "failed", "code": code, "message": message, "target": target.application, **details}
    if is_pipe(REPORT):
        os.write(REPORT, json.dumps(event).encode() + b"\n")
    else:
        print(f"error[{code}]: {message}", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    # Not SystemExit: an app that started threads at import would keep the process from ending.
    os._exit(1)


def set_limits(settings: str) -> None:
    """Resource limits in the notation of prlimit(1), `nofile=64:64,core=0:0`, for this process and its children."""
    import resource

    for setting in settings.split(","):
        name, _, values = setting.partition("=")
        soft, _, hard = values.partition(":")
        try:
            resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (int(soft), int(hard)))
        except (OSError, ValueError) as error:
            fail("rlimit_refused", f"the limit {setting} cannot be set: {error}", permanent=True)


def hide_queries() -> None:
    """Servers name requests with their query string, in which clients put tokens; the log is no place for those.

    Filters stay on a logger when the server configures logging later. Formatting is left to it.
    """
    for name in ("uvicorn.error", "uvicorn.access", "tornado.access"):
        logging.getLogger(name).addFilter(without_query)


def without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(shortened(argument) for argument in record.args)
    return True


def shortened(argument: object) -> object:
    if not isinstance(argument, str):
        return argument
    return re.sub(r'(/[^\s?"]*)\?[^\s"]+', r"\1?[redacted]", argument)


# -- errors in the user's own code --------------------------------------------------------------------------


def is_user_file(path: str) -> bool:
    """Whether a frame is in code the reader wrote rather than installed."""
    if path.startswith("<") or os.path.abspath(path) == os.path.abspath(__file__) or is_package_file(path):
        return False
    libraries = tuple(os.path.join(prefix, "lib") for prefix in (sys.base_prefix, sys.prefix))
    return "site-packages" not in path and not path.startswith(libraries)


def is_package_file(path: str) -> bool:
    """Whether a frame is in the package `fluxlit`, which travels with us and may lie anywhere."""
    package = getattr(sys.modules.get("fluxlit"), "__file__", None)
    return package is not None and os.path.abspath(path).startswith(os.path.dirname(os.path.abspath(package)) + os.sep)


def shown(path: str) -> str:
    """A path as the user writes it: relative when it is below the working directory."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def user_frame(error: BaseException) -> tuple[str, int] | None:
    """File and line of the deepest frame in the user's own code."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if is_user_file(frame.filename):
            return shown(frame.filename), frame.lineno or 0
    return None


def user_traceback(error: BaseException) -> list[str]:
    """The traceback without our own and importlib's frames at its top, and without the package's at its end."""
    frames = list(traceback.extract_tb(error.__traceback__))
    while frames and not is_user_file(frames[0].filename):
        frames.pop(0)
    while frames and is_package_file(frames[-1].filename):
        frames.pop()
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []
    return "".join([*lines, *traceback.format_exception_only(type(error), error)]).splitlines()


def fail_syntax(code: str, error: SyntaxError) -> NoReturn:
    file, line = shown(error.filename or "?"), error.lineno or 0
    fail(
        code,
        f"{error.msg} ({file}:{line})",
        file=file,
        line=line,
        traceback="".join(traceback.format_exception_only(type(error), error)).splitlines(),
        permanent=True,
    )


def fail_import(error: BaseException) -> NoReturn:
    """An exception on the way to the application object: the app's, not ours."""
    if isinstance(error, SyntaxError):
        fail_syntax("app_syntax_error", error)
    frame = user_frame(error)
    place = f" ({frame[0]}:{frame[1]})" if frame else ""
    said = str(error)
    fail(
        "app_import_failed",
        f"importing the app failed: {type(error).__name__}{': ' + said if said else ''}{place}",
        file=frame[0] if frame else None,
        line=frame[1] if frame else None,
        missing=error.name if isinstance(error, ModuleNotFoundError) else None,
        traceback=user_traceback(error),
        # A database that is not up yet may be there in a second; a missing module will not.
        permanent=isinstance(error, ModuleNotFoundError),
    )


# -- uvicorn ------------------------------------------------------------------------------------------------


def load_application(name: str, is_factory: bool) -> Any:
    """`module:attr` as uvicorn would load it, but every way this can fail says what to change."""
    if target.application is not None and name == f"{target.application}.api":
        return load_target(target.application).api
    found = load_attribute(name, ASGI_BASES)
    if not callable(found):
        fail("app_not_callable", f"`{name}` is of type {type(found).__name__}, not an ASGI application", permanent=True)
    return guarded_factory(found) if is_factory else found


def load_target(name: str) -> Any:
    """The FluxLit application object `module:attr`; whatever else stands there is refused with its place."""
    # Uvicorn and Streamlit put directories of their own first.
    sys.path[:] = [*target.directories, *(entry for entry in sys.path if entry not in target.directories)]
    found = load_attribute(name, ("FluxLit",))
    if "FluxLit" not in {base.__name__ for base in type(found).__mro__}:
        module_name, _, attribute = name.partition(":")
        module = sys.modules[module_name]
        names = instance_names(module, ("FluxLit",))
        file, line = place_of(module, attribute)
        fail(
            "target_not_fluxlit",
            f"`{name}` is of type {type(found).__name__}, not a FluxLit object{placed(file, line)}",
            file=file,
            line=line,
            candidates=[f"{module_name}:{each}" for each in names],
            permanent=True,
        )
    return found


def load_attribute(name: str, wanted: tuple[str, ...]) -> Any:
    """What `module:attr` names. `wanted` are classes whose instances are offered when there is no such attribute."""
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        fail("app_not_found", f'app "{name}" must have the form module:attribute, for example main:app', permanent=True)
    module = load_module(module_name)
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            fail_attribute(module, module_name, attribute, wanted)
        found = getattr(found, part)
    return found


def fail_attribute(module: Any, module_name: str, attribute: str, wanted: tuple[str, ...]) -> NoReturn:
    names = instance_names(module, wanted)
    listed = f"; it has: {', '.join(names)}" if names else ""
    file, line = place_of(module, names[0] if names else None)
    fail(
        "app_attribute_missing",
        f"module `{module_name}` has no attribute `{attribute}`{listed}{placed(file, line)}",
        file=file,
        line=line,
        candidates=[f"{module_name}:{name}" for name in names],
        permanent=True,
    )


def place_of(module: Any, name: str | None) -> tuple[str | None, int | None]:
    """File of a module, and the line on which a name is assigned in it."""
    file = getattr(module, "__file__", None)
    if not file:
        return None, None
    try:
        with open(file, "rb") as source:
            tree = ast.parse(source.read())
    except (OSError, SyntaxError, ValueError):
        return shown(file), None
    for statement in tree.body:
        names = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
        if any(isinstance(each, ast.Name) and each.id == name for each in names):
            return shown(file), statement.lineno
    return shown(file), None


def placed(file: str | None, line: int | None) -> str:
    if file is None:
        return ""
    return f" ({file})" if line is None else f" ({file}:{line})"


def load_module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # `error.name` is the module itself or one of its packages only if the user's own module is what is
        # missing; otherwise an import inside it failed, which is another mistake with another cure.
        if error.name and (name == error.name or name.startswith(error.name + ".")) and user_frame(error) is None:
            fail(
                "app_not_found",
                f"module `{name}` does not exist in {sys.path[0] or os.getcwd()}",
                missing=error.name,
                permanent=True,
            )
        fail_import(error)
    except BaseException as error:  # noqa: BLE001 - also SystemExit: a module that exits at import never serves
        fail_import(error)


def instance_names(module: Any, classes: tuple[str, ...]) -> list[str]:
    """Public names in a module whose values are instances of classes of these names."""
    names = []
    for name, value in vars(module).items():
        bases = {base.__name__ for base in type(value).__mro__}
        if not name.startswith("_") and bases.intersection(classes):
            names.append(name)
    return names


def guarded_factory(factory: Callable[[], Any]) -> Callable[[], Any]:
    def create() -> Any:
        try:
            return factory()
        except BaseException as error:  # noqa: BLE001
            fail_import(error)

    return create


def run_uvicorn(arguments: list[str]) -> None:
    try:
        # Not `import uvicorn.main`: the package rebinds that name to the command inside it.
        from uvicorn.main import main as command

        config = importlib.import_module("uvicorn.config")
    except ModuleNotFoundError as error:
        fail_missing(error, "uvicorn")
    application = arguments[0]
    is_factory = "--factory" in arguments
    if trial.is_on:
        loaded_app = load_application(application, is_factory)
        succeed(loaded_app() if is_factory else loaded_app)
    original = config.import_from_string
    loaded: dict[str, Any] = {}

    # Uvicorn imports the app after it set up logging, --env-file and --app-dir. Hooking its loader keeps that
    # order; importing the app ourselves first would not.
    def import_from_string(name: Any) -> Any:
        if name != application:
            return original(name)
        if name not in loaded:
            loaded[name] = load_application(name, is_factory)
        return loaded[name]

    config.import_from_string = import_from_string
    sys.argv = ["uvicorn", *arguments]
    command(prog_name="uvicorn")


def succeed(found: Any) -> NoReturn:
    """The end of a trial: says what was found. As `fail`, for what the app started may still run."""
    event = {"event": "loaded", "type": type(found).__name__, "pages": len(getattr(found, "page_records", ()))}
    os.write(REPORT, json.dumps(event).encode() + b"\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def fail_missing(error: ModuleNotFoundError, package: str) -> NoReturn:
    """`uvicorn` or `streamlit` itself is missing, or something it needs."""
    missing = error.name or package
    fail(
        "module_missing",
        f'module "{missing}" is not installed in {sys.executable}',
        missing=missing,
        permanent=True,
    )


# -- streamlit ----------------------------------------------------------------------------------------------


def check_script(script: str) -> None:
    """Streamlit starts healthy with a script that cannot even be compiled; say so before it does."""
    try:
        with open(script, "rb") as file:
            source = file.read()
    except OSError as error:
        fail("script_not_found", f"cannot read {shown(script)}: {error.strerror}", file=shown(script), permanent=True)
    try:
        # Streamlit allows top-level `await`, so do we.
        compile(source, script, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        fail_syntax("script_syntax_error", error)
    except ValueError as error:
        fail("script_syntax_error", f"{error} ({shown(script)})", file=shown(script), permanent=True)


def run_streamlit_cli(arguments: list[str]) -> None:
    """`streamlit run` as a user would type it, after the script was checked."""
    check_script(arguments[0])
    try:
        from streamlit.web.cli import main
    except ModuleNotFoundError as error:
        fail_missing(error, "streamlit")
    check_target()
    if trial.is_on:
        succeed(None)
    sys.argv = ["streamlit", "run", *arguments]
    main(prog_name="streamlit")


def check_target() -> None:
    """Streamlit would show a page that cannot be made to every visitor; say so before it starts."""
    if target.application is not None:
        found = load_target(target.application)
        if trial.is_on:
            succeed(found)


def run_streamlit(arguments: list[str]) -> None:
    """The same script behind a Unix socket, which `streamlit run` itself refuses since 1.57."""
    socket_path, grace, script = arguments[:3]
    script = os.path.abspath(script)
    check_script(script)
    try:
        import streamlit
        import uvicorn
        from streamlit import config
    except ModuleNotFoundError as error:
        fail_missing(error, "streamlit")
    prepare_streamlit(script, arguments[3:])
    check_target()
    if trial.is_on:
        succeed(None)
    settings = streamlit_settings(config, uvicorn.__version__)
    server = uvicorn.Server(
        uvicorn.Config(
            streamlit_application(streamlit, script),
            uds=socket_path,
            lifespan="on",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=int(grace),
            # The directory of the socket lets nobody in but the gateway.
            forwarded_allow_ips="*",
            server_header=False,
            date_header=False,
            **settings,
        )
    )
    server.run()
    if not server.started:
        sys.exit(1)


def prepare_streamlit(script: str, arguments: list[str]) -> None:
    """What `streamlit run` does before it starts its server: options, sys.path, sys.argv."""
    import click
    from streamlit import config
    from streamlit.web import bootstrap, cli

    # Only Streamlit's own command line reads STREAMLIT_* variables (`st.App` alone does not), so its parser
    # is used; it also rejects unknown options the way users know it.
    try:
        context = cli.main_run.make_context("streamlit run", [script, *arguments])
    except click.ClickException as error:
        fail("streamlit_option", f"streamlit: {error.format_message()}", permanent=True)
    # Decides which .streamlit/config.toml beside the script is read, hence first.
    config._main_script_path = script
    names = {parameter.name for parameter in cli.main_run.params if isinstance(parameter, click.Option)}
    bootstrap.load_config_options({name: value for name, value in context.params.items() if name in names})
    if target.application is None:
        sys.path.insert(0, os.path.dirname(script))
    sys.argv = [script, *context.params.get("args", ())]


def streamlit_application(streamlit: Any, script: str) -> Any:
    """The script as an ASGI application: its own `st.App` (or FastAPI) object if it makes one."""
    from pathlib import Path

    try:
        from streamlit.web.server.app_discovery import discover_asgi_app
    except ImportError:
        return streamlit.App(script)
    found = discover_asgi_app(Path(script)).import_string
    return load_application(found, False) if found else streamlit.App(script)


def streamlit_settings(config: Any, uvicorn_version: str) -> dict[str, Any]:
    """The server settings Streamlit gives its own Uvicorn."""
    interval = option(config, "server.websocketPingInterval", None)
    seconds = 30 if interval is None else int(interval)
    numbers = tuple(int(part) for part in uvicorn_version.split(".")[:2] if part.isdigit())
    return {
        "ws": "websockets-sansio" if numbers >= (0, 44) else "auto",
        "ws_ping_interval": seconds,
        "ws_ping_timeout": seconds,
        "ws_max_size": int(config.get_option("server.maxMessageSize")) * 1_000_000,
        "ws_per_message_deflate": bool(option(config, "server.enableWebsocketCompression", False)),
        "use_colors": False,
        "access_log": False,
    }


def option(config: Any, name: str, default: Any) -> Any:
    """An option that not every supported Streamlit has."""
    try:
        return config.get_option(name)
    except RuntimeError:
        return default


# -- inspect ------------------------------------------------------------------------------------------------


def inspect() -> None:
    """Prints what this interpreter is and which of the packages that matter it has, without importing them."""
    from importlib import metadata

    packages = {}
    for name in ("uvicorn", "streamlit", "websockets", "wsproto", "httptools", "fastapi", "httpx"):
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            packages[name] = None
    answer = {"executable": sys.executable, "version": list(sys.version_info[:3]), "packages": packages}
    print(json.dumps({**answer, "fluxlit": installed_package()}))


def installed_package() -> dict[str, str] | None:
    """The Python package `fluxlit` that somebody installed here: its version and its directory."""
    from importlib import metadata, util

    try:
        version = metadata.version("fluxlit")
        found = util.find_spec("fluxlit")
    except (metadata.PackageNotFoundError, ImportError, ValueError):
        return None
    if found is None or not found.origin:
        return None
    return {"version": version, "directory": os.path.dirname(os.path.abspath(found.origin))}


def main() -> None:
    mode, arguments = sys.argv[1], sys.argv[2:]
    # `python FILE` puts the directory of FILE first; workers expect what `python -m` puts there.
    if sys.path and sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
        sys.path[0] = os.getcwd()
    if mode == "inspect":
        inspect()
        return
    faulthandler.enable()
    watch_lifeline()
    if is_pipe(REPORT):
        os.set_inheritable(REPORT, False)
    if mode == "trial":
        trial.is_on = True
        mode, arguments = arguments[0], arguments[1:]
    if mode == "limited":
        # After the lifeline: its thread must not be the one too many.
        set_limits(arguments[0])
        mode, arguments = arguments[1], arguments[2:]
    if mode == "target":
        # Before everything installed, as the Python package always did it.
        target.directories, target.application = arguments[0].split(os.pathsep), arguments[1]
        mode, arguments = arguments[2], arguments[3:]
    hide_queries()
    if mode == "uvicorn":
        run_uvicorn(arguments)
    elif mode == "streamlit":
        run_streamlit(arguments)
    elif mode == "streamlit-cli":
        run_streamlit_cli(arguments)
    else:
        sys.exit(f"unknown mode {mode}")


if __name__ == "__main__":
    main()
