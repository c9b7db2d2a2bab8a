"""API keys of sellers and tokens of the page: several at once per holder, so that one is exchanged without a gap.

A key is `hl_NAME_SECRET`. The file keeps its name, holder, SHA-256 and day of making, one key a line. A plain SHA-256
is right here: the secret holds 256 random bits, so nobody can guess it, and a slow hash would only slow down requests.
"""

import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, unquote

_LINE = re.compile(r"(?P<name>[0-9a-f]{8}) (?P<holder>\S+) (?P<digest>[0-9a-f]{64}) (?P<created>\d{4}-\d\d-\d\d)")
_KEY = re.compile(r"hl_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
_NOBODY = "0" * 64
HEADING = (
    "# Keys: name, holder, SHA-256 of the key, day of making. See: hostledger keys --help, hostledger tokens --help\n"
)


class WrongKeys(Exception):  # noqa: N818  # named for what is the case
    """The file of keys cannot be read; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key as the file keeps it: never the key itself."""

    name: str
    holder: str
    digest: str
    created: str

    def line(self) -> str:
        """Write it as a line of the file."""
        return f"{self.name} {quote(self.holder, safe='')} {self.digest} {self.created}\n"


def make(holder: str, created: str) -> tuple[str, Key]:
    """Make a new key for a holder: the text for them, told once, and what is kept. created: YYYY-MM-DD."""
    name = secrets.token_hex(4)
    text = f"hl_{name}_{secrets.token_urlsafe(32)}"
    return text, Key(name, holder, _digest(text), created)


def read(file: Path) -> dict[str, Key]:
    """Read the keys by name; a file that is not there holds none. Raises WrongKeys."""
    try:
        text = file.read_text()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise WrongKeys(f"the file of keys {file} cannot be read: {error}") from None
    found: dict[str, Key] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            key = _read_line(line, file, number)
            found[key.name] = key
    return found


def _read_line(line: str, file: Path, number: int) -> Key:
    match = _LINE.fullmatch(line.strip())
    if not match:
        raise WrongKeys(
            f"{file}, line {number}: a key is NAME HOLDER SHA256 DAY; "
            "make one with: hostledger keys new, hostledger tokens new"
        )
    return Key(match["name"], unquote(match["holder"]), match["digest"], match["created"])


def write(file: Path, keys: Mapping[str, Key]) -> None:
    """Write the file anew, whole or not at all; only its owner may read it."""
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w") as out:  # noqa: PTH123  # a descriptor, so that the mode is right from the beginning
        out.write(HEADING + "".join(key.line() for key in keys.values()))
    aside.replace(file)


class Keyring:
    """The keys of a file, read anew when it changes. A file that cannot be read any more leaves the last keys valid."""

    def __init__(self, file: Path) -> None:
        """Raise WrongKeys if the file is there and cannot be read."""
        self._file = file
        self._keys: dict[str, Key] = {}
        self._read_at: tuple[int, int, int] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Read the file if it is another than before. Raises WrongKeys, once per change."""
        standing = _standing(self._file)
        if standing != self._read_at or standing is None:
            self._read_at = standing
            self._keys = read(self._file)

    def holder(self, text: str) -> Key | None:
        """Give the key that a text is, or null. The time it takes says nothing about the secret."""
        match = _KEY.fullmatch(text)
        key = self._keys.get(match[1]) if match else None
        same = hmac.compare_digest(_digest(text), key.digest if key else _NOBODY)
        return key if same else None


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _standing(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
