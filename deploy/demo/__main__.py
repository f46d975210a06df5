"""`make demo`: a Trino with a sample mesh, Sluice before it, and what four users see of it.

`--once` ends after the show; otherwise it says how to connect and stays up until Ctrl-C.
"""

import argparse
import contextlib
import json
import pathlib
import sys
import textwrap
import time
import urllib.parse

import mesh
import show
from statements import STATEMENTS, USERS

from tests.stack import process
from tests.stack.client import Client
from tests.stack.progress import Problem, main, say, step
from tests.stack.sluice import ROOT, Sluice, binary, password
from tests.stack.suites import FOLDER
from tests.stack.trino import Trino


def command():
    """Reads the arguments, starts what is needed, shows, and waits."""
    options = argparse.ArgumentParser(prog="make demo", description=__doc__)
    options.add_argument("--once", action="store_true", help="end after the show")
    options.add_argument("--trino", help="scheme, host and port of a Trino that is there, with a catalog `lake`")
    options.add_argument("--port", type=int, default=8443, help="where Sluice is to listen (8443), 0 for any free port")
    options.add_argument("--show-sql", action="store_true", help="show the SQL that Trino is given instead of the user's")
    chosen = options.parse_args()
    process.end_children_on_signals()
    port = chosen.port or process.free_port()
    process.need_port(port, "Sluice", "end what listens there, or choose another port: make demo PORT=9443")
    started = time.monotonic()
    if chosen.trino:
        need_address(chosen.trino)
    say("Sluice demo")
    binary()
    with contextlib.ExitStack() as stack:
        upstream = chosen.trino or stack.enter_context(Trino(FOLDER / f"demo/trino-{mesh.digest()}", keep=True)).url
        with step("loading the sample mesh: domains hr, sales and finance"):
            count = mesh.load(reachable(upstream))
        sluice = Sluice(FOLDER / "demo/sluice", upstream, ROOT / "policies", port)
        with step(f"starting Sluice on port {port} with the policies in policies/"):
            stack.enter_context(sluice)
        say(f"  up after {time.monotonic() - started:.0f} s: {count} made-up rows, {len(STATEMENTS)} statements, {len(USERS)} users")
        for number, (title, sql) in enumerate(STATEMENTS, 1):
            present(number, title, sql, Client(upstream), sluice, chosen.show_sql)
        legend()
        log(sluice)
        if not chosen.once:
            connect(sluice)
            while sluice.process.alive():
                time.sleep(0.5)
            raise Problem(f"Sluice has ended; its log {sluice.log} ends:\n{sluice.process.tail()}")
    return 0


def need_address(trino):
    """Raises a Problem where the text is no scheme, host and port."""
    address = urllib.parse.urlsplit(trino)
    if address.scheme not in ("http", "https") or not address.hostname or not address.port:
        raise Problem(f"TRINO={trino} is no scheme, host and port: write it as TRINO=http://localhost:8080")


def reachable(upstream):
    """A client of a Trino that answers."""
    client = Client(upstream, timeout=60)
    try:
        client.rows("SELECT 1")
    except OSError as e:
        raise Problem(f"no Trino answers at {upstream} ({e}): start it, or leave TRINO out and the demo starts one") from e
    return client


def present(number, title, sql, trino, sluice, show_sql):
    """One statement: its text, then what each user gets."""
    print(show.heading(f"{number}  {title}"))
    print("\n".join(show.statement(sql)))
    whole = trino.query(sql)
    panels, rewritten = [], {}
    for user, role in USERS.items():
        before = len(decisions(sluice))
        seen = sluice.client(user).query(sql)
        record = next(iter(decisions(sluice)[before:]), {})
        panels.append(list(show.panel(f"{user}, {role}", badge(whole, seen), body(whole, seen))))
        if record.get("rewritten"):
            rewritten.setdefault(record["rewritten"], []).append(user)
    print("\n".join(show.beside(panels)))
    if show_sql:
        for text, users in rewritten.items():
            print(show.paint(f"   what Trino is given for {' and '.join(users)}:", "dim"))
            for one in show.paragraph(" ".join(text.split()), "cyan", show.WIDTH - 6, "  "):
                print(f"   {one}")


