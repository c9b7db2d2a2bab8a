"""One tree of SQL for one server and for a cluster: what `${…}` stands for in `migrations/*.sql`.

On a cluster every table is two: `x_local`, replicated, which holds the rows of its shard, and `x`, Distributed, which
is what queries and inserts name. A table whose rows carry `batch` is sharded by the lane, bitShiftRight(batch, 40): all
rows of an insert carry one batch, so the whole block goes to one shard, as one block, and its token does there what it
does on one server. A key by viewer would cut each block into one per shard. A lane's viewers, orders and ledger lines
lie together this way. Tables behind materialised views are filled on the shard of the rows; through `x` they are only
read. Small tables that belong to no lane (closings, rates, the roster) are one table, whole on all servers.
"""

import re
from collections.abc import Iterator
from string import Template

from analytics.warehouse import WarehouseError

LANE = "bitShiftRight(batch, 40)"
"""Sharding key: batch = lane x 2^40 + number in the lane."""
WINDOW = 10_000
WINDOW_SECONDS = 30 * 86_400
"""Replicated tables forget tokens after an hour unless told otherwise; a worker may be away for longer."""
PLACES = ("LOCAL", "ON_CLUSTER", "REPLICATED", "DEDUPLICATION", "EVERYWHERE", "EVERYWHERE_AGGREGATING")
"""What a migration may name."""
_EVERYWHERE = "('/clickhouse/{database}/{table}', '{shard}-{replica}')"
"""One table on all servers of a cluster, whatever their shard."""
_CLUSTER = re.compile(r"[\w.{}-]+")
_LOCAL = re.compile(r"^CREATE TABLE (\w+)_local ")
_COMMENT = re.compile(r"\nCOMMENT '(?:[^'\\]|\\.)*'$")


def checked(cluster: str) -> str:
    """Check the name of a cluster. Raises WarehouseError."""
    if not _CLUSTER.fullmatch(cluster):
        raise WarehouseError(f"cluster {cluster!r} is no name of a cluster; see system.clusters on the server")
    return cluster


def rendered(statement: str, cluster: str | None) -> Iterator[str]:
    """Give the statements that a statement of a migration stands for. cluster: its name; None for one server.

    Raises KeyError for a place that is none of PLACES.
    """
    text = Template(statement).substitute(_values(cluster))
    yield text
    if cluster and (found := _LOCAL.match(text)):
        yield _distributed(found[1], text, cluster)


def on_cluster(cluster: str | None) -> str:
    """Give the words that make a definition one of all servers of a cluster."""
    return f" ON CLUSTER '{checked(cluster)}'" if cluster else ""


def _values(cluster: str | None) -> dict[str, str]:
    if not cluster:
        window = f"non_replicated_deduplication_window = {WINDOW}"
        return dict(zip(PLACES, ("", "", "", window, "MergeTree", "AggregatingMergeTree"), strict=True))
    window = f"replicated_deduplication_window = {WINDOW}, replicated_deduplication_window_seconds = {WINDOW_SECONDS}"
    whole = [f"Replicated{engine}{_EVERYWHERE}" for engine in ("MergeTree", "AggregatingMergeTree")]
    return dict(zip(PLACES, ("_local", on_cluster(cluster), "Replicated", window, *whole), strict=True))


def _distributed(table: str, text: str, cluster: str) -> str:
    key = f", {LANE}" if re.search(r"^    batch UInt64\b", text, re.MULTILINE) else ""
    comment = _COMMENT.search(text)
    return (
        f"CREATE TABLE {table}{on_cluster(cluster)} AS {table}_local\n"
        f"ENGINE = Distributed('{cluster}', currentDatabase(), {table}_local{key})"
    ) + (comment[0] if comment else "")
