"""The steps of a plan, one after another: drawn, counted, written, and sorted by arrival."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from streams.generator.actions import actions
from streams.generator.cast import Mark, quoted, registrations
from streams.generator.faults import delivered, malformed
from streams.generator.plan import Plan
from streams.generator.refunds import refunds
from streams.generator.sales import base_conversion, sales
from streams.generator.schedule import marks
from streams.generator.truth import Tally
from streams.generator.world import World, build
from streams.generator.write import Fragments, fragments, lines


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that were drawn together, by type, and lines that are no events.

    Whatever is drawn after them arrives at `until_ms` or later.
    """

    tag: str
    until_ms: int
    events: dict[str, pl.DataFrame]
    malformed: pl.DataFrame


def batches(world: World) -> Iterator[Batch]:
    """Draw the roster, then step by step what viewers do."""
    base = base_conversion(world)
    yield _roster(world)
    for step in range(world.plan.steps):
        yield _step(world, base, step)


def _roster(world: World) -> Batch:
    """Hosts, contracts and sessions; what holds at the start arrives at the start, in this order."""
    plan = world.plan
    rng = np.random.default_rng([plan.seed, 5])
    found = sorted([*registrations(plan, world.cast), *marks(plan, world.sessions)], key=lambda mark: mark.at_ms)
    kinds = dict.fromkeys(mark.kind for mark in found)
    events = {kind: _punctual(plan, [mark for mark in found if mark.kind == kind], rng) for kind in kinds}
    nothing = malformed(np.arange(0), 0, "", rng)
    return Batch(f"{plan.seed}-r", plan.start_ms, events, nothing)


def _punctual(plan: Plan, found: list[Mark], rng: np.random.Generator) -> pl.DataFrame:
    """Deliver marks; those of the start and before are on time, once."""
    bodies = ["," + quoted(mark.fields)[1:-1] for mark in found]
    frame = pl.DataFrame({"occurred": [mark.at_ms for mark in found], "body": bodies})
    sent = delivered(plan, frame, rng)
    early = pl.col("occurred") <= plan.start_ms
    return sent.filter(~(early & pl.col("repeated"))).with_columns(
        arrival=pl.when(early).then(plan.start_ms).otherwise("arrival"), late=pl.col("late") & ~early
    )


def _step(world: World, base: float, step: int) -> Batch:
    """Draw the visits that begin in one step, all they lead to, and the malformed lines of its time."""
    plan = world.plan
    rng = np.random.default_rng([plan.seed, 6, step])
    seen = world.visits(step, rng)
    bought = sales(world, seen, base, step, rng)
    drawn = actions(plan, seen, world.rooms, world.per_fen, rng)
    drawn |= {kind: pl.concat([drawn[kind], frame]) if kind in drawn else frame for kind, frame in bought.items()}
    drawn["order_refunded"] = refunds(plan, bought["order_paid"], step, rng)
    events = {kind: delivered(plan, frame, rng) for kind, frame in drawn.items()}
    from_ms = plan.start_ms + step * plan.step_ms
    wrong = int(plan.malformed_rate * sum(frame.height for frame in events.values()) + rng.random())
    at_ms = from_ms + np.sort(rng.integers(1, plan.step_ms, wrong))
    tag = f"{plan.seed}-{step}"
    return Batch(tag, from_ms + plan.step_ms, events, malformed(at_ms, 0, f"{tag}x", rng))


def chunks(plan: Plan, tally: Tally | None = None) -> Iterator[pl.DataFrame]:
    """Yield all lines in the order of arrival, a step at a time: arrival, line.

    tally: counts what is drawn. Lines that arrive later than their step wait here.
    """
    world = build(plan)
    shared = fragments(world)
    waiting = _NO_LINES
    for batch in batches(world):
        if tally is not None:
            tally.add(batch.events, batch.malformed)
        found = pl.concat([waiting, *_written(batch, shared)])
        early = found["arrival"] < batch.until_ms
        waiting = found.filter(~early)
        if early.any():
            yield found.filter(early).sort("arrival", maintain_order=True)
    yield waiting.sort("arrival", maintain_order=True)


def _written(batch: Batch, shared: Fragments) -> list[pl.DataFrame]:
    """Write each type; a letter per type keeps the event ids of a batch apart."""
    letters = "abcdefghijklmnopqrstuvw"
    events = zip(letters, batch.events.items(), strict=False)
    frames = [lines(kind, frame, f"{batch.tag}{letter}", shared) for letter, (kind, frame) in events]
    return [*frames, batch.malformed.select("arrival", "line")]


_NO_LINES = pl.DataFrame(schema={"arrival": pl.Int64, "line": pl.String})
