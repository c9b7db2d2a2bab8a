"""The boards: what is asked and how it is shown, each said once for Grafana and for the built-in page."""

from dashboards.boards import compare, finance, hosts, live, pipeline
from dashboards.boards.alerts import ALERTS

__all__ = ["ALERTS", "BOARDS"]
BOARDS = {
    "live": live.BOARD,
    "hosts": hosts.BOARD,
    "finance": finance.BOARD,
    "compare": compare.BOARD,
    "pipeline": pipeline.BOARD,
}
"""Boards by the short name under which the page shows them."""
