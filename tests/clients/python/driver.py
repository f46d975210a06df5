"""Runs statements by the Python client, through SQLAlchemy.

In: arguments MODE HOST:PORT USER CA CATALOG SCHEMA, the password in CLIENT_PASSWORD (without one the connection is
plain), statements on standard input, each ended by a NUL. Modes: run; prepared (the statement's one parameter is 1);
tables (of the schema, as SQLAlchemy lists them); cancel (after the first row). Out: one JSON object a statement.
"""

import json
import os
import sys

import sqlalchemy
from sqlalchemy.engine import URL


def main():
    """Reads the arguments and answers each statement."""
    mode, address, user, ca, catalog, schema = sys.argv[1:]
    password = os.environ.get("CLIENT_PASSWORD")
    host, port = address.split(":")
    secure = {"http_scheme": "https", "verify": ca} if password else {}
    url = URL.create("trino", user, password, host, int(port), f"{catalog}/{schema}")
    engine = sqlalchemy.create_engine(url, connect_args=secure)
    with engine.connect() as connection:
        for sql in sys.stdin.read().split("\0")[:-1]:
            try:
                answer = run(mode, connection, sql, schema)
            except sqlalchemy.exc.DBAPIError as e:
                answer = {"error": str(e.orig), "name": getattr(e.orig, "error_name", None)}
            print(json.dumps(answer), flush=True)


def run(mode, connection, sql, schema):
    """One statement's answer."""
    if mode == "tables":
        return {"names": ["table"], "types": [], "rows": [[t] for t in sorted(sqlalchemy.inspect(connection).get_table_names(schema))]}
    if mode == "cancel":
        cursor = connection.connection.cursor()
        cursor.execute(sql)
        cursor.fetchone()
        cursor.cancel()
        return {"names": [], "types": [], "rows": []}
    result = connection.exec_driver_sql(sql, (1,) if mode == "prepared" else None)
    described = result.cursor.description
    return {
        "names": [column[0] for column in described],
        "types": [column[1] for column in described],
        "rows": [[None if cell is None else str(cell) for cell in row] for row in result],
    }


main()
