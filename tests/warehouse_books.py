"""What a warehouse says, in the words of the referee."""

from typing import Any

from analytics.warehouse import Warehouse

MINUTE_MS = 60_000


def rows(warehouse: Warehouse, text: str) -> list[tuple[Any, ...]]:
    """Answer of a query as tuples of text; what joins line-ups in a text is no end of a line."""
    return [tuple(line.split("\t")) for line in warehouse.sql(text, "TabSeparated").split("\n")[:-1]]


def posted(warehouse: Warehouse) -> dict[tuple[str, ...], int]:
    """Money by (order, model, refund or '', account, minute-exact booking time): all lines of a posting summed."""
    found = rows(
        warehouse,
        "SELECT order_id, model, ifNull(refund_id, ''), host_id, toUnixTimestamp64Milli(booked_at), sum(amount_minor), "
        "sum(sign) FROM ledger GROUP BY 1, 2, 3, 4, 5 HAVING sum(sign) != 0",
    )
    return {tuple(row[:5]): int(row[5]) for row in found}


def refereed(entries: list[dict[str, Any]]) -> dict[tuple[str, ...], int]:
    """The referee's entries, keyed like `posted`."""
    return {
        (entry["order_id"], entry["model"], entry["refund_id"] or "", entry["host_id"], str(entry["booked_at"])): entry[
            "amount_minor"
        ]
        for entry in entries
    }


def revenue(warehouse: Warehouse) -> dict[tuple[str, int, str, str, str], tuple[int, int, int]]:
    """The rollup revenue_minute: (gross, refunds with the sign of their entries, orders), rows of nothing left out."""
    found = rows(
        warehouse,
        "SELECT model, toUnixTimestamp(minute) * 1000, currency, session_id, host_id, sum(gross), -sum(refunds), "
        "sum(orders) FROM revenue_minute GROUP BY 1, 2, 3, 4, 5",
    )
    sums = {(m, int(t), c, s, h): (int(g), int(r), int(o)) for m, t, c, s, h, g, r, o in found}
    return {key: value for key, value in sums.items() if any(value)}


def online(warehouse: Warehouse) -> dict[tuple[str, int], int]:
    """The rollup presence_minute: change of people online per session and minute, zeros left out."""
    found = rows(
        warehouse,
        "SELECT session_id, toUnixTimestamp(minute) * 1000, sum(change) FROM presence_minute GROUP BY 1, 2",
    )
    return {(s, int(t)): int(change) for s, t, change in found if int(change)}


def activity(warehouse: Warehouse) -> dict[tuple[str, int], tuple[int, ...]]:
    """Rollups of what viewers did: views, entrants, clicks, carts, comments, likes, shares, follows."""
    found = rows(
        warehouse,
        "SELECT session_id, toUnixTimestamp(minute) * 1000, sum(views), length(groupUniqArrayArray(viewers)), "
        "sum(clicks), sum(carts), sum(comments), sum(likes), sum(shares), sum(follows) "
        "FROM (SELECT *, [] AS viewers FROM activity_minute UNION ALL "
        "SELECT session_id, minute, 0, 0, 0, 0, 0, 0, 0, viewers FROM people_minute) GROUP BY 1, 2",
    )
    sums = {(row[0], int(row[1])): tuple(map(int, row[2:])) for row in found}
    return {key: value for key, value in sums.items() if any(value)}
