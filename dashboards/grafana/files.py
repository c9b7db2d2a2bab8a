"""The boards and alert rules as files that Grafana reads at its start; the same description gives the same bytes."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dashboards.grafana import alerting
from dashboards.grafana.emitting import emitted
from dashboards.spec import Alert, Board

_PLAIN = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z_]\w*", re.ASCII | re.IGNORECASE)
"""Keys that YAML reads as texts without quotes."""
_HEAD = "# Alert rules, made of dashboards/boards/alerts.py: hostledger boards write dashboards/provisioning\n"


def files(boards: Mapping[str, Board], alerts: Sequence[Alert], zone: str = "UTC") -> dict[str, str]:
    """Give the text of every file by its path below the folder of provisioning."""
    everything = tuple(boards.values())
    found = {f"boards/{name}.json": canonical(emitted(name, board, everything, zone)) for name, board in boards.items()}
    return found | {"alerting/hostledger.yaml": _HEAD + yaml(alerting.file(alerts))}


def canonical(content: object) -> str:
    """Write JSON in the one way in which it is compared and kept."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write(folder: Path, texts: Mapping[str, str]) -> list[str]:
    """Write the files whose text differs from what is there, and name them. Raises OSError."""
    changed = [name for name, text in texts.items() if _there(folder / name) != text]
    for name in changed:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(texts[name], encoding="utf-8")
    return changed


def _there(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def yaml(content: object) -> str:
    """Write plain values as YAML: texts of several lines as they are, all others in quotes."""
    return "".join(f"{line}\n" for line in _lines(content))


def _lines(content: object, indent: str = "") -> Iterator[str]:
    if isinstance(content, dict) and content:
        for key, value in content.items():
            yield from _entry(f"{indent}{key if _PLAIN.fullmatch(key) else _scalar(key)}:", value, f"{indent}  ")
    elif isinstance(content, list) and content:
        for value in content:
            yield from _item(value, indent)
    else:
        yield f"{indent}{_scalar(content)}"


def _entry(head: str, value: object, below: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield head
        yield from _lines(value, below)
    elif isinstance(value, str) and _block(value):
        yield f"{head} |-"
        yield from (f"{below}{line}" if line else "" for line in value.split("\n"))
    else:
        yield f"{head} {_scalar(value)}"


def _item(value: object, indent: str) -> Iterator[str]:
    first, *others = _lines(value, f"{indent}  ")
    yield f"{indent}- {first.lstrip(' ')}"
    yield from others


def _block(text: str) -> bool:
    """Whether a text can stand as it is: several lines, none of which YAML would read in another way."""
    return "\n" in text and text == text.strip() and all(c.isprintable() or c == "\n" for c in text)


def _scalar(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
