"""Mutants of the rewriter: each of its small faults has to fail a test, or the verifier has to refuse what comes of it, or it is listed with a reason why it is none.

rust.py reads the sources, operators.py says what is changed, schemata.py puts all mutants into one build, tree.py builds it, run.py runs them, listed.py reads the list same.txt.
docs/proof.md says what came of it.
"""
