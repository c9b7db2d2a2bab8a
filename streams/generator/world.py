"""What is fixed before the first viewer comes: cast, sessions, true effects, doors."""

from dataclasses import dataclass

import numpy as np

from streams.generator.audience import Doors, Visits, doors, visits
from streams.generator.cast import Cast, Floats, Ints, assemble
from streams.generator.effects import Stretches, stretches
from streams.generator.plan import Plan
from streams.generator.schedule import Session, sessions


@dataclass(frozen=True, slots=True)
class World:
    """The stage of a plan; `rooms` and `ends_ms` are by session number, `per_fen` (minor units of a fen) by room."""

    plan: Plan
    cast: Cast
    sessions: tuple[Session, ...]
    on_air: Stretches
    doors: Doors
    rooms: Ints
    ends_ms: Ints
    per_fen: Floats

    def visits(self, step: int, rng: np.random.Generator) -> Visits:
        """Draw the room entries of one step of the plan."""
        return visits(self.plan, self.doors, self.ends_ms, step, rng)


def build(plan: Plan) -> World:
    """Draw everything that does not depend on viewers."""
    cast = assemble(plan)
    found = sessions(plan, cast)
    return World(
        plan=plan,
        cast=cast,
        sessions=found,
        on_air=stretches(plan, found),
        doors=doors(plan, found),
        rooms=np.array([session.room.number for session in found]),
        ends_ms=np.array([session.end_ms for session in found]),
        per_fen=np.array([room.shop.per_fen for room in cast.rooms]),
    )
