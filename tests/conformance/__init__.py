"""Sluice's reading of SQL beside that of Trino's own parser.

A corpus is gathered from Trino's published test sources and documentation, Trino's parser says what it makes of each text,
and Sluice has to say the same. Nothing that was gathered is part of the repository: it is kept in the cache.
"""
