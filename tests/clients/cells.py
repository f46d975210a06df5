"""What is tried with each client: the cells of cells.json, and one for each of Trino's types."""

import dataclasses
import json
import pathlib

HERE = pathlib.Path(__file__).parent


@dataclasses.dataclass
class Cell:
    """One thing that a client is asked to do.

    `steps` are done on one connection. `straight` says whether they are done without Sluice too, to be compared; `check`
    names what else has to hold (checks.py), `sees` a text that has to come. `errors` says that a step has to fail.
    `any_order` compares rows as sets. The rest is of the connection.
    """
    name: str
    title: str
    group: str
    steps: list
    before: list = dataclasses.field(default_factory=list)
    user: str = "admin"
    login: str = "password"
    catalog: str = "tpch_standard"
    schema: str = "tiny"
    straight: bool = True
    check: str | None = None
    sees: str | None = None
    errors: bool = False
    any_order: bool = False
    alone: bool = False
    transaction: bool = False
    otherwise: bool = False
    properties: dict = dataclasses.field(default_factory=dict)
    source: str = "tests of clients"
    tags: list = dataclasses.field(default_factory=list)

    @property
    def ways(self):
        """By which ways it goes."""
        return ["straight", "sluice"] if self.straight else ["sluice"]


@dataclasses.dataclass
class Group:
    """Cells under one heading."""
    title: str
    cells: list


def groups():
    """All cells."""
    told = json.loads((HERE / "cells.json").read_text(encoding="utf-8"))
    found = [Group(g["group"], [Cell(name=c.pop("cell"), group=g["group"], **c) for c in g["cells"]]) for g in told]
    types = json.loads((HERE / "types.json").read_text(encoding="utf-8"))
    return [*found, Group("Types, with a null of each", [of_type(kind) for kind in types])]


def of_type(kind):
    """Each value of a type, as the analyst sees it of a filtered table."""
    sql = f'SELECT id, "{kind.replace(chr(34), chr(34) * 2)}" AS v FROM {{types}} ORDER BY id'
    return Cell(name=f"type {kind}", title=kind, group="Types", user="analyst", steps=[{"op": "query", "sql": sql}])
