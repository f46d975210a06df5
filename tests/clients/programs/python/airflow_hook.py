"""Airflow's TrinoHook, with connections from the environment; there is no Airflow around it."""

import itertools
import json
import os
import tempfile

# Airflow makes a folder for itself; this one is gone at the end.
HOME = tempfile.TemporaryDirectory()
os.environ.update({"AIRFLOW_HOME": HOME.name, "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
                   "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"})

from airflow.providers.trino.hooks.trino import TrinoHook  # noqa: E402
from conversation import digest, failure, rows, serve  # noqa: E402

NUMBERS = itertools.count()


class Connection:
    """A hook."""

    def __init__(self, told):
        name = f"trino_{next(NUMBERS)}"
        token = {"auth": "jwt", "jwt__token": told["token"]} if told["token"] else {}
        certificate = {"auth": "certs", "certs__client_cert_path": told["certificate"], "certs__client_key_path": told["key"]} if told["certificate"] else {}
        secure = {"protocol": "https", "verify": told["ca"]} if told["ca"] else {"protocol": "http"}
        os.environ[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps({
            "conn_type": "trino", "host": told["host"], "port": told["port"], "login": told["user"], "password": told["password"] or "", "schema": told["schema"],
            "extra": {"catalog": told["catalog"], "source": told["source"], "client_tags": told["tags"], "session_properties": told["properties"],
                      "timezone": "UTC", **secure, **token, **certificate}})
        self.hook = TrinoHook(trino_conn_id=name)

    def query(self, sql):
        """Runs a statement by the hook's `run`, whose handler is given the cursor."""
        return self.parameters(sql, None)

    def parameters(self, sql, values):
        """Runs a statement with values for its question marks."""
        return self.hook.run(sql, parameters=values, handler=fetched, split_statements=False)

    def hash(self, sql):
        """The hash of many rows."""
        return digest(self.hook.get_records(sql))

    def together(self, steps):
        """Several statements of one `run` are sent by one connection; where one fails, that is what came of all."""
        try:
            return self.hook.run([step["sql"] for step in steps], handler=fetched, split_statements=False, return_last=False)
        except Exception as error:
            return [failure(error)]

    def own(self):
        """Rows written by `insert_rows`, read by `get_records` and `get_first`."""
        self.hook.run(["CREATE SCHEMA IF NOT EXISTS lake.clients_airflow", "DROP TABLE IF EXISTS lake.clients_airflow.made",
                       "CREATE TABLE lake.clients_airflow.made (id bigint, name varchar)"])
        self.hook.insert_rows("lake.clients_airflow.made", [(1, "one"), (2, "it's two"), (3, None)], target_fields=["id", "name"])
        found = self.hook.get_records("SELECT id, name FROM lake.clients_airflow.made ORDER BY id")
        first = self.hook.get_first("SELECT count(*) FROM lake.clients_airflow.made WHERE id > ?", parameters=(1,))
        return {"rows": [repr(row) for row in found], "first": repr(first)}

    def close(self):
        """A hook's connections end with its calls."""


def fetched(cursor):
    """What a cursor has."""
    return rows([str(column) for column in cursor.description or []], cursor.fetchall())


if __name__ == "__main__":
    serve(Connection)
