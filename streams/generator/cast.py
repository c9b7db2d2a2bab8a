"""Who presents and what is sold: hosts, their avatars and contracts, rooms and products."""

from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from streams.generator.names import PEOPLE, SHOPS, SYNTHETIC, VENDORS, Person, Shop
from streams.generator.plan import DAY_MS, Plan

PRODUCTS = 24
"""Products of one room."""
CHANGE_AT = 0.4
"""Share of the plan after which the first avatar gets a new version."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Mark(NamedTuple):
    """One event about hosts or sessions, before it is written: when, which type, its fields."""

    at_ms: int
    kind: str
    fields: dict[str, object]


@dataclass(frozen=True, slots=True)
class Host:
    """One presenter; `multiplier` is the true effect on conversion, `versions` (from ms, name) only for avatars."""

    number: int
    host_id: str
    name: str
    multiplier: float
    likeness_of: str | None = None
    vendor: str | None = None
    versions: tuple[tuple[int, str], ...] = ()

    @property
    def digital(self) -> bool:
        """Whether this host is an avatar."""
        return bool(self.versions)


@dataclass(frozen=True, slots=True)
class Room:
    """One shop's room with the hosts who share its shifts."""

    number: int
    shop: Shop
    crew: tuple[Host, ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """Hosts, rooms and products; product p of room r has the index r * PRODUCTS + p.

    prices: minor units of the room's currency. appeal: effect of the price on conversion.
    """

    hosts: tuple[Host, ...]
    rooms: tuple[Room, ...]
    prices: Ints
    appeal: Floats
    categories: tuple[str, ...]


def assemble(plan: Plan) -> Cast:
    """Draw hosts with their true effects, and goods with their prices."""
    rng = np.random.default_rng([plan.seed, 1])
    hosts: list[Host] = []
    rooms = []
    for number in range(plan.rooms):
        crew = _crew(plan, number, len(hosts), rng)
        hosts.extend(crew)
        rooms.append(Room(number, SHOPS[number % len(SHOPS)], crew))
    fen = np.exp(rng.normal(np.log(8_900), 0.8, (plan.rooms, PRODUCTS)))
    per_fen = np.array([[room.shop.per_fen] for room in rooms])
    return Cast(
        hosts=tuple(hosts),
        rooms=tuple(rooms),
        prices=np.maximum(np.rint(fen * per_fen), 1).astype(np.int64).ravel(),
        appeal=np.clip((fen / 8_900) ** -plan.price_elasticity, 0.4, 2.5).ravel(),
        categories=tuple(
            room.shop.categories[p % len(room.shop.categories)] for room in rooms for p in range(PRODUCTS)
        ),
    )


def _crew(plan: Plan, room: int, first: int, rng: np.random.Generator) -> tuple[Host, ...]:
    """Two people, the digital twin of the first, and in every second room an avatar of nobody."""
    again = "" if room < len(PEOPLE) else str(room // len(PEOPLE) + 1)
    lead, second = (_numbered(person, again) for person in PEOPLE[room % len(PEOPLE)])
    effects = np.exp(rng.normal(0, plan.host_sigma, 3)).round(4).tolist()
    vendor = VENDORS[room % len(VENDORS)]
    twin = Person(f"{lead.host_id}-ai", f"{lead.name} AI")
    crew = [
        Host(first, *lead, effects[0]),
        Host(first + 1, *second, effects[1]),
        Host(first + 2, *twin, effects[0], lead.host_id, vendor, _versions(plan, rng, changes=room == 0)),
    ]
    if room % 2 == 0:
        face = _numbered(SYNTHETIC[room // 2 % len(SYNTHETIC)], again)
        crew.append(Host(first + 3, *face, effects[2], None, vendor, _versions(plan, rng)))
    return tuple(crew)


def _numbered(person: Person, again: str) -> Person:
    """The same name with a number, for rooms beyond those that have their own people."""
    return Person(f"{person.host_id}-{again}", f"{person.name} {again}") if again else person


def _versions(plan: Plan, rng: np.random.Generator, *, changes: bool = False) -> tuple[tuple[int, str], ...]:
    """When which avatar version was registered: up to `avatar_age_days` before the start, and perhaps a change."""
    first = plan.start_ms - int(rng.random() * plan.avatar_age_days * DAY_MS)
    change = plan.start_ms + int(CHANGE_AT * (plan.end_ms - plan.start_ms))
    return ((first, "2.3"), (change, "3.0")) if changes else ((first, "2.3"),)


def registrations(plan: Plan, cast: Cast) -> list[Mark]:
    """The events that introduce hosts, avatar versions and likeness contracts."""
    marks = []
    for host in cast.hosts:
        base = {"host_id": host.host_id, "name": host.name, "kind": "digital" if host.digital else "human"}
        origin = {"likeness_of": host.likeness_of} if host.likeness_of else {}
        if not host.digital:
            marks.append(Mark(plan.start_ms - 30 * DAY_MS, "host_registered", {**base}))
        for at_ms, version in host.versions:
            avatar = {"vendor": host.vendor, "avatar_version": version}
            marks.append(Mark(at_ms, "host_registered", {**base, **origin, **avatar}))
    return marks + [_contract(plan, room) for room in cast.rooms]


def _contract(plan: Plan, room: Room) -> Mark:
    """What the room's first person licensed to the twin; in the second room it ends in the middle of the plan."""
    lead, twin = room.crew[0], room.crew[2]
    middle = (plan.start_ms + plan.end_ms) // 2
    fields: dict[str, object] = {
        "contract_id": f"lc-{twin.host_id}",
        "host_id": twin.host_id,
        "owner": lead.host_id,
        "valid_from": plan.start_ms - 90 * DAY_MS,
        "valid_to": middle if room.number == 1 else plan.start_ms + 275 * DAY_MS,
        "fee_minor": int(500_000 * room.shop.per_fen),
        "currency": room.shop.currency,
        "royalty_bps": (0, 250, 500)[room.number % 3],
        "platforms": [room.shop.platform],
        "categories": list(room.shop.categories[: 1 + room.number % 2]),
        "label_required": True,
    }
    return Mark(plan.start_ms, "likeness_contracted", fields)


def product_id(index: int) -> str:
    """Name a product by its index."""
    return f"p{index // PRODUCTS:02d}{index % PRODUCTS:03d}"


def quoted(value: object) -> str:
    """Write a value as JSON, keeping every script readable."""
    return msgspec.json.encode(value).decode()
