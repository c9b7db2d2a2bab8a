"""Links between the boards: each keeps the time and what was chosen, as variables have the same names everywhere."""

from collections.abc import Sequence

from dashboards.grafana.sdk import Builder, dashboard, parts
from dashboards.grafana.statements import IDS, linked
from dashboards.spec import Board, Column, Panel, Unit

_LEADS = {
    Unit.HOST: ("host", "hostledger-hosts", "Board of this host"),
    Unit.SESSION: ("session", "hostledger-live", "Board of this session"),
}
"""By the unit of a name: the variable that the link sets, the uid of the board, the words."""


def to_boards(board: Board, others: Sequence[Board]) -> list[Builder[parts.DashboardLink]]:
    """Make the links at the top of a board, to all others."""
    return [
        dashboard.DashboardLink(other.title)
        .type(parts.DashboardLinkType.LINK)
        .url(f"/d/{other.uid}")
        .tooltip(other.question)
        .icon("dashboard")
        .include_vars(True)
        .keep_time(True)
        for other in others
        if other.uid != board.uid
    ]


def data_links(board: Board, panel: Panel, column: Column) -> list[dict[str, object]]:
    """Make the link of a name in a table to the board of what it names."""
    if column.hidden or column.unit not in _LEADS or IDS[column.unit] not in linked(panel):
        return []
    name, uid, words = _LEADS[column.unit]
    chosen = [f"var-{name}=${{__data.fields.{IDS[column.unit]}:percentencode}}"]
    kept = [f"${{{other.name}:queryparam}}" for other in board.variables if other.name != name and not other.hidden]
    return [{"title": words, "url": f"/d/{uid}?{'&'.join([*chosen, *kept, '${__url_time_range}'])}"}]
