"""Files of hashed keys and tokens, as commands change them and the page asks them."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import typer

from dashboards.page.sight import Sight, WrongSight
from hostledger.output import refuse, refusing, tell
from streams.collector import keys


def add(path: Path, holder: str) -> str:
    """Make a key of a holder, print it, once, and give its name; the older ones stay valid."""
    with refusing(keys.WrongKeys, OSError):
        there = keys.read(path)
        text, key = keys.make(holder, datetime.now(UTC).date().isoformat())
        keys.write(path, there | {key.name: key})
    typer.echo(text)
    return key.name


def listed(path: Path) -> list[keys.Key]:
    """List the keys of a file."""
    with refusing(keys.WrongKeys):
        return list(keys.read(path).values())


def revoke(path: Path, name: str, *, see: str) -> None:
    """Take a key back; one that is not there is refused. see: the command that lists them."""
    with refusing(keys.WrongKeys, OSError):
        there = keys.read(path)
        if name not in there:
            refuse(f"there is no {name!r} in {path}; see: {see}")
        keys.write(path, {other: key for other, key in there.items() if other != name})


def tokens_of(path: Path) -> Callable[[str], Sight | None]:
    """Give what says whose a token of the page is, or null.

    The file is read anew when it changes, also one that is made later; one that cannot be read leaves the last tokens
    valid.
    """
    with refusing(keys.WrongKeys):
        ring = keys.Keyring(path)

    def sight(text: str) -> Sight | None:
        try:
            ring.refresh()
        except keys.WrongKeys as error:
            tell(f"The last tokens stay valid: {error}")
        key = ring.holder(text)
        try:
            return Sight.read(key.holder) if key else None
        except WrongSight:
            return None  # a key of another kind, in the wrong file

    return sight
