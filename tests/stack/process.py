"""Servers as child processes: each has a log file, is waited for, and is ended by its own id however this program ends."""

import ctypes
import fcntl
import functools
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import threading
import time

from . import cache
from .progress import Problem

RUNNING = []
# None of those that systems give to connections: a server that is started again finds its own free.
PORTS = range(15_000, 32_000)
RESERVED, RESERVING = set(), threading.Lock()


def end_children_on_signals():
    """Makes SIGTERM and SIGHUP leave through the context managers, as Ctrl-C does."""
    def leave(number, _frame):
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def free_port():
    """A port on loopback that nobody listens on now, and that nobody else is given by this function until this program ends."""
    while True:
        port = random.choice(PORTS)
        if reserve(port) and open_to(port) is None:
            return port


def reserve(port):
    """Whether a port is this program's from now on: it is asked for the first time, and no other program has it."""
    with RESERVING:
        if port in RESERVED:
            return False
        try:
            # A byte of a file for each port. The file is never closed: that would give all of them back.
            fcntl.lockf(reserved_ports(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except OSError:
            return False
        RESERVED.add(port)
        return True


@functools.cache
def reserved_ports():
    """The file in which programs that run at the same time mark their ports."""
    return os.open(cache.root() / ".ports", os.O_RDWR | os.O_CREAT, 0o666)


def need_port(port, what, how):
    """Raises a Problem where a port is taken."""
    taken = open_to(port)
    if taken:
        raise Problem(f"port {port}, where {what} is to listen, is taken: {how}") from taken


def open_to(port):
    """Why one can't listen on a port; None where one can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as e:
            return e
    return None


def available_memory():
    """The memory that is available, in GB; None where that is not known, as on all but Linux."""
    try:
        lines = pathlib.Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1e6 for line in lines if line.startswith("MemAvailable")), None)


def need_memory(gigabytes, what):
    """Raises a Problem where the machine has less memory available, if that is known."""
    available = available_memory()
    if available is not None and available < gigabytes:
        raise Problem(f"{what} needs {gigabytes:g} GB of memory and {available:.1f} GB are available: end other programs or use a larger machine")


class Process:
    """One server: started, waited for, ended."""

    def __init__(self, name, command, log, environment=None, folder=None):
        self.name = name
        self.log = pathlib.Path(log)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=folder,
                                          env={**os.environ, **(environment or {})}, start_new_session=True, preexec_fn=end_with_parent)
        RUNNING.append(self)

    @property
    def pid(self):
        """The process id."""
        return self.child.pid

    def alive(self):
        """Whether it still runs."""
        return self.child.poll() is None

    def wait_until(self, ready, seconds):
        """Waits until `ready()` is true; a Problem with the log's end where the process ends before or takes too long."""
        end = time.monotonic() + seconds
        while not ready():
            if not self.alive():
                raise Problem(f"{self.name} ended with exit code {self.child.returncode} at its start; its log {self.log} ends:\n{self.tail()}")
            if time.monotonic() > end:
                raise Problem(f"{self.name} is not ready after {seconds} s; its log {self.log} ends:\n{self.tail()}")
            time.sleep(0.1)

    def tail(self, lines=15):
        """The last lines of the log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def stop(self, seconds=20):
        """Asks it to end, and ends it where it does not; returns the exit code."""
        self.signal(signal.SIGTERM)
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.child.wait()
        if self in RUNNING:
            RUNNING.remove(self)
        return self.child.returncode

    def kill(self):
        """Ends it at once, as a crash would."""
        self.signal(signal.SIGKILL)
        self.child.wait()
        if self in RUNNING:
            RUNNING.remove(self)

    def signal(self, number):
        """Sends a signal to it and to what it started."""
        if self.alive():
            os.killpg(self.pid, number)


def end_with_parent():
    """In the child: have Linux end it when this program ends without a word (SIGKILL)."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
