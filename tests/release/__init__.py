"""What `make release` puts Sluice under: the load is answered, and is of what it says. The two builds around it take twenty minutes and are left to
`make bench-proxy`."""

import concurrent.futures
import json
import shutil
import socket
import tempfile
from pathlib import Path

from deploy.release import __main__ as release
from deploy.release import load
from tests.stack import process
from tests.stack.progress import Problem
from tests.stack.sluice import binary


def cases(stack):
    """The cases of this suite."""
    folder = stack.folder / "release"
    shutil.rmtree(folder, ignore_errors=True)
    upstream = release.upstream()
    yield "the load is answered over plain HTTP and over TLS, each statement with its mask and its filter", lambda: answered(upstream, folder / "load")
    yield "a statement of the load that is refused ends it", lambda: refused(upstream, folder / "refused")
    yield "a connection that is refused or breaks ends it with a sentence", broken
    yield "a count is kept for the code, the load and the compiler that it was made with", kept


def answered(upstream, folder):
    """All of the load, a hundredth as often."""
    count = load.run(binary(), upstream, folder, times=1)
    kinds = [f"{kind}-{threads}" for kind in ("plain", "tls") for threads in load.THREADS]
    for kind in kinds:
        entries = [json.loads(line) for file in sorted((folder / kind / "sluice/audit").iterdir()) for line in file.read_text(encoding="utf-8").splitlines()]
        decisions = [entry for entry in entries if entry["kind"] == "decision"]
        assert {entry["outcome"] for entry in decisions} == {"rewrite"}, [entry for entry in decisions if entry["outcome"] != "rewrite"][:1]
        statements = {entry["sql"] for entry in decisions}
        of_each = [text.split("{}")[0] for text in load.STATEMENTS]
        assert all(any(sql.startswith(begins) for sql in statements) for begins in of_each), (of_each, statements)
        count -= 2 * len(decisions)
    # What is left are pages that were asked for again, but for the first of each size and asker.
    assert count > len(kinds) * (200 + 8 * 80 - 25), count


def refused(upstream, folder):
    """The sentence says what was answered."""
    with load.started(binary(), upstream, folder, False, 1, {}) as url:
        try:
            load.Asker(url).statements(["SELECT secret FROM lake.bench.small"])
        except Problem as problem:
            assert "PERMISSION_DENIED" in str(problem), problem
        else:
            raise AssertionError("a column that is not there was shown")


def broken():
    """Nobody listens, and one who listens goes away without an answer."""
    port = process.free_port()
    with socket.create_server(("127.0.0.1", 0)) as server, concurrent.futures.ThreadPoolExecutor(1) as pool:
        server.settimeout(10)
        gone = pool.submit(lambda: server.accept()[0].close())
        for where in (port, server.getsockname()[1]):
            try:
                load.Asker(f"http://127.0.0.1:{where}").pages("small", 1)
            except Problem as problem:
                assert str(problem).startswith("POST /v1/statement SELECT id, text FROM lake.bench.small was not answered: "), problem
            else:
                raise AssertionError("nobody answered, and nothing was said")
        gone.result()


def kept():
    """A change of any of them asks for another, a change of anything else does not."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("src/lib.rs", "deploy/release/load.py", "docs/page.md"):
            (root / name).parent.mkdir(parents=True)
            (root / name).write_text("one", encoding="ascii")
        first = release.key("1.95", root)
        assert first == release.key("1.95", root)
        assert first != release.key("1.96", root)
        (root / "docs/page.md").write_text("two", encoding="ascii")
        assert first == release.key("1.95", root)
        for name in ("src/lib.rs", "deploy/release/load.py"):
            (root / name).write_text("two", encoding="ascii")
            assert first != release.key("1.95", root), name
            (root / name).write_text("one", encoding="ascii")
