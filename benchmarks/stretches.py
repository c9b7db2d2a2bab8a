"""The stretches of shifts that are stored already, cut by the statement that an upgrade fills them with."""

from analytics.warehouse.migrations import shipped

(FILL,) = (text for one in shipped() for text in one.rendered(None) if text.startswith("INSERT INTO stretches "))
"""Needs `batches`: rows of a batch that is not closed are left out."""
