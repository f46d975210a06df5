"""What the Python programs share: cells are read as lines of JSON, done, and what came is printed as lines of JSON.

A program gives `serve` a class that is a connection: made from what a line says of it, with a method for each kind of step.
A method returns what came; what the client raises is what came, too. A client that keeps no connection from one call to the
next has a method `together` for several steps.
"""

import hashlib
import json
import sys
import threading
import time


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
