"""Statements as files: CSV and Parquet for machines, a page for people that prints well and needs nothing else.

What a statement says is decided in `analytics.contracts`; here it is only written. No viewer appears in any of them.
"""
