"""The referee of settlements: plain loops and fractions, one order at a time, straight from docs/CONTRACTS.md.

It knows nothing of the code it judges. Rows are dicts as the frames of `analytics.contracts` have them; days are UTC.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

from referee_models import allocate, by_hash

Row = Mapping[str, Any]
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
SCOPE = ("host_id", "host_kind", "seller_id", "platform", "currency")
MONEY = ("gross_before", "net_before", "gross_after", "net_after")


def start_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def day_of(ms: int) -> date:
    return datetime.fromtimestamp(ms / 1000, UTC).date()


def best(rows: Iterable[Row], subject: Row, at_ms: int, scope: Sequence[str] = SCOPE) -> Row | None:
    """The row that holds, the one with the most precise scope."""
    fit = [
        row
        for row in rows
        if all(row[name] in {None, subject[name]} for name in scope)
        and start_ms(row["from_day"]) <= at_ms
        and (row["until_day"] is None or at_ms < start_ms(row["until_day"]))
    ]
    return max(fit, key=lambda row: [row[name] is not None for name in scope], default=None)


def shared(total: int, weights: Mapping[str, int], tie: Callable[[str], object]) -> dict[str, int]:
    """Split by largest remainder; equal weights where there are none."""
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    return allocate(total, {name: Fraction(weight) for name, weight in weights.items()}, tie)


def order_fee(states: Sequence[Row], rows: Sequence[Row]) -> dict[tuple[str, str, int], int]:
    """What a fee charges each (order, account, row) in the period."""
    groups: dict[tuple[str, int], list[Row]] = defaultdict(list)
    terms = {row["row"]: row for row in rows}
    for state in states:
        if state["host_id"] != "excess_refund" and (row := best(rows, state, state["at_ms"])):
            groups[state["order_id"], row["row"]].append(state)
    found: dict[tuple[str, str, int], int] = defaultdict(int)
    for (order_id, number), members in groups.items():
        for when, sign in (("after", 1), ("before", -1)):
            for host_id, amount in charged(order_id, members, terms[number], when).items():
                found[order_id, host_id, number] += sign * amount
    return {key: amount for key, amount in found.items() if amount}


def charged(order_id: str, members: Sequence[Row], terms: Row, when: str) -> dict[str, int]:
    rate = Fraction(terms["bps"], 10_000)
    gross = {one["host_id"]: max(one[f"gross_{when}"], 0) for one in members}
    net = {one["host_id"]: max(one[f"net_{when}"], 0) for one in members}
    paid, left = sum(gross.values()), sum(net.values())
    if terms["refundable"] == "none":
        return shared(round(rate * paid), gross, by_hash(order_id))
    if terms["base"] == "gross":
        return shared(round(rate * paid) - round(rate * (paid - left)), net, by_hash(order_id))
    return shared(round(rate * left), net, by_hash(order_id))


def hours(air: Sequence[Row], rows: Sequence[Row]) -> dict[tuple[str, str, int], int]:
    """What each (session, host, row) costs for its hours, walking from day to day."""
    times: dict[tuple[str, str, int], int] = defaultdict(int)
    terms = {row["row"]: row for row in rows}
    for span in air:
        at = span["start_ms"]
        while at < span["end_ms"]:
            until = min(span["end_ms"], start_ms(day_of(at) + timedelta(1)))
            if row := best(rows, span, at, SCOPE[:-1]):
                times[span["session_id"], span["host_id"], row["row"]] += until - at
            at = until
    found = {key: round(Fraction(ms * terms[key[2]]["amount_minor"], HOUR_MS)) for key, ms in times.items()}
    return {key: amount for key, amount in found.items() if amount}


def tier(amount: int, tiers: str) -> int:
    """Each tier's rate on its part, added up, rounded once."""
    parts = [tuple(map(int, part.split(":"))) for part in tiers.split(";")]
    if amount < 0:
        return round(Fraction(amount * parts[0][1], 10_000))
    bounds = [bound for bound, _ in parts[1:]] + [max(amount, parts[-1][0])]
    return round(
        sum(
            (
                Fraction(max(min(amount, above) - below, 0) * bps, 10_000)
                for (below, bps), above in zip(parts, bounds, strict=True)
            ),
            Fraction(0),
        )
    )


def commission(states: Sequence[Row], rows: Sequence[Row]) -> dict[tuple[str, int, str], int]:
    """What each (host, row, currency) earns of the period's sales."""
    sums: dict[tuple[str, int, str], int] = defaultdict(int)
    terms = {row["row"]: row for row in rows}
    for one in states:
        if one["host_id"] != "excess_refund" and (row := best(rows, one, one["at_ms"])):
            what = "gross" if row["refundable"] == "none" else "net"
            sums[one["host_id"], row["row"], one["currency"]] += one[f"{what}_after"] - one[f"{what}_before"]
    found = {key: tier(amount, terms[key[1]]["tiers"]) for key, amount in sums.items()}
    return {key: amount for key, amount in found.items() if amount}


def spread_days(amount: int, first: date, until: date, begin: date, end: date) -> int:
    """The part of an amount that the days of [begin, end) have."""

    def reached(on: date) -> int:
        done = sum(1 for number in range((until - first).days) if first + timedelta(number) < on)
        return round(Fraction(amount * done, (until - first).days))

    return reached(end) - reached(begin)


