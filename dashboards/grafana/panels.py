"""Panels: each kind of ours as one of Grafana's."""

from collections.abc import Callable, Iterator, Sequence
from zlib import crc32

from dashboards.grafana import sdk, statements
from dashboards.grafana.links import data_links
from dashboards.grafana.looks import (
    KINDS,
    MEASURES,
    NO_COLOUR,
    Properties,
    coloured,
    dynamic,
    fixed,
    mappings,
    properties,
)
from dashboards.grafana.sdk import barchart, common, dashboard, parts, shapes, stat, statetimeline, table, timeseries
from dashboards.spec import PALETTE, Board, Column, Kind, Panel, Unit

EVERY = "1m"
"""The least interval between two points: rollups are per minute."""
_NUMBERS = 1_000_000
_HOLDS = 80
"""Per cent of a bar's or lane's surface that is filled."""
_NOTHING = "-"
"""What stands where there is no figure."""
Wide = stat.Panel | timeseries.Panel | statetimeline.Panel | barchart.Panel | table.Panel


def number(name: str) -> int:
    """Give a panel's number, from its name: it stays when others come and go, and so do links to the panel."""
    return 1 + crc32(name.encode()) % _NUMBERS


def made(name: str, board: Board, panel: Panel, x: int, y: int) -> parts.Panel:
    """Make a panel of a board (name: its short one) at a place of the grid."""
    wide = _MAKERS[panel.kind](board, panel)
    wide.id(number(panel.id)).title(panel.title).description(panel.help).datasource(sdk.reference())
    wide.grid_pos(parts.GridPos(x=x, y=y, w=panel.width, h=panel.height))
    as_table = panel.kind in {Kind.STAT, Kind.BARS, Kind.TABLE}
    sql = statements.for_panel(name, panel)
    wide.with_target(sdk.ClickHouse(sql, sdk.TABLE if as_table else sdk.SERIES))
    return wide.build()


def _stat(_board: Board, panel: Panel) -> stat.Panel:
    """One row, a figure per column."""
    wide = stat.Panel().no_value(_NOTHING).graph_mode(shapes.BigValueGraphMode.NONE)
    filled = panel.thresholds or any(column.unit is Unit.CHECK for column in panel.columns)
    wide.color_mode(shapes.BigValueColorMode.BACKGROUND_SOLID if filled else shapes.BigValueColorMode.NONE)
    wide.text_mode(shapes.BigValueTextMode.VALUE_AND_NAME)
    wide.reduce_options(common.ReduceDataOptions().values(False).calcs(["lastNotNull"]).fields("/.*/"))
    wide.color_scheme(dashboard.FieldColor().mode(parts.FieldColorModeId.FIXED).fixed_color(NO_COLOUR))
    for column in statements.columns(panel):
        wide.override_by_name(column.name, dynamic(_with_thresholds(column, panel)))
    return wide


def _series(_board: Board, panel: Panel) -> timeseries.Panel:
    wide = _over_time(timeseries.Panel(), panel)
    wide.draw_style(shapes.GraphDrawStyle.LINE).line_width(2).show_points(shapes.VisibilityMode.AUTO)
    if panel.thresholds:
        wide.thresholds_style(common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.DASHED))
    return wide


def _stack(_board: Board, panel: Panel) -> timeseries.Panel:
    wide = _over_time(timeseries.Panel(), panel)
    wide.draw_style(shapes.GraphDrawStyle.BARS).line_width(0).fill_opacity(_HOLDS)
    return wide.stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL).group("A"))


