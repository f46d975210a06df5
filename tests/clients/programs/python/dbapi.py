"""The Python client, by its DB-API."""

import trino
from conversation import digest, opened, rows, serve, watched
from trino.auth import BasicAuthentication, CertificateAuthentication, JWTAuthentication, OAuth2Authentication
from trino.transaction import IsolationLevel


def proof(told):
    """How it logs in."""
    if told["password"]:
        return BasicAuthentication(told["user"], told["password"])
    if told["token"]:
        return JWTAuthentication(told["token"])
    if told["certificate"]:
        return CertificateAuthentication(told["certificate"], told["key"])
    if told["browser"]:
        return OAuth2Authentication(redirect_auth_url_handler=lambda address: opened(told["browser"], address))
    return None


class Connection:
    """A connection of the client."""

    def __init__(self, told):
        auth = proof(told)
        self.connection = trino.dbapi.connect(
            host=told["host"], port=told["port"], user=told["user"], catalog=told["catalog"], schema=told["schema"], source=told["source"],
            client_tags=told["tags"], session_properties=told["properties"], http_scheme="https" if told["ca"] else "http", verify=told["ca"] or True, auth=auth,
            isolation_level=IsolationLevel.READ_COMMITTED if told["transaction"] else IsolationLevel.AUTOCOMMIT,
            legacy_prepared_statements=True if told["otherwise"] else None, **({"encoding": told["encoding"]} if told.get("encoding") else {}))

    def query(self, sql):
        """Runs a statement."""
        return self.parameters(sql, None)

    def parameters(self, sql, values):
        """Runs a statement with values for its question marks."""
        cursor = self.connection.cursor()
        cursor.execute(sql, values)
        found = cursor.fetchall()
        return rows([str(column) for column in cursor.description or []], found)

    def hash(self, sql):
        """The hash of many rows."""
        return digest(self.connection.cursor().execute(sql))

    def commit(self):
        """Ends the transaction well."""
        self.connection.commit()
        return {}

    def rollback(self):
        """Ends the transaction as if nothing had been."""
        self.connection.rollback()
        return {}

    def cancel(self, sql):
        """Begins a statement and cancels it after its first row."""
        cursor = self.connection.cursor()
        cursor.execute(sql)
        cursor.fetchone()
        cursor.cancel()
        return {}

    def progress(self, sql):
        """Splits that are done, while a statement runs."""
        cursor = self.connection.cursor()
        return watched(lambda: cursor.execute(sql).fetchall(), lambda: (cursor.stats or {}).get("completedSplits"))

    def own(self):
        """A statement described, and one run for many values."""
        cursor = self.connection.cursor()
        described = cursor.describe("SELECT n_nationkey, n_name AS name FROM nation")
        cursor.executemany("INSERT INTO lake.clients.many_python VALUES (?, ?)", [(1, "one"), (2, "it's two")])
        return {"described": [str(column) for column in described], "rows": self.query("SELECT DISTINCT id, name FROM lake.clients.many_python ORDER BY id")["rows"]}

    def close(self):
        """Closes it."""
        self.connection.close()


if __name__ == "__main__":
    serve(Connection)
