//! The whole way of statements and pages, against a stand-in for Trino.
