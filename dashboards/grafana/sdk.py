"""Grafana's own builders, and the one query that they lack: that of its ClickHouse data source."""

import json
import warnings
from typing import Any, Self

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.runtime import DataqueryConfig, register_dataquery_variant
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as shapes

with warnings.catch_warnings():
    # It would rather have the second version of dashboards, which Grafana does not load from files reliably yet.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import barchart, common, dashboard, stat, statetimeline, table, timeseries
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models import dashboard as parts

__all__ = ["Builder", "ClickHouse", "as_json", "barchart", "common", "dashboard", "parse", "parts"]
__all__ += ["reference", "shapes", "stat", "statetimeline", "table", "timeseries"]
PLUGIN = "grafana-clickhouse-datasource"
"""Type of the data source."""
PLUGIN_VERSION = "4.20.0"
DATASOURCE = "clickhouse"
"""The uid of the data source in every Grafana."""
SERIES, TABLE = 0, 1
"""Formats of an answer: time series, or a table."""


class ClickHouse(Dataquery, Builder[Dataquery]):
    """A query to the data source, which is its own builder. queries_as: SERIES or TABLE."""

    def __init__(self, raw_sql: str, queries_as: int, ref_id: str = "A") -> None:
        self.raw_sql, self.queries_as, self.ref_id = raw_sql, queries_as, ref_id

    def build(self) -> Self:
        """Give itself."""
        return self

    def to_json(self) -> dict[str, object]:
        """Write the query as the plugin keeps it."""
        return {
            "datasource": reference().to_json(),
            "refId": self.ref_id,
            "pluginVersion": PLUGIN_VERSION,
            "editorType": "sql",
            "rawSql": self.raw_sql,
            "format": self.queries_as,
            "queryType": "table" if self.queries_as == TABLE else "timeseries",
            "meta": {},
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what `to_json` has written."""
        return cls(data["rawSql"], data["format"], data["refId"])


def reference() -> shapes.DataSourceRef:
    """Name the data source."""
    return shapes.DataSourceRef(PLUGIN, DATASOURCE)


def as_json(model: object) -> dict[str, Any]:
    """Give what a model is as JSON: dicts, lists, texts and numbers."""
    found: dict[str, Any] = json.loads(json.dumps(model, cls=JSONEncoder))
    return found


def parse(found: dict[str, Any]) -> parts.Dashboard:
    """Read a dashboard with Grafana's own models. Raises KeyError, TypeError or ValueError if it is none."""
    return parts.Dashboard.from_json(found)


register_default_plugins()
register_dataquery_variant(DataqueryConfig(PLUGIN, ClickHouse.from_json))
