"""dbt: its adapter's statements, as its models and macros send them, and a whole `dbt build`."""

import json
import os
import pathlib
import sys
import tempfile
import threading
import time

from conversation import Shown, digest, serve
from dbt.adapters.factory import get_adapter_by_type, reset_adapters
from dbt.cli.main import dbtRunner

# Projects are written here; it is gone at the end.
HOME = tempfile.TemporaryDirectory()
# Beside the catalog of the profile, whose schema's name comes first.
PLACE = {"+database": "lake", "+schema": "dbt"}
MODELS = {
    "seeds/people.csv": "id,name,born\n1,Iris,1990-01-02\n2,Jon,\n3,\"Kim, the third\",2001-12-31\n",
    "models/people_view.sql": "{{ config(materialized='view') }} select id, name, born from {{ ref('people') }} where id < 3",
    "models/people_table.sql": "{{ config(materialized='table') }} select id, upper(name) as name from {{ ref('people') }}",
    "models/people_more.sql": "{{ config(materialized='incremental', unique_key='id', incremental_strategy='merge') }}\n"
                              "select id, name from {{ ref('people') }} {% if is_incremental() %} where id > 1 {% endif %}",
    "models/schema.yml": "models:\n  - name: people_table\n    columns:\n      - name: id\n        tests: [unique, not_null]\n",
}


class Connection:
    """dbt with a profile, in a project of its own; it is kept while the profile is the same."""

    kept = None

    def __init__(self, told):
        if Connection.kept is None or Connection.kept[0] != told:
            Connection.kept = (told, self.project(told))
        self.folder = Connection.kept[1]
        self.adapter = get_adapter_by_type("trino")
        self.held = self.adapter.connection_named("cell")
        self.held.__enter__()

    def project(self, told):
        """Writes a project with its profile, and has dbt read it."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=HOME.name))
        profile = {**method(told), "type": "trino", "host": told["host"], "port": told["port"], "user": told["user"], "database": told["catalog"], "schema": told["schema"],
                   "threads": 1, "cert": told["ca"] or False, "http_scheme": "https" if told["ca"] else "http", "session_properties": told["properties"],
                   "client_tags": told["tags"], "retries": 1}
        files = {**MODELS, "dbt_project.yml": json.dumps({"name": "tests", "version": "1.0", "profile": "tests", "flags": {"send_anonymous_usage_stats": False},
                                                      "models": PLACE, "seeds": PLACE}),
                 "profiles.yml": json.dumps({"tests": {"target": "it", "outputs": {"it": profile}}})}
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        reset_adapters()
        done = run(folder, "parse")
        if not done.success:
            raise done.exception
        return folder

    def query(self, sql):
        """Runs a statement; cells as agate has them."""
        response, table = self.adapter.execute(sql, fetch=True)
        return {"said": str(response), "columns": [f"{name} {type(kind).__name__}" for name, kind in zip(table.column_names, table.column_types)],
                "rows": [[repr(cell) for cell in row] for row in table.rows]}

    def hash(self, sql):
        """The hash of many rows."""
        return digest(self.adapter.execute(sql, fetch=True)[1].rows)

    def cancel(self, sql):
        """Cancels as dbt does it on Ctrl-C, by its open connections."""
        said = []

        def work():
            with self.adapter.connection_named("other"):
                try:
                    self.adapter.execute(sql, fetch=True)
                except Exception as error:
                    said.append(str(error))

        worker = threading.Thread(target=work)
        worker.start()
        while worker.is_alive():
            time.sleep(1)
            list(self.adapter.cancel_open_connections())
            worker.join(5)
        return {"said": said}

    def own(self):
        """`dbt build` twice, the second time into what is there; then what is in the tables."""
        for _ in range(2):
            done = run(self.folder, "build")
            if not done.success:
                raise done.exception or RuntimeError([f"{r.node.name}: {r.message}" for r in done.result if str(r.status) not in ("success", "pass")])
        names = ("people", "people_view", "people_table", "people_more")
        told = {f"{r.node.name} {r.status}" for r in done.result}
        # The build has given back each connection.
        self.held = self.adapter.connection_named("cell")
        self.held.__enter__()
        return {"built": sorted(told), **{name: self.query(f"SELECT * FROM lake.tiny_dbt.{name} ORDER BY id")["rows"] for name in names}}

    def close(self):
        """Gives the connection back."""
        self.held.__exit__(None, None, None)


def method(told):
    """How its profile logs in."""
    if told["token"]:
        return {"method": "jwt", "jwt_token": told["token"]}
    if told["password"]:
        return {"method": "ldap", "password": told["password"]}
    if told["certificate"]:
        return {"method": "certificate", "client_certificate": told["certificate"], "client_private_key": told["key"]}
    if told["browser"]:
        sys.stdout = Shown(told["browser"])
        return {"method": "oauth_console"}
    return {"method": "none"}


def run(folder, command):
    """Runs a command of dbt in a project."""
    return dbtRunner().invoke([command, "--project-dir", str(folder), "--profiles-dir", str(folder), "--quiet", "--log-level-file", "none", "--no-use-colors"])


if __name__ == "__main__":
    os.environ["DO_NOT_TRACK"] = "1"
    serve(Connection)
