"""Transition counts that the stream keeps are those that the slow referee counts from scratch."""

from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from itertools import pairwise
from random import Random

import pytest
from nights import seeds
from referee import RefereeBooks, path
from referee import books as referee_books
from referee_intervals import FOREVER, Step, Watch
from referee_markov import CONVERSION, NULL, START, Journey, journey_states
from referee_models import RefereeRules
from scenarios import scenario
from test_processor import feed, shaken
from warehouse_stage import execute

from analytics import chains
from analytics.rules import Rules
from analytics.transitions import MEMORIES, QUARTER_MS
from analytics.warehouse.embedded import Embedded
from streams.processor import Processor

Make = Callable[..., Processor]
Key = tuple[int, int, str, str]
NAMES = {START: chains.START, CONVERSION: chains.CONVERSION, NULL: chains.NULL}


def named(state: str | tuple[frozenset[str], ...]) -> str:
    """A state of the referee as the warehouse names it."""
    if isinstance(state, str):
        return NAMES[state]
    return "\x1e".join("\x1f".join(sorted(lineup)) for lineup in state)


def walk(steps: list[Step], ended_ms: int, *, converted: bool) -> Counter[Key]:
    """The transitions of one journey under every memory."""
    journey = Journey(tuple(frozenset(step.host_ids) for step in steps), converted)
    quarter = ended_ms // QUARTER_MS * QUARTER_MS
    return Counter(
        (memory, quarter, named(here), named(there))
        for memory in MEMORIES
        for here, there in pairwise(journey_states(journey, memory))
    )


def of_orders(books: RefereeBooks) -> Counter[Key]:
    """Transitions of the journeys to orders."""
    found: Counter[Key] = Counter()
    for order in books.orders:
        if steps := books.paths[order.order_id]:
            found += walk(steps, order.ordered_ms, converted=True)
    return found


def of_lookers(books: RefereeBooks, newest_ms: int) -> Counter[Key]:
    """Transitions of the journeys of those who never bought."""
    found: Counter[Key] = Counter()
    buyers = {order.viewer_id for order in books.orders}
    for viewer in sorted({viewer for _, viewer in books.watches} - buyers):
        seen = [
            Watch(session, *span) for (session, who), spans in books.watches.items() if who == viewer for span in spans
        ]
        if steps := path(seen, books.lineups, -FOREVER, FOREVER):
            found += walk(steps, min(max(step.end_ms for step in steps), newest_ms), converted=False)
    return found


def kept(warehouse: Embedded, table: str) -> Counter[Key]:
    """What the warehouse has added up."""
    found = warehouse.ask(
        f"SELECT memory, toInt64(toUnixTimestamp(quarter)) * 1000 AS at, toString(source), toString(target),"  # noqa: S608  # ours
        f" sum({table}.times) AS times FROM {table} GROUP BY ALL HAVING times != 0"
    )
    return Counter({row[:4]: row[4] for row in found.iter_rows()})


def begun(counts: Counter[Key]) -> int:
    """How many journeys there are."""
    return sum(times for (memory, _, source, _), times in counts.items() if (memory, source) == (1, chains.START))


@pytest.mark.parametrize("seed", seeds(70, 4, 12))
def test_counts_follow_late_facts_repeats_refunds_and_cuts(warehouse: Embedded, processor: Make, seed: int) -> None:
    """Under a model that ignores most of a way, too: the evidence moves although no credit does."""
    events, random = scenario(seed, "medium" if seed < 71 else "small"), Random(seed)
    running = processor(Rules(models=("on_air",) if seed % 2 else ("on_air", "linear")))
    feed(running, shaken(events, random), 9, random)
    books = referee_books(events, RefereeRules(models=("on_air",)))
    assert kept(warehouse, "transitions_quarter") == of_orders(books)
    assert kept(warehouse, "lost_transitions") == Counter()


@pytest.mark.parametrize("seed", seeds(80, 2, 8))
def test_each_fit_counts_those_who_never_bought_as_of_then(warehouse: Embedded, processor: Make, seed: int) -> None:
    """Two fits: people who bought between them are taken back, and the counts of both kinds are all journeys."""
    events, random = scenario(seed, "medium"), Random(seed)
    stirred = shaken(events, random)
    running = processor(Rules(models=("on_air", "markov")))
    for half in (stirred[: len(stirred) // 2], stirred[len(stirred) // 2 :]):
        feed(running, half, 3, random)
        running.refit()
    books = referee_books(events, RefereeRules(models=("on_air",)))
    assert kept(warehouse, "transitions_quarter") == of_orders(books)
    assert kept(warehouse, "lost_transitions") == of_lookers(books, running.state.newest_ms or 0)
    fitted = warehouse.ask("SELECT journeys, conversions FROM markov_fits ORDER BY fit DESC LIMIT 1").row(0)
    orders, lost = (begun(kept(warehouse, table)) for table in ("transitions_quarter", "lost_transitions"))
    assert (orders + lost, orders) == fitted
    assert min(orders, lost) > 0


def test_a_warehouse_from_before_gets_its_counts_and_a_repeat_changes_nothing(
    warehouse: Embedded, processor: Make
) -> None:
    events, random = scenario(3, "medium"), Random(3)
    running = processor(Rules(models=("linear",)))
    feed(running, shaken(events, random), 6, random)
    before = kept(warehouse, "transitions_quarter")
    text = (files("analytics.warehouse") / "migrations" / "0010_transitions.sql").read_text()
    statements = [part.strip() for part in text.replace("${LOCAL}", "").replace("${ON_CLUSTER}", "").split(";\n")]
    filling = [part for part in statements if part.startswith(("TRUNCATE", "INSERT"))]
    assert len(filling) == 2
    for _ in range(2):
        for statement in filling:
            execute(warehouse, statement)
        assert kept(warehouse, "transitions_quarter") == before
    assert begun(before) > 5
