"""The shift plan beside the order file: who was on air when, read from a roster file or made up, and marked as such."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import polars as pl

from analytics.contract import ROSTER_TYPES
from analytics.events import Event
from analytics.rejection import Reject, read_line
from streams.sources.online_retail.reading import SHOP_ZONE, WrongFileError

ROSTER_SCHEMA = {"at_ms": pl.Int64, "type": pl.String, "session_id": pl.String, "text": pl.String}

HUMAN, TWIN = "synthetic-mara", "synthetic-mara-twin"
HOSTS = (
    {"host_id": HUMAN, "name": "Mara (synthetic)", "kind": "human"},
    {
        "host_id": TWIN,
        "name": "Mara's digital twin (synthetic)",
        "kind": "digital",
        "likeness_of": HUMAN,
        "vendor": "synthetic",
        "avatar_version": "1",
    },
)
SESSION = {
    "platform": "web-shop",
    "seller_id": "uci-online-retail",
    "title": "Synthetic shift plan: no such stream took place",
}
OPENS, CLOSES, SHIFT_HOURS = 7, 21, 2
SHARED_SHIFT, SHARED_EVERY_DAYS = 3, 3  # 13:00 to 15:00, on every third day
EARLY_END_SHIFT, EARLY_END = 4, time(16, 40)  # 15:00 to 16:40, then dead air until 17:00


def read_roster(file: Path) -> pl.DataFrame:
    """Read a file of roster events, one JSON object per line.

    Returns at_ms, type, session_id, text (the line as it stands), in file order; blank lines are skipped.
    Raises WrongFileError for a line that is no event of the contract, or one about viewers, orders or refunds.
    """
    rows = []
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        if line.strip():
            event = _read(file, number, line)
            name = str(event.__struct_config__.tag)
            rows.append((event.occurred_at, name, getattr(event, "session_id", None), line.decode().strip()))
    return pl.DataFrame(rows, schema=ROSTER_SCHEMA, orient="row")


def running_session(times: pl.DataFrame, roster: pl.DataFrame) -> pl.DataFrame:
    """Name the session that runs at each time.

    times: order_id, at_ms; roster: as from `read_roster`. A session runs from its first start to its latest end, or for
    ever, half-open; of several, the one that started last. Returns order_id, session_id; absent where none runs.
    """
    marks = roster.group_by("session_id").agg(
        start_ms=pl.col("at_ms").filter(pl.col("type") == "session_started").min(),
        end_ms=pl.col("at_ms").filter(pl.col("type") == "session_ended").max(),
    )
    sessions = marks.filter(pl.col("start_ms").is_not_null(), pl.col("session_id").is_not_null())
    bounded = sessions.with_columns(pl.col("end_ms").fill_null(pl.Int64.max()))
    running = times.join_where(bounded, pl.col("at_ms") >= pl.col("start_ms"), pl.col("at_ms") < pl.col("end_ms"))
    latest = running.sort("start_ms", "session_id").unique("order_id", keep="last", maintain_order=True)
    return latest.select("order_id", "session_id")


def plan(days: Iterable[date]) -> bytes:
    """Make a synthetic shift plan: one session on each of the days, as newline-delimited contract events.

    A session runs from 07:00 to 21:00 shop time. A human host and her digital twin alternate in shifts of two hours,
    and in who begins from one day of the calendar to the next; on every third day they share the shift at 13:00. The
    shift at 15:00 ends at 16:40, so twenty minutes are dead air. The twin's label is shown whenever it is on air. Same
    day, same session, whatever the other days.
    """
    dated = sorted(set(days))
    hosts = [_event("host_registered", _at(day, time(OPENS)), **host) for day in dated[:1] for host in HOSTS]
    events = hosts + [event for day in dated for event in _session(day)]
    return b"".join(msgspec.json.encode(event) + b"\n" for event in events)


class Shift(NamedTuple):
    """One shift of the plan in shop time."""

    start: time
    end: time
    hosts: tuple[str, ...]


def _session(day: date) -> Iterator[dict[str, object]]:
    session = f"synthetic-{day.isoformat()}"
    yield _event("session_started", _at(day, time(OPENS)), session_id=session, **SESSION)
    for shift in _shifts(day):
        for edge, label, moment in (("started", "shown", shift.start), ("ended", "hidden", shift.end)):
            for host in shift.hosts:
                yield _event(f"shift_{edge}", _at(day, moment), session_id=session, host_id=host)
                if host == TWIN:
                    yield _event(f"label_{label}", _at(day, moment), session_id=session, host_id=host)
    yield _event("session_ended", _at(day, time(CLOSES)), session_id=session)


def _event(name: str, at_ms: int, /, **fields: str) -> dict[str, object]:
    about = fields.get("host_id", "session")
    return {"event_id": f"synthetic-roster/{name}/{about}/{at_ms}", "type": name, "occurred_at": at_ms, **fields}


def _shifts(day: date) -> Iterator[Shift]:
    for number, hour in enumerate(range(OPENS, CLOSES, SHIFT_HOURS)):
        shared = number == SHARED_SHIFT and day.toordinal() % SHARED_EVERY_DAYS == 0
        hosts = (HUMAN, TWIN) if shared else ((HUMAN, TWIN)[(day.toordinal() + number) % 2],)
        end = EARLY_END if number == EARLY_END_SHIFT else time(hour + SHIFT_HOURS)
        yield Shift(time(hour), end, hosts)


def _at(day: date, moment: time) -> int:
    return int(datetime.combine(day, moment, ZoneInfo(SHOP_ZONE)).timestamp()) * 1000


def _read(file: Path, number: int, line: bytes) -> Event:
    try:
        event, _ = read_line(line)
    except Reject as reject:
        field = reject.field or "event"
        raise WrongFileError(file, line=number, field=field, value=reject.value, remedy=reject.remedy) from reject
    if not isinstance(event, ROSTER_TYPES):
        remedy = "leave only events about hosts, sessions, shifts and labels"
        name = str(event.__struct_config__.tag)
        raise WrongFileError(file, line=number, field="type", value=name, remedy=remedy)
    return event
