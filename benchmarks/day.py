"""The generated day that both sides read: newline-delimited bytes in a file, made once."""

from pathlib import Path

from streams.generator import Plan, arrivals


def generated(folder: Path, events: int, orders: int) -> Path:
    """Give the file of a day of about that many lines and orders; it gets its name only when it is whole."""
    path = folder / f"day-{events}-{orders}.ndjson"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            for _, data in arrivals(Plan.sized(events=events, orders=orders)):
                file.write(data)
        part.replace(path)
    return path
