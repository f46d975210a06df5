"""Mutants of the rewriter: each of its small faults has to fail a test, or the verifier has to refuse what comes of it.

rust.py reads the sources, operators.py says what is changed, schemata.py puts all mutants into one build, run.py runs them. docs/proof.md
has the table.
"""
