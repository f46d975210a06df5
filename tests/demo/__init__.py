"""`make demo-once`: it ends well, and shows what it is there to show."""

import subprocess
import sys

from tests.stack import process
from tests.stack.sluice import ROOT

DEMO = [sys.executable, "deploy/demo", "--once"]


def cases(stack):
    """The cases of this suite."""
    yield "the demo shows masked cells, hidden rows, denials and the log", shows
    yield "a taken port is told in one sentence", lambda: taken_port(stack.trino.port)
    yield "a Trino that isn't there is told in one sentence", no_trino


def run(*arguments):
    """Runs the demo: exit code, output, progress."""
    done = subprocess.run([*DEMO, *arguments], cwd=ROOT, env={**process.os.environ, "PYTHONPATH": "."}, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=900)
    return done.returncode, done.stdout, done.stderr


def shows():
    """Each kind of answer is seen."""
    code, shown, progress = run("--port", "0", "--show-sql")
    assert code == 0, f"exit code {code}: {progress[-2000:]}"
    for part in ("▒***@", "hidden row", "╌╌╌╌", "✗ denied", "Access Denied: Cannot select from", "what Trino is given for anna", "The decision log"):
        assert part in shown, f"{part} is not shown in:\n{shown}"
    assert max(map(len, shown.splitlines())) <= 120, "a line is wider than 120 columns"


def taken_port(port):
    """The sentence names the port and what to do."""
    code, _, progress = run("--port", str(port))
    assert code == 1 and f"port {port}, where Sluice is to listen, is taken" in progress, (code, progress)


def no_trino():
    """The sentence names the address and what to do."""
    code, _, progress = run("--port", "0", "--trino", f"http://127.0.0.1:{process.free_port()}")
    assert code == 1 and "no Trino answers at" in progress and "Traceback" not in progress, (code, progress)