def portions(states: Sequence[Row], lines: Sequence[Row], categories: Mapping[str | None, str | None]) -> list[Row]:
    """Credits by category of what was bought, line by line."""
    found = []
    for state in states:
        own = [line for line in lines if line["order_id"] == state["order_id"]]
        own = own or [{"line_id": "", "category": None, "amount_minor": 0}]
        weights = {line["line_id"]: max(line["amount_minor"], 0) for line in own}
        tie = by_hash(state["order_id"])
        parts = {name: signed(state[name], weights, tie) for name in MONEY}
        for line in own:
            category = line["category"] or categories.get(state["session_id"])
            money = {name: parts[name][line["line_id"]] for name in MONEY}
            found.append({**state, **money, "category": category, "line_id": line["line_id"]})
    return found


def signed(total: int, weights: Mapping[str, int], tie: Callable[[str], object]) -> dict[str, int]:
    split = shared(abs(total), weights, tie)
    return {name: amount if total >= 0 else -amount for name, amount in split.items()}


def verdict(use: Row, contracts: Sequence[Row], owner: str) -> tuple[Row, str | None]:
    """The contract of an owner that covers a use, or the closest one and the reason why not."""
    own = sorted(
        (one for one in contracts if one["host_id"] == use["host_id"] and one["owner"] == owner),
        key=lambda one: (one["valid_from_ms"], one["contract_id"] or ""),
    )
    tried = own
    for reason, holds in (
        ("period", lambda one: one["valid_from_ms"] <= use["at_ms"] < one["valid_to_ms"]),
        (
            "platform",
            lambda one: not one["platforms"] or use["platform"] is None or use["platform"] in one["platforms"],
        ),
        (
            "category",
            lambda one: not one["categories"] or use["category"] is None or use["category"] in one["categories"],
        ),
    ):
        left = [one for one in tried if holds(one)]
        if not left:
            return tried[0], "no contract" if tried[0]["contract_id"] is None else reason
        tried = left
    return tried[0], None


def owners(contracts: Sequence[Row], host_id: str) -> list[str]:
    return sorted({one["owner"] for one in contracts if one["host_id"] == host_id})


def royalty(found: Sequence[Row], contracts: Sequence[Row]) -> dict[tuple[str, str, str], int]:
    """What each (order, host, contract) pays in the period."""
    nets: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    rates = {one["contract_id"]: one["royalty_bps"] for one in contracts}
    for portion in found:
        for owner in owners(contracts, portion["host_id"]):
            contract, reason = verdict(portion, contracts, owner)
            if reason is None:
                pair = nets[portion["order_id"], portion["host_id"], contract["contract_id"]]
                pair[0] += portion["net_before"]
                pair[1] += portion["net_after"]
    due = {
        key: round(Fraction(max(after, 0) * rates[key[2]], 10_000))
        - round(Fraction(max(before, 0) * rates[key[2]], 10_000))
        for key, (before, after) in nets.items()
    }
    return {key: amount for key, amount in due.items() if amount}


def unlabelled(air: Sequence[Row], label: Sequence[Row]) -> dict[tuple[str, str], set[int]]:
    """Instants (one a unit) on air without the label, per session and digital host; for short times only."""
    bare: dict[tuple[str, str], set[int]] = defaultdict(set)
    for span in air:
        if span["host_kind"] == "digital":
            bare[span["session_id"], span["host_id"]] |= set(range(span["start_ms"], span["end_ms"]))
    for shown in label:
        bare[shown["session_id"], shown["host_id"]] -= set(range(shown["start_ms"], shown["end_ms"]))
    return bare


def uses(use: Row, contracts: Sequence[Row], bare: set[int]) -> Iterable[tuple[Any, ...]]:
    """Where a use is outside of: place and reason, per owner; `bare`: instants without the label."""
    for owner in owners(contracts, use["host_id"]):
        contract, reason = verdict(use, contracts, owner)
        if reason is None and contract["label_required"] and use["at_ms"] in bare:
            reason = "label missing"
        if reason:
            yield use["host_id"], owner, contract["contract_id"], reason, use["session_id"], use["platform"]


def evidence(
    found: Sequence[Row], air: Sequence[Row], ever: Sequence[Row], label: Sequence[Row], contracts: Sequence[Row]
) -> tuple[dict[tuple[Any, ...], list[int]], dict[tuple[Any, ...], int]]:
    """Use outside of contracts: money (orders, gross, net) and instants on air, per place and reason.

    air: who was on air in the period; ever: in it and before. Where nothing moved there is nothing to tell.
    """
    bare = unlabelled(ever, label)
    money: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [set(), 0, 0])
    for one in found:
        for place in uses(one, contracts, bare[one["session_id"], one["host_id"]]):
            cell, gross = money[(*place, one["currency"])], one["gross_after"] - one["gross_before"]
            cell[0] |= {one["order_id"]} if gross > 0 else set()
            cell[1] += gross
            cell[2] += one["net_after"] - one["net_before"]
    time: dict[tuple[Any, ...], int] = defaultdict(int)
    for span in (span for span in air if span["host_kind"] == "digital"):
        for at in range(span["start_ms"], span["end_ms"]):
            for place in uses({**span, "at_ms": at}, contracts, bare[span["session_id"], span["host_id"]]):
                time[place] += 1
    sums = {key: [len(cell[0]), cell[1], cell[2]] for key, cell in money.items()}
    return {key: cell for key, cell in sums.items() if any(cell)}, dict(time)
