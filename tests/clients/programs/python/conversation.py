"""What the Python programs share: cells are read as lines of JSON, done, and what came is printed as lines of JSON.

A program gives `serve` a class that is a connection: made from what a line says of it, with a method for each kind of step.
A method returns what came; what the client raises is what came, too. A client that keeps no connection from one call to the
next has a method `together` for several steps.
"""

import hashlib
import json
import re
import sys
import threading
import time
import urllib.parse
import urllib.request


def serve(connect):
    """Does each line's steps on a connection of its own."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            connection = connect(asked["connection"])
        except Exception as error:
            outcomes = [failure(error)] * len(asked["steps"])
        else:
            together = getattr(connection, "together", None) if asked["alone"] else None
            outcomes = together(asked["steps"]) if together else [outcome(connection, dict(step)) for step in asked["steps"]]
            connection.close()
        print(json.dumps({"cell": asked["cell"], "way": asked["way"], "outcomes": outcomes}), flush=True)


def outcome(connection, step):
    """What one step ended in."""
    try:
        return getattr(connection, step.pop("op"))(**step)
    except Exception as error:
        return failure(error)


def failure(error):
    """An exception as its user sees it, with the parts that programs look at."""
    said = {"error": f"{type(error).__name__}: {error}"}
    for part in ("error_name", "error_code", "error_type", "message"):
        value = getattr(error, part, None)
        if isinstance(value, (str, int)):
            said[part] = value
    return said


def rows(columns, found):
    """A result: columns as they are described, cells as Python writes them."""
    return {"columns": columns, "rows": [[repr(cell) for cell in row] for row in found]}


def digest(found):
    """How many rows, and the hash of what Python writes of them."""
    total, count = hashlib.sha256(), 0
    for row in found:
        total.update(repr(tuple(row)).encode())
        count += 1
    return {"count": count, "sha256": total.hexdigest()}


def opened(browser, address):
    """Has somebody log in by a browser at an address."""
    urllib.request.urlopen(f"{browser}?{urllib.parse.urlencode({'to': address})}", timeout=60).close()


class Shown:
    """Standard output of a client that shows people where to log in: they do."""

    ADDRESS = re.compile(r"https://\S+/oauth2/token/initiate/\S+")

    def __init__(self, browser):
        self.browser, self.below = browser, sys.stdout

    def write(self, text):
        """Looks for an address."""
        found = self.ADDRESS.search(text)
        if found:
            opened(self.browser, found.group())
        return self.below.write(text)

    def __getattr__(self, name):
        return getattr(self.below, name)


def watched(run, look):
    """Runs something, and looks at how far it is meanwhile: {"progress": numbers}."""
    seen, done = [], threading.Event()

    def watch():
        while not done.is_set():
            seen.append(look())
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run()
    finally:
        done.set()
        watcher.join()
    return {"progress": [number for number in [*seen, look()] if number is not None]}
