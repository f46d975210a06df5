"""trino-cli: cells with the same connection are one run of it, their statements told apart by a marker after each.

In: arguments JAVA JAR, and lines as the other programs read them.
"""

import hashlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys

from conversation import Shown, opened

MARK = "end_of_step"
END = re.compile(r'^\{"' + MARK + r'":1\}$')
FAILED = re.compile(r"Query \S+ failed|Error running command|Authentication failed")
COLOUR = re.compile("\x1b\\[[0-9;]*m")
ENDED = {"commit": "COMMIT", "rollback": "ROLLBACK"}
WORDS = sys.argv[1:]


def main():
    """Reads all lines, and runs them by connection."""
    lines = [json.loads(line) for line in sys.stdin]
    together = sorted((line for line in lines if line["steps"][0]["op"] in ("query", "hash", "parameters", "commit")), key=key)
    for _, some in itertools.groupby(together, key):
        run(list(some))
    for line in lines:
        step = line["steps"][0]
        if step["op"] == "cancel":
            answer(line, [cancel(line["connection"], step["sql"])])
        elif step["op"] == "progress":
            answer(line, [progress(line["connection"], step["sql"])])


def key(line):
    """What lines of one run have in common."""
    return json.dumps([line["connection"], line["cell"] if line["alone"] else ""])


def command(told, shown):
    """The words of a call."""
    words = [WORDS[0], "-Dorg.jline.terminal.dumb=true", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", WORDS[1], "--server", f"{'https' if told['ca'] else 'http'}://{told['host']}:{told['port']}",
             "--user", told["user"], "--catalog", told["catalog"], "--schema", told["schema"], "--source", told["source"], "--timezone", "UTC",
             "--output-format", "JSON", "--ignore-errors", shown]
    words += ["--truststore-path", told["ca"]] if told["ca"] else []
    words += ["--password"] if told["password"] else []
    words += ["--encoding", told["encoding"]] if told.get("encoding") else []
    words += ["--access-token", told["token"]] if told["token"] else []
    words += ["--keystore-path", told["both"]] if told["both"] else []
    words += ["--external-authentication", "--external-authentication-redirect-handler", "PRINT"] if told["browser"] else []
    words += ["--client-tags", ",".join(told["tags"])] if told["tags"] else []
    return words + [word for name, value in told["properties"].items() for word in ("--session", f"{name}={value}")]


def start(told, sql, shown="--no-progress"):
    """Begins a run."""
    kept = {**os.environ, **({"TRINO_PASSWORD": told["password"]} if told["password"] else {})}
    return subprocess.Popen([*command(told, shown), "--execute", sql], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=kept)


def run(lines):
    """Runs the statements of lines with one connection."""
    marker = f";\nSELECT 1 AS {MARK};\n"
    script = "".join(f"{text}{marker}" for line in lines for text in texts(line))
    with start(lines[0]["connection"], script) as child:
        printed = iter([text for text in map(read(lines[0]["connection"]), child.stdout) if text])
    for line in lines:
        outcomes = [outcome(line["steps"][0]["op"], itertools.takewhile(lambda text: not END.match(text), printed)) for _ in texts(line)]
        answer(line, outcomes)


def read(told):
    """Takes a line that it prints, but for those that say that it has no terminal and where to log in, which is done."""
    def taken(text):
        address = Shown.ADDRESS.search(text)
        if address:
            opened(told["browser"], address.group())
        asides = ("org.jline", "dumb terminal", "External authentication required")
        return None if address or any(aside in text for aside in asides) else text

    return taken


def texts(line):
    """The statements of a line."""
    found = ["START TRANSACTION"] if line["connection"]["transaction"] else []
    for step in line["steps"]:
        if step["op"] == "parameters":
            found += [f"PREPARE asked FROM {step['sql']}", f"EXECUTE asked USING {', '.join(map(literal, step['values']))}"]
        else:
            found.append(ENDED.get(step["op"]) or step["sql"])
        if line["connection"]["transaction"] and step["op"] in ENDED:
            found.append("START TRANSACTION")
    return found[:-1] if line["connection"]["transaction"] else found


def literal(value):
    """A value as SQL."""
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else json.dumps(value)


def outcome(op, printed):
    """What was printed of a statement. Rows before an error come in pages of any size."""
    text = [COLOUR.sub("", line.rstrip("\n")) for line in printed]
    failed = [number for number, line in enumerate(text) if FAILED.match(line)]
    if failed:
        return {"error": "\n".join(text[failed[0]:])}
    if op == "hash":
        return {"count": len(text), "sha256": hashlib.sha256("\n".join(text).encode()).hexdigest()}
    return {"rows": text}


def answer(line, outcomes):
    """Prints what came of a line."""
    print(json.dumps({"cell": line["cell"], "way": line["way"], "outcomes": outcomes}), flush=True)


def cancel(told, sql):
    """Begins a statement and cancels it by Ctrl-C after its first row."""
    with start(told, sql) as child:
        for line in child.stdout:
            if line.startswith("{"):
                break
        child.send_signal(signal.SIGINT)
        while child.stdout.read(65536):
            pass
    return {}


def progress(told, sql):
    """What it shows of a statement whose progress it is asked to show: how many splits are done."""
    with start(told, sql, "--progress") as child:
        printed = child.stdout.read()
    found = re.search(r"FINISHED.*?(\d+) total, (\d+) done \(100.00%\)", printed, re.DOTALL)
    return {"progress": [0, int(found.group(2))]} if found else {"error": printed}


main()
