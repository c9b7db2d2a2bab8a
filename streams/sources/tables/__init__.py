"""Histories in tables, of files and databases, as events: a mapping file says which column is what.

`reading` gives a file and `database` a query's answer as exact text, `wholes` cuts batches at whole orders, `mapping`
is what a mapping file may say, `columns` reads times and amounts without rounding, `importing` puts it together, with
the reason for every row that cannot be an event, and `writing` makes the events.
"""