def _over_time(wide: timeseries.Panel, panel: Panel) -> timeseries.Panel:
    """Set what lines and bars over time share."""
    wide.interval(EVERY).tooltip(
        common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING)
    )
    wide.legend(_legend())
    if panel.split:
        wide.display_name(f"${{__field.labels.{panel.split}}}")
    for column in _measured(panel):
        told = _with_thresholds(column, panel)
        if panel.split:
            del told["displayName"]
            wide.override_by_regexp(f"/{column.name}/", dynamic(told))
        else:
            wide.override_by_name(column.name, dynamic(told | (fixed(column.name) if column.name in PALETTE else {})))
    if _of(panel, panel.split) is Unit.KIND:
        for kind in KINDS:
            told = {"displayName": kind.replace("_", " ")} | fixed(kind)
            wide.override_by_regexp(rf"/(^|\W){kind}(\W|$)/", dynamic(told))
    return wide


def _timeline(_board: Board, panel: Panel) -> statetimeline.Panel:
    """Lanes of states: numbers with words, since a series needs numbers. Each state holds until the next."""
    lane, state = panel.columns[1], next(column for column in panel.columns if column.unit is Unit.STATE)
    wide = statetimeline.Panel().interval(EVERY).display_name(f"${{__field.labels.{lane.name}}}")
    wide.span_nulls(True).merge_values(True).show_value(shapes.VisibilityMode.AUTO).fill_opacity(_HOLDS)
    wide.line_width(0).legend(_legend())
    told = properties(state)
    del told["displayName"]
    return wide.override_by_regexp(f"/{state.name}/", dynamic(told))


def _bars(_board: Board, panel: Panel) -> barchart.Panel:
    """Lie bars under each other; where their hosts have a kind, it gives the colour."""
    names, *others = statements.columns(panel)
    wide = barchart.Panel().orientation(shapes.VizOrientation.HORIZONTAL).x_field(names.title)
    wide.show_value(shapes.VisibilityMode.AUTO).fill_opacity(_HOLDS).legend(_legend())
    wide.override_by_name(names.name, dynamic(properties(names)))
    for column in others:
        own = fixed(column.name) if column.name in PALETTE else {}
        wide.override_by_name(column.name, dynamic(_with_thresholds(column, panel) | own))
    for column in (names, *others):
        if column.unit is Unit.KIND or column.name == statements.COLOURS:
            wide.override_by_name(column.name, dynamic({"mappings": mappings(Unit.KIND)}))
            wide.color_by_field(column.title)
    return wide


def _table(board: Board, panel: Panel) -> table.Panel:
    wide = table.Panel().no_value(_NOTHING).cell_height(shapes.TableCellHeight.SM)
    for column in statements.columns(panel):
        told = _with_thresholds(column, panel)
        if column.hidden:
            told = {"custom.hidden": True, "custom.hideFrom": {"viz": True, "legend": True, "tooltip": True}}
        elif column.unit in {Unit.KIND, Unit.CHECK} or "thresholds" in told:
            told["custom.cellOptions"] = {"type": "color-background", "mode": "basic"}
        if links := data_links(board, panel, column):
            told["links"] = links
        wide.override_by_name(column.name, dynamic(told))
    return wide


_MAKERS: dict[Kind, Callable[[Board, Panel], Wide]] = {
    Kind.STAT: _stat,
    Kind.SERIES: _series,
    Kind.STACK: _stack,
    Kind.TIMELINE: _timeline,
    Kind.BARS: _bars,
    Kind.TABLE: _table,
}


def _legend() -> common.VizLegendOptions:
    shown = common.VizLegendOptions().show_legend(True).placement(shapes.LegendPlacement.BOTTOM)
    return shown.display_mode(shapes.LegendDisplayMode.LIST).calcs([])


def _measured(panel: Panel) -> Iterator[Column]:
    return (column for column in statements.columns(panel) if column.unit in MEASURES)


def _with_thresholds(column: Column, panel: Panel) -> Properties:
    """Give a column's options; the thresholds of a panel are those of its first measured column."""
    first = next(_measured(panel), None)
    return properties(column) | (coloured(panel.thresholds) if panel.thresholds and column == first else {})


def _of(panel: Panel, name: str | None) -> Unit | None:
    found: Sequence[Unit] = [column.unit for column in panel.columns if column.name == name]
    return found[0] if found else None
