"""Who is compared with whom: the two kinds, two hosts, or a host and the digital twin."""

import polars as pl

from analytics.warehouse import Warehouse
from hostledger.output import refuse


def arms(
    warehouse: Warehouse, hosts: tuple[str, str] | None, twin: str | None
) -> tuple[str, str, str, tuple[str, str]]:
    """Say by what the arms are told apart, what they are, and their names."""
    if hosts and twin:
        refuse("--hosts and --twin cannot be asked together; leave one of them out")
    if not hosts and not twin:
        return "kind", "human", "digital", ("human hosts", "digital hosts")
    known = warehouse.query("report_hosts")
    pair = hosts or _twins(known, twin or "")
    names = dict(known.select("host_id", pl.col("name").fill_null(pl.col("host_id"))).iter_rows())
    for host in pair:
        if host not in names:
            refuse(f"host {host!r} is not registered; the ids are in: hostledger report hosts")
    if pair[0] == pair[1]:
        refuse(f"--hosts {pair[0]} {pair[1]} names one host twice; name two")
    return "host", pair[0], pair[1], (names[pair[0]], names[pair[1]])


def _twins(known: pl.DataFrame, host: str) -> tuple[str, str]:
    """Find the human original and the digital twin that a host belongs to."""
    original = dict(known.select("host_id", "likeness_of").iter_rows()).get(host)
    if original:
        return original, host
    twins = known.filter(pl.col("likeness_of") == host)["host_id"].to_list()
    if len(twins) != 1:
        what = f"has several twins: {', '.join(twins)}" if twins else "has no digital twin"
        refuse(f"--twin {host!r} {what}; name two with --hosts")
    return host, twins[0]