def badge(whole, seen):
    """In a word: what became of the statement."""
    if seen.error:
        return show.Span("✗ denied", "red")
    words = []
    if len(seen.rows) < len(whole.rows):
        words.append("filtered")
    if len(seen.names) < len(whole.names):
        words.append("narrowed")
    true = {row[0]: dict(zip(whole.names, row)) for row in whole.rows}
    if any(true.get(row[0], {}).get(name) != value for row in seen.rows for name, value in zip(seen.names, row)):
        words.append("masked")
    return show.Span("▒ " + ", ".join(words), "yellow") if words else show.Span("✓ as it is", "green")


def body(whole, seen):
    """The lines of a panel."""
    if seen.error:
        return list(show.paragraph(seen.error.get("message", ""), "red"))
    return list(show.table(whole, seen))


def legend():
    """What the marks mean."""
    print(f"\n   {show.paint('▒cell', 'yellow')} masked    {show.paint('╌╌╌╌', 'dim')} column not granted    {show.paint('┄ hidden row ┄', 'dim')} filtered out by a policy")


def decisions(sluice):
    """The decision records, without the service's own."""
    return [record for record in sluice.records() if record.get("kind") == "decision"]


def log(sluice):
    """The lines that the statements left in the decision log, in short, and one of them whole."""
    print(show.heading("The decision log: a line for each statement, written before it is forwarded"))
    records = decisions(sluice)
    for record in records:
        print("   " + show.line(*entry(record), width=show.WIDTH - 3).rstrip())
    whole = next((record for record in records if record["outcome"] == "rewrite"), records[-1])
    print(show.paint("\n   one of them whole:", "dim"))
    for one in textwrap.wrap(json.dumps(whole, ensure_ascii=False), show.WIDTH - 5, break_on_hyphens=False):
        print(show.paint(f"   {one}", "dim"))
    print(f"\n   all of them: {relative(sluice.audit)}/")


def entry(record):
    """A decision in a line: when, who, what became of it, which objects, and by which id it is found again."""
    outcome, put_in = record["outcome"], []
    if record["masks"] and outcome != "deny":
        put_in.append("masks " + " ".join(sorted({mask["to"].rpartition(".")[2] for mask in record["masks"]})))
    if record["filters"] and outcome != "deny":
        put_in.append("filter")
    objects = dict.fromkeys(one["object"].split(".", 1)[1] for one in record["objects"])
    yield show.Span(record["time"][11:19] + "  ", "dim")
    yield show.Span(f"{record['user']:6}", "bold")
    yield show.Span(f"{outcome:8}", {"allow": "green", "rewrite": "yellow", "deny": "red"}[outcome])
    yield show.Span(show.pad(" ".join(objects), 25) + "  ")
    yield show.Span(show.pad(", ".join(put_in), 27), "yellow")
    yield show.Span(record["id"], "dim")


def connect(sluice):
    """How clients connect."""
    print(show.heading("Connect"))
    print(f"""\
   Sluice is at {show.paint(sluice.url, 'bold')}; it speaks Trino's protocol. Users {', '.join(USERS)}; a password is NAME-password.
   Its certificate leads to {sluice.ca}

   trino-cli     TRINO_PASSWORD={password('anna')} trino --server {sluice.url} --user anna --password \\
                   --truststore-path {relative(sluice.ca)} --execute 'SELECT * FROM lake.hr.employees'
   JDBC          jdbc:trino://localhost:{sluice.port}/lake?SSL=true&SSLTrustStorePath={sluice.ca}
   SQLAlchemy    create_engine("trino://anna:{password('anna')}@localhost:{sluice.port}/lake",
                   connect_args={{"http_scheme": "https", "verify": "{sluice.ca}"}})
   Superset      the same URI as for SQLAlchemy, user superset; tick "Impersonate logged in user", and set
                   FEATURE_FLAGS = {{"CACHE_IMPERSONATION": True}} so that its own cache keeps users apart
   policies      change a file in policies/ and run a statement again: it counts within a second
   health        http://127.0.0.1:{sluice.console_port}/health/ready   metrics  http://127.0.0.1:{sluice.console_port}/metrics

   {show.paint('Ctrl-C ends it.', 'bold')}""", flush=True)


def relative(path):
    """A path from the checkout, where it is in it."""
    return path.relative_to(pathlib.Path.cwd()) if path.is_relative_to(pathlib.Path.cwd()) else path


sys.stdout.reconfigure(line_buffering=True)
main(command)
