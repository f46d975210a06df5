"""The load that says what lies together in a release: pages, statements that are new, and statements that came before, over plain HTTP and over TLS,
to one thread that serves and to several.

Trino is one that only answers (`benches/proxy/upstream.rs`): what counts is the way of a request through Sluice, not what Trino makes of it.
"""

import concurrent.futures
import contextlib
import http.client
import itertools
import json
import ssl
import urllib.parse

from tests.stack import process, sluice, tls
from tests.stack.progress import Problem

POLICIES = sluice.ROOT / "benches/proxy/policies"
USER = {"X-Trino-User": "analyst", "X-Authenticated-User": "analyst"}
IDENTITY = {"password_file": None, "trusted_header": {"name": "X-Authenticated-User", "peers": ["127.0.0.1/32", "::1/128"]}}
# Each has the mask and the filter of that table, which is the only one that the upstream says it resolved.
STATEMENTS = (
    "SELECT * FROM lake.bench.small",
    "SELECT id, text FROM lake.bench.small WHERE id = {}",
    "SELECT e.id, e.text, count(*) OVER (PARTITION BY e.region) FROM lake.bench.small e WHERE e.id > {} ORDER BY 1",
    "SELECT region, count(*) AS n, min(text) FROM lake.bench.small WHERE id BETWEEN {} AND 1000 GROUP BY region HAVING count(*) > 1 ORDER BY n DESC LIMIT 20",
    "WITH a AS (SELECT id, lower(text) AS t FROM lake.bench.small WHERE id <> {}), b AS (SELECT t, count(*) AS n FROM a GROUP BY t)\n"
    "SELECT b.t, b.n, CASE WHEN b.n > 10 THEN 'many' WHEN b.n > 1 THEN 'some' ELSE 'one' END FROM b WHERE b.t LIKE 'a%' OR b.t IN ('x', 'y', 'z')",
    "SELECT a.id, b.text FROM lake.bench.small a JOIN lake.bench.small b ON a.id = b.id AND a.region = b.region LEFT JOIN lake.bench.small c ON c.id = a.id WHERE a.id < {}",
    "SELECT text FROM lake.bench.small s WHERE EXISTS (SELECT 1 FROM lake.bench.small t WHERE t.id = s.id + {}) AND s.id NOT IN (SELECT max(id) FROM lake.bench.small)",
    "SELECT id FROM lake.bench.small WHERE id = {} UNION ALL SELECT id FROM lake.bench.small WHERE region IS NULL\nEXCEPT SELECT id FROM lake.bench.small WHERE text IS NOT NULL",
    "SELECT sum(id) FILTER (WHERE region = 'EU'), avg(CAST(id AS double)), cast(date '2026-01-01' + interval '{}' day AS varchar) FROM lake.bench.small",
    "SELECT region, array_agg(text ORDER BY id)[1], rank() OVER (ORDER BY count(*) DESC) FROM lake.bench.small WHERE id % 7 = {} GROUP BY ROLLUP (region)",
    "SELECT (SELECT count(*) FROM lake.bench.small i WHERE i.region = o.region AND i.id > {}) AS n, upper(substr(o.text, 1, 2)) || '-' || o.region FROM lake.bench.small o -- of each\nFETCH FIRST 10 ROWS ONLY",
)
# One thread that serves goes other ways through tokio than several do.
THREADS = (1, 2)


class Asker:
    """A client with a connection that it keeps."""

    def __init__(self, url):
        to = urllib.parse.urlsplit(url)
        # The certificate is of this run and this machine.
        more = {"context": ssl._create_unverified_context()} if to.scheme == "https" else {}  # noqa: SLF001
        self.connection = (http.client.HTTPSConnection if more else http.client.HTTPConnection)(to.hostname, to.port, timeout=60, **more)

    def ask(self, method, target, body=None):
        """A page."""
        try:
            self.connection.request(method, target, body, USER)
            response = self.connection.getresponse()
            page = response.read()
        except (OSError, http.client.HTTPException) as e:
            raise Problem(f"{method} {target} {body or ''} was not answered: {e!r}") from e
        if response.status != 200 or b'"error"' in page:
            raise Problem(f"{method} {target} {body or ''} was answered {response.status} {page[:500]}")
        return page

    def next_page(self, statement):
        """Path and query of the page that follows a statement's first."""
        there = urllib.parse.urlsplit(json.loads(self.ask("POST", "/v1/statement", statement))["nextUri"])
        return f"{there.path}?{there.query}"

    def pages(self, size, times):
        """Asks for a page of that size, again and again."""
        target = self.next_page(f"SELECT id, text FROM lake.bench.{size}")
        for _ in range(times):
            self.ask("GET", target)
        return times

    def statements(self, texts):
        """Sends statements, and asks for the first page with rows of each."""
        for text in texts:
            self.ask("GET", self.next_page(text))
        return 2 * len(texts)


def run(program, upstream, folder, environment=None, times=100):
    """Starts a Sluice and what is behind it, and asks; how many requests were answered. `times`: how often, in hundredths of what a release takes."""
    answered = 0
    for encrypted, threads in itertools.product((False, True), THREADS):
        with started(program, upstream, folder / f"{'tls' if encrypted else 'plain'}-{threads}", encrypted, threads, environment or {}) as url:
            for askers, work in parts(times):
                with concurrent.futures.ThreadPoolExecutor(askers) as pool:
                    answered += sum(pool.map(work, [Asker(url) for _ in range(askers)]))
    return answered


def parts(times):
    """What is asked one after the other, and by how many at a time.

    What is done most often counts most. Statements that are new are few beside pages, and large pages fewer: a decision and each byte of a page have
    loops, by which they would outweigh all else.
    """
    numbers = itertools.count()

    def new_statements(asker):
        return asker.statements([text.format(next(numbers)) for _ in range(1 + times // 50) for text in STATEMENTS])

    return (
        (1, lambda asker: asker.pages("small", 200 * times)),
        (8, lambda asker: asker.pages("small", 80 * times)),
        (2, lambda asker: asker.pages("large", 1 + times // 10)),
        (1, lambda asker: asker.statements(STATEMENTS[:1] * 20 * times)),
        (4, new_statements),
    )


@contextlib.contextmanager
def started(program, upstream, folder, encrypted, threads, environment):
    """A Sluice before an upstream; its address. Both end by themselves when they are told to."""
    port, certificates = process.free_port(), folder / "tls"
    # Its queries never end, so nothing is waited for.
    settings = {"identity": IDENTITY, "limits": {"drain": "1s"}, **({"upstream": {"ca": str(certificates / "ca.pem")}} if encrypted else {"listen": {"tls": None}})}
    if encrypted:
        tls.make(certificates)
    command = [str(upstream), "upstream", f"127.0.0.1:{port}", *([str(certificates)] if encrypted else [])]
    answers = process.Process("the upstream", command, folder / "upstream.log")
    try:
        answers.wait_until(lambda: process.open_to(port) is not None, 60)
        own = sluice.Sluice(folder / "sluice", f"{'https' if encrypted else 'http'}://localhost:{port}", POLICIES, settings=settings,
                            environment={"TOKIO_WORKER_THREADS": str(threads), **environment}, program=program)
        with own:
            yield own.url
    finally:
        answers.stop()
