"""Histories in tables, CSV or Parquet, as events: a mapping file says which column is what.

`reading` gives a file as exact text, `mapping` is what a mapping file may say, `columns` reads times and amounts
without rounding, and `importing` puts it together: events, and for every row that cannot be one the reason.
"""
