"""The boards as the page's script reads them, and errors that name a remedy."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from analytics.warehouse import WarehouseError
from dashboards.boards import BOARDS
from dashboards.page.figures import Json
from dashboards.spec import STATES, Annotation, Board, Panel, Variable

LONGEST_WORD = 300
"""Characters of the engine's message that people see."""

_REMEDY = re.compile(r"(.*?)\s*Remedy: (.*?)\.?", re.DOTALL)
_STATEMENT = re.compile(r"(?::| \(| In)?\s*\(?(?:[Ii]n (?:scope|query)|while executing)\b.*", re.DOTALL)


def described(defaults: Mapping[str, str], boards: Mapping[str, Board] = BOARDS) -> Json:
    """Describe boards. defaults: values of variables where the boards' own are not wanted."""
    return {
        "boards": [_board(name, board, defaults) for name, board in boards.items()],
        "states": {str(code): words for code, words in STATES.items()},
        "zone": defaults.get("zone", "UTC"),
    }


def failure(panel_id: str, error: Exception) -> Json:
    """Write what went wrong with a panel, with what can be done, without the statement."""
    said = str(error).removeprefix("query: ")
    if found := _REMEDY.fullmatch(said):
        said, remedy = found[1], found[2]
    else:
        remedy = "try a shorter range; if that does not help, see what hostledger doctor says"
    value = _STATEMENT.sub("", said).strip()[:LONGEST_WORD]
    return {"id": panel_id, "error": {"field": panel_id, "value": value, "remedy": remedy}}


def failed(error: WarehouseError) -> Json:
    """Write what went wrong with all of it."""
    told: Json = failure("warehouse", error)["error"]
    return told


def options(variable: Variable) -> list[dict[str, str]]:
    """List what may be chosen without asking the books."""
    return [{"value": value, "text": text} for value, text in variable.options]


def _board(name: str, board: Board, defaults: Mapping[str, str]) -> Json:
    told = {"name": name} | {key: getattr(board, key) for key in _BOARD_KEYS}
    told["variables"] = [_variable(variable, defaults) for variable in board.variables]
    told["panels"] = [_panel(panel) for panel in board.panels]
    return told | {"annotations": [_annotation(annotation) for annotation in board.annotations]}


_BOARD_KEYS = ("uid", "title", "audience", "question", "since", "refresh_s")


def _variable(variable: Variable, defaults: Mapping[str, str]) -> Json:
    told = {key: getattr(variable, key) for key in ("name", "title", "multi", "hidden")}
    default = defaults.get(variable.name, variable.default)
    return told | {"options": options(variable) if variable.query is None else None, "default": default}


def _panel(panel: Panel) -> Json:
    told: dict[str, Any] = asdict(panel)
    del told["own"]
    for column in told["columns"]:
        del column["page_only"]
    return told


def _annotation(annotation: Annotation) -> Json:
    return {key: getattr(annotation, key) for key in ("name", "title", "level")}
