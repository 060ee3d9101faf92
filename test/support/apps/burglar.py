"""Tries to get at what belongs to the gateway and to other workers. Run alone it prints what came of it, as JSON."""

import ctypes
import http.client
import json
import os
import signal
import socket
import ssl
import sys


def attempt(work):
    """What came of it: the name of the error, or what was had."""
    try:
        return f"had: {work()}"
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)


def read(path, size=4096):
    with open(path, "rb") as file:
        return file.read(size)[:40]


def read_memory(pid):
    # The address of a mapping is needed to read there; 0 is never one.
    with open(f"/proc/{pid}/maps") as maps:
        start = int(maps.readline().split("-")[0], 16)
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(start)
        return memory.read(8)


def open_memory(pid):
    os.close(os.open(f"/proc/{pid}/mem", os.O_RDONLY))


libc = ctypes.CDLL(None, use_errno=True)


def checked(outcome):
    if outcome == -1:
        raise OSError(ctypes.get_errno(), "")
    return outcome


def trace(pid):
    ATTACH, DETACH = 16, 17
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    checked(libc.ptrace(ATTACH, pid, None, None))
    os.waitpid(pid, 0x40000000)
    checked(libc.ptrace(DETACH, pid, None, None))


class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def read_across(pid, address):
    buffer = ctypes.create_string_buffer(8)
    here, there = Piece(ctypes.addressof(buffer), 8), Piece(address, 8)
    libc.process_vm_readv.restype = ctypes.c_ssize_t
    return checked(libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0))


def take_descriptor(pid):
    PIDFD_GETFD = 438
    libc.syscall.restype = ctypes.c_long
    handle = os.pidfd_open(pid)
    try:
        os.close(checked(libc.syscall(PIDFD_GETFD, handle, 0, 0)))
    finally:
        os.close(handle)


def dial(path):
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(path)


def ask(url, path):
    host = url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    if answer.status == 403:
        raise OSError(13, "")
    return f"{answer.status} {answer.read(40)}"


def processes(found, pid, what, address):
    found[f"environment of {what}"] = attempt(lambda: read(f"/proc/{pid}/environ"))
    found[f"memory of {what}"] = attempt(lambda: open_memory(pid))
    found[f"mappings of {what}"] = attempt(lambda: read(f"/proc/{pid}/maps"))
    found[f"memory of {what} by its mappings"] = attempt(lambda: read_memory(pid))
    found[f"memory of {what} by process_vm_readv"] = attempt(lambda: read_across(pid, address))
    found[f"descriptors of {what}"] = attempt(lambda: os.listdir(f"/proc/{pid}/fd"))
    found[f"a descriptor of {what} by pidfd_getfd"] = attempt(lambda: take_descriptor(pid))
    for name in ("root", "cwd", "exe"):
        found[f"{name} of {what}"] = attempt(lambda name=name: os.readlink(f"/proc/{pid}/{name}"))
    found[f"stack of {what}"] = attempt(lambda: read(f"/proc/{pid}/stack"))
    found[f"signal to {what}"] = attempt(lambda: os.kill(pid, 0))
    found[f"limits of {what}"] = attempt(lambda: see_limits(pid))
    found[f"trace of {what}"] = attempt(lambda: trace(pid))


def see_limits(pid):
    # By the same call core dumps would be switched on.
    import resource

    return resource.prlimit(pid, resource.RLIMIT_CORE)


def break_in(goods):
    """Everything that is tried, by name, with what came of it."""
    found = {}
    for what, (pid, address) in goods["processes"].items():
        processes(found, pid, what, address)
    for path in goods["files"]:
        found[f"file {path}"] = attempt(lambda path=path: read(path))
    for path in goods["directories"]:
        found[f"list of {path}"] = attempt(lambda path=path: os.listdir(path))
    for path in goods["sockets"]:
        found[f"socket {path}"] = attempt(lambda path=path: dial(path))
    for path in goods["admin"]:
        found[f"admin {path}"] = attempt(lambda path=path: ask(goods["adminUrl"], path))
    return found


def command_lines():
    lines = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                lines.append(read(f"/proc/{name}/cmdline", 1 << 20).decode(errors="replace"))
            except OSError:
                pass
    return lines


def whole(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def own():
    """What the process was given: its environment, what its descriptors lead to, what it may do."""
    status = whole("/proc/self/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    descriptors = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            descriptors[name] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            pass
    return {
        "environment": whole("/proc/self/environ"),
        "commands": "\n".join(" ".join(line.split("\0")) for line in command_lines()),
        "descriptors": descriptors,
        "capabilities": fields["CapEff"].strip() + fields["CapPrm"].strip() + fields["CapInh"].strip(),
        "ids": [fields["Uid"].split(), fields["Gid"].split(), fields["Groups"].split()],
    }


if __name__ == "__main__":
    print(json.dumps(break_in(json.load(sys.stdin))))
