"""Tests that cross modules, and the harness for those that need real servers."""
