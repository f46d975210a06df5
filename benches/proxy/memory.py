"""What idle connections take of resident memory."""

import pathlib
import re
import resource
import socket
import time
import urllib.parse

from tests.stack.progress import Problem, step

from .servers import USER


def resident(pid):
    """Resident memory in MiB."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1)) / 1024


def need_descriptors(count):
    """Lets this program, and what it starts, hold so many descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise Problem(f"{count} file descriptors are needed and {hard} are allowed: raise the limit (ulimit -n)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def idle(url, count):
    """Connections that have asked for one thing each and say no more."""
    address = urllib.parse.urlsplit(url)
    request = f"GET /v1/info HTTP/1.1\r\nHost: {address.netloc}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in USER.items()) + "\r\n"
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", address.port), timeout=10)
        connection.sendall(request.encode())
        if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
            raise Problem("a connection that should become idle got no answer")
        connections.append(connection)
    return connections


def measure(bars, server):
    """The bars of memory.

    Whether it grows in line is told by two equal steps. The first thousand connections are in neither: they find free memory in
    the pages that are resident already, a fixed piece that would make all later ones look dear.
    """
    base = resident(server.pid)
    taken = {}
    for count in (1_000, 5_500, 10_000):
        with step(f"{count:,} idle connections"):
            connections = idle(server.url, count)
            time.sleep(2)
            taken[count] = resident(server.pid) - base
            for connection in connections:
                connection.close()
            time.sleep(2)
    left = resident(server.pid) - base
    bars.at_most("1,000 idle connections: resident memory over idle", taken[1_000], 24, " MiB")
    growth = (taken[10_000] - taken[5_500]) / max(taken[5_500] - taken[1_000], 0.1)
    bars.at_most("5,500 idle connections to 10,000: of what 1,000 to 5,500 take more", growth, 1.1)
    return (f"Idle: {base:.1f} MiB; 1,000 idle connections {taken[1_000]:.1f} MiB more, 5,500 {taken[5_500]:.1f} MiB, 10,000 {taken[10_000]:.1f} MiB more; "
            f"{left:.1f} MiB more once they are closed.")
