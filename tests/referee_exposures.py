"""Who was exposed to a script, and what they bought, read event by event and slowly."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from referee_intervals import Event, Interval, first_of_each, shifts, watches


class Run(NamedTuple):
    """One variant of a script on air."""

    start_ms: int
    end_ms: int
    variant: str


def runs(events: Sequence[Event], script: str) -> dict[str, list[Run]]:
    """Per session: from each start to the host's next start at a later instant, or to the end of the shift."""
    begun = [event for event in first_of_each(events, "event_id") if event["type"] == "script_started"]
    found: dict[str, list[Run]] = {}
    for (session, host), on_air in shifts(events).items():
        of_host = [event for event in begun if (event["session_id"], event["host_id"]) == (session, host)]
        for event in of_host:
            at_ms = event["occurred_at"]
            shift = next((interval for interval in on_air if interval[0] <= at_ms < interval[1]), None)
            if event["script_id"] == script and shift:
                later = [other["occurred_at"] for other in of_host if other["occurred_at"] > at_ms]
                run = Run(at_ms, min([shift[1], *later]), event.get("variant") or "A")
                found.setdefault(session, []).append(run)
    return found


def exposed(events: Sequence[Event], script: str, idle_ms: int) -> dict[str, tuple[int, list[str]]]:
    """Per viewer the first instant at which they watched while the script ran, and which variants ran there then."""
    met: dict[str, list[tuple[int, str]]] = {}
    ran = runs(events, script)
    for (session, viewer), seen in watches(events, idle_ms).items():
        for run in ran.get(session, []):
            if (at_ms := overlap(seen, run)) is not None:
                met.setdefault(viewer, []).append((at_ms, run.variant))
    first = {viewer: min(at_ms for at_ms, _ in times) for viewer, times in met.items()}
    return {
        viewer: (first[viewer], sorted({variant for at_ms, variant in times if at_ms == first[viewer]}))
        for viewer, times in met.items()
    }


def overlap(seen: Sequence[Interval], run: Run) -> int | None:
    """The first instant that both have."""
    starts = [max(start, run.start_ms) for start, end in seen if max(start, run.start_ms) < min(end, run.end_ms)]
    return min(starts, default=None)


def arm(viewer: str, salt: str, shares: dict[str, int]) -> str:
    """The documented hash, by dividing."""
    part = int(sha256(f"{salt}\x1f{viewer}".encode()).hexdigest()[:16], 16) / 2**64
    upto = 0.0
    for variant in sorted(shares):
        upto += shares[variant] / sum(shares.values())
        if part < upto:
            return variant
    raise AssertionError(part)


def net(events: Sequence[Event], viewer: str, exposed_ms: int, since: int, until: int, currency: str) -> int:
    """What a viewer's orders in [since, until) come to; off those before the exposure only what went back before it."""
    total = 0
    refunds = first_of_each(
        [event for event in first_of_each(events, "event_id") if event["type"] == "order_refunded"], "refund_id"
    )
    for order in first_of_each([event for event in events if event["type"] == "order_paid"], "order_id"):
        at_ms = order["occurred_at"]
        if order["viewer_id"] == viewer and order["currency"] == currency and since <= at_ms < until:
            back = sum(
                refund["amount_minor"]
                for refund in refunds
                if (refund["order_id"], refund["currency"]) == (order["order_id"], currency)
                and (at_ms >= exposed_ms or refund["occurred_at"] < exposed_ms)
            )
            total += max(sum(line["amount_minor"] for line in order["lines"]) - back, 0)
    return total
