"""What the page asks of the warehouse, each thing once. Panels may be asked on several threads, the rest is for one."""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import polars as pl

from analytics.rules import HOUR_MS
from analytics.warehouse import WarehouseError
from dashboards.macros import Range, expanded
from dashboards.page import cells, sheets, wire
from dashboards.page.choice import Choice, RefusedError
from dashboards.page.figures import Json, Reader
from dashboards.page.kept import Kept
from dashboards.page.ranges import clock, end_of_minute, moment, spread
from dashboards.spec import Annotation, Board, Panel, Variable
from dashboards.sql import statement

OPTIONS_S = 30
"""What there is to choose is asked at most this often."""

KEPT_ANSWERS, KEPT_OPTIONS = 512, 128

Explains = Callable[[Reader, str], Json | None]
"""How an order is explained."""

_OF_THE_WALL = re.compile(r"\bnow(?:64)?\s*\(")
"""A statement with this looks at the clock on the wall: its answer ages even when nothing is stored."""


class Warehouse(Protocol):
    """What the page needs of a warehouse: named queries, the statements of the boards, and an end."""

    def query(self, name: str, **parameters: Any) -> pl.DataFrame:  # noqa: ANN401 text, numbers, lists of text
        """Run the named query with its parameters bound."""
        ...

    def ask(self, text: str) -> pl.DataFrame:
        """Run a statement, read-only."""
        ...

    def close(self) -> None:
        """Let go of the engine."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """How far the books are: batches stored, and the newest event, milliseconds UTC."""

    batches: int
    newest_ms: int | None


@dataclass(frozen=True, slots=True)
class View:
    """A choice at one moment: the range and the values that its panels are asked with, and what else there is."""

    choice: Choice
    board: Board
    look: Look
    span: Range
    values: dict[str, list[str]]
    options: dict[str, list[dict[str, str]]]

    @property
    def currency(self) -> str | None:
        """The one currency of the board; None while there is none."""
        return next(iter(self.values.get("currency", [])), None)

    def told(self, now_ms: int, took_ms: int) -> Json:
        """Write it for the page. took_ms: how long the engine worked on the panels the last time."""
        variables = {name: {"value": self.values[name], "options": listed} for name, listed in self.options.items()}
        times = {"from_ms": self.span.from_ms, "until_ms": self.span.until_ms, "step_ms": self.span.step_ms}
        seen = {"clock": clock(self.look.newest_ms, now_ms), "variables": variables}
        return times | seen | {"decimals": cells.digits(self.currency), "took_ms": took_ms}


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a panel, and the letter that brings them to a page."""

    rows: list[list[cells.Cell]]
    letter: bytes


