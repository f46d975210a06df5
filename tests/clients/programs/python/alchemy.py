"""SQLAlchemy with the Python client's dialect."""

import sqlalchemy
from conversation import digest, failure, rows, serve, watched
from dbapi import proof
from sqlalchemy.engine import URL
from trino.transaction import IsolationLevel


class Connection:
    """A connection of an engine."""

    def __init__(self, told):
        secure = {"http_scheme": "https", "verify": told["ca"]} if told["ca"] else {}
        # A password stands in the URL.
        apart_from_it = {} if told["password"] or not told["ca"] else {"auth": proof(told)}
        apart = {"isolation_level": IsolationLevel.READ_COMMITTED} if told["transaction"] else {}
        self.schema = told["schema"]
        self.engine = sqlalchemy.create_engine(
            URL.create("trino", told["user"], told["password"], told["host"], told["port"], f"{told['catalog']}/{told['schema']}"),
            connect_args={"source": told["source"], "client_tags": told["tags"], "session_properties": told["properties"], **secure, **apart_from_it, **apart,
                          **({"legacy_prepared_statements": True} if told["otherwise"] else {})})
        self.connection = self.engine.connect()

    def query(self, sql):
        """Runs a statement."""
        return self.parameters(sql, None)

    def parameters(self, sql, values):
        """Runs a statement with values for its question marks."""
        try:
            result = self.connection.exec_driver_sql(sql, tuple(values) if values else None)
            columns = [str(column) for column in result.cursor.description or []] if result.returns_rows else []
            return rows(columns, result if result.returns_rows else [])
        except sqlalchemy.exc.DBAPIError as error:
            return {**failure(error.orig), "error": str(error)}

    def hash(self, sql):
        """The hash of many rows. Where an error comes while they do, it is told without the statement, else with it."""
        try:
            return digest(self.connection.exec_driver_sql(sql))
        except sqlalchemy.exc.DBAPIError as error:
            return failure(error.orig)

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
        result = self.connection.exec_driver_sql(sql)
        result.fetchone()
        result.cursor.cancel()
        return {}

    def progress(self, sql):
        """Splits that are done, while a statement runs: by the cursor below, as SQLAlchemy has no word for it."""
        cursor = self.connection.connection.cursor()
        return watched(lambda: cursor.execute(sql).fetchall(), lambda: (cursor.stats or {}).get("completedSplits"))

    def tables(self):
        """The tables of the schema."""
        return {"columns": [], "rows": [[name] for name in sorted(sqlalchemy.inspect(self.connection).get_table_names(self.schema))]}

    def own(self):
        """What its inspector tells of catalogs, schemas and a table; a table read by reflection."""
        inspector = sqlalchemy.inspect(self.connection)
        nation = sqlalchemy.Table("nation", sqlalchemy.MetaData(), autoload_with=self.connection, schema="tiny")
        found = self.connection.execute(sqlalchemy.select(nation.c.n_name).where(nation.c.n_nationkey == 7))
        return {"schemas": inspector.get_schema_names(), "tables": sorted(inspector.get_table_names("tiny")), "views": inspector.get_view_names("tiny"),
                "columns": [str(column) for column in inspector.get_columns("nation", "tiny")], "has": inspector.has_table("nation", "tiny"),
                "comment": str(inspector.get_table_comment("nation", "tiny")), "rows": [list(row) for row in found]}

    def close(self):
        """Closes it."""
        self.connection.close()
        self.engine.dispose()


if __name__ == "__main__":
    serve(Connection)
