"""Servers as child processes: each has a log file, is waited for, and is ended by its own id however this program ends."""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

from .progress import Problem

RUNNING = []


def end_children_on_signals():
    """Makes SIGTERM and SIGHUP leave through the context managers, as Ctrl-C does."""
    def leave(number, _frame):
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def free_port():
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def need_port(port, what, how):
    """Raises a Problem where a port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as e:
            raise Problem(f"port {port}, where {what} is to listen, is taken: {how}") from e


def need_memory(gigabytes, what):
    """Raises a Problem where the machine has less memory available (on Linux; elsewhere it is not known)."""
    try:
        lines = pathlib.Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return
    available = next((int(line.split()[1]) / 1e6 for line in lines if line.startswith("MemAvailable")), None)
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