class Desk:
    """Answers for every page, from one handle of the warehouse.

    open_warehouse: called once, at the first question. now_ms: the clock on the wall, milliseconds UTC.
    pause_s: the books are looked at for news at most this often, unless it is asked for. boards: what it answers for.
    """

    def __init__(
        self,
        open_warehouse: Callable[[], Warehouse],
        now_ms: Callable[[], int],
        pause_s: float,
        boards: Mapping[str, Board],
    ) -> None:
        self._boards = boards
        self._open, self._now_ms, self._pause_s = open_warehouse, now_ms, pause_s
        self._warehouse: Warehouse | None = None
        self._answers: Kept[Answer] = Kept(KEPT_ANSWERS)
        self._marks: Kept[list[Json]] = Kept(KEPT_ANSWERS)
        self._options: Kept[list[dict[str, str]]] = Kept(KEPT_OPTIONS)
        self._seen, self._looked_at = Look(0, None), float("-inf")
        self._chosen_of, self._chosen_at, self._lacking = 0, float("-inf"), False

    def look(self, *, anew: bool = False) -> Look:
        """Say how far the books are. Raises WarehouseError."""
        if anew or time.monotonic() - self._looked_at >= self._pause_s:
            row = self._opened().query("page_clock").row(0, named=True)
            self._seen, self._looked_at = Look(row["batches"], row["newest_ms"]), time.monotonic()
        return self._seen

    def view(self, choice: Choice) -> View:
        """Work out what a choice means now. Raises RefusedError for a range without time in it, WarehouseError."""
        board, look = self._boards[choice.board], self.look()
        span = self._span(choice, look)
        values: dict[str, list[str]] = {variable.name: [] for variable in board.variables}
        values |= {name: list(chosen) for name, chosen in choice.values}
        options = {}
        for variable in board.variables:
            options[variable.name] = listed = self._listed(variable, choice, span, values)
            if not variable.multi and not values[variable.name]:
                values[variable.name] = [option["value"] for option in listed[:1]]
        return View(choice, board, look, span, values, options)

    def panel(self, view: View, panel: Panel) -> bytes:
        """Answer a panel, or say why it cannot be answered, as JSON."""
        try:
            return self.answer(view, panel).letter
        except WarehouseError as error:
            return msgspec.json.encode(wire.failure(panel.id, error))

    def answer(self, view: View, panel: Panel) -> Answer:
        """Answer a panel, from what is kept where nothing was stored since. Raises WarehouseError.

        Where nothing is stored at all, no panel has rows, and the engine is left to whoever stores the first batch.
        """
        if not view.look.batches:
            return _told(panel, [])
        text = expanded(statement(f"{view.choice.board}_{panel.id}"), view.span, view.values)
        key = view.choice.board, panel.id, text, view.currency
        return self._answers.get(key, self._stamp(view, text), lambda: self._answered(panel, text, view.currency))

    def sheet(self, choice: Choice, panel: Panel) -> tuple[str, str]:
        """Give a panel as a file: its name and its text. Raises RefusedError, WarehouseError."""
        view = self.view(choice)
        text = sheets.sheet(panel.columns, self.answer(view, panel).rows, choice.zone, view.currency)
        span = view.span
        name = sheets.file_name(choice.board, panel.id, from_ms=span.from_ms, until_ms=span.until_ms, zone=choice.zone)
        return name, text

    def marks(self, view: View) -> bytes:
        """List the marks of the board's annotations as JSON; those that cannot be had are left out."""
        found: list[Json] = []
        for annotation in view.board.annotations if view.look.batches else ():
            with suppress(WarehouseError):
                found += self._marked(view, annotation)
        return msgspec.json.encode(found)

    def explain(self, order_id: str, explains: Explains) -> Json | None:
        """Say why the hosts of an order have it; None if there is no such order. Raises WarehouseError."""
        return explains(self._opened(), order_id)

    def close(self) -> None:
        """Let go of the warehouse."""
        if self._warehouse is not None:
            self._warehouse.close()

    def _opened(self) -> Warehouse:
        if self._warehouse is None:
            self._warehouse = self._open()
        return self._warehouse

    def _span(self, choice: Choice, look: Look) -> Range:
        """Work out the range; it ends with the newest event's minute, not with the clock on the wall."""
        end_ms = end_of_minute(self._now_ms() if look.newest_ms is None else look.newest_ms)
        since, until = moment(choice.since, choice.zone), moment(choice.until, choice.zone)
        until_ms = until.told(end_ms) if until else end_ms
        from_ms = since.told(end_ms) if since else self._first_ms(until_ms)
        if from_ms >= until_ms:
            raise RefusedError("from", choice.since, f"use a time before the end of the range, {choice.until}")
        return spread(from_ms, until_ms)

    def _first_ms(self, until_ms: int) -> int:
        found = self._opened().query("page_first")["first_ms"][0]
        return until_ms - HOUR_MS if found is None else min(found, until_ms - 1)

    def _listed(
        self, variable: Variable, choice: Choice, span: Range, values: Mapping[str, list[str]]
    ) -> list[dict[str, str]]:
        """List what may be chosen."""
        if variable.query is None or not self._seen.batches:
            return wire.options(variable)
        text, key = statement(variable.query), (variable.query, choice)
        listed = self._options.get(key, self._chosen_stamp(), lambda: self._chosen(expanded(text, span, values)))
        self._lacking = self._lacking or not (variable.multi or listed)
        return listed

    def _chosen(self, text: str) -> list[dict[str, str]]:
        rows = self._opened().ask(text).iter_rows(named=True)
        return [{"value": str(row["value"]), "text": str(row["text"])} for row in rows]

    def _chosen_stamp(self) -> int:
        """Count the batches of the last time that what there is was asked for; the first currency is not waited for."""
        now = time.monotonic()
        if self._chosen_of != self._seen.batches and (self._lacking or now - self._chosen_at >= OPTIONS_S):
            self._chosen_of, self._chosen_at, self._lacking = self._seen.batches, now, False
        return self._chosen_of

    def _stamp(self, view: View, text: str) -> tuple[int, int]:
        """Say under which conditions an answer holds: as many batches, and the clock where it matters."""
        every_ms = view.board.refresh_s * 1000
        return view.look.batches, self._now_ms() // every_ms if _OF_THE_WALL.search(text) else 0

    def _answered(self, panel: Panel, text: str, currency: str | None) -> Answer:
        return _told(panel, cells.rows(self._opened().ask(text), panel.columns, currency))

    def _marked(self, view: View, annotation: Annotation) -> list[Json]:
        text = expanded(statement(annotation.query), view.span, view.values)

        def asked() -> list[Json]:
            return [{"name": annotation.name} | mark for mark in cells.marks(self._opened().ask(text))]

        return self._marks.get((annotation.name, text), self._stamp(view, text), asked)


def _told(panel: Panel, rows: list[list[cells.Cell]]) -> Answer:
    columns = [column.name for column in panel.columns]
    return Answer(rows, msgspec.json.encode({"id": panel.id, "columns": columns, "rows": rows}))
