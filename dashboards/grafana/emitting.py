"""A board as a classic dashboard of Grafana, the JSON that Grafana 11.6 to 13 load."""

from collections.abc import Iterator, Sequence
from typing import Any

from dashboards.grafana import panels, sdk, statements, variables
from dashboards.grafana.links import to_boards
from dashboards.grafana.sdk import dashboard, parts
from dashboards.spec import PALETTE, Annotation, Board, Panel

TAG = "hostledger"
"""Says whose a board is."""
COLUMNS = 24
"""Width of Grafana's grid."""
SCHEMA = 41
"""Version of the JSON; newer Grafanas bring it up to theirs when they load it."""


def emitted(name: str, board: Board, others: Sequence[Board] = (), zone: str = "UTC") -> dict[str, Any]:
    """Give the JSON of a board.

    name: its short name, with which its queries begin; others: boards that it links to; zone: the seller's time zone.
    What is for the page only is left out.
    """
    wide = dashboard.Dashboard(board.title).uid(board.uid).description(board.question).tags([TAG, board.audience])
    wide.timezone("utc" if zone == "UTC" else zone).tooltip(parts.DashboardCursorSync.CROSSHAIR)
    wide.time(board.since, "now").refresh(f"{board.refresh_s}s")
    wide.links(to_boards(board, others))
    model = wide.build()
    model.schema_version = SCHEMA
    choices = [variables.made(variable, zone) for variable in board.variables if not variable.page_only]
    model.templating = parts.DashboardDashboardTemplating(choices)
    model.annotations = parts.AnnotationContainer([_annotation(mark) for mark in board.annotations])
    shown = placed([panel for panel in board.panels if not panel.page_only])
    model.panels = [panels.made(name, board, panel, x, y) for panel, x, y in shown]
    return sdk.as_json(model)


def placed(of: Sequence[Panel]) -> Iterator[tuple[Panel, int, int]]:
    """Lay panels out from left to right; what no longer fits begins a new row, below the highest of the last one."""
    x = y = lowest = 0
    for panel in of:
        if x + panel.width > COLUMNS:
            x, y = 0, lowest
        yield panel, x, y
        x, lowest = x + panel.width, max(lowest, y + panel.height)


def _annotation(mark: Annotation) -> parts.AnnotationQuery:
    return parts.AnnotationQuery(
        name=mark.title,
        datasource=sdk.reference(),
        enable=True,
        icon_color=PALETTE[mark.level],
        target=sdk.ClickHouse(statements.for_annotation(mark.query), sdk.TABLE, mark.name),
    )
