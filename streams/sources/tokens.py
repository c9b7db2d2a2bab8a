"""Access tokens that end: kept in a file that one process renews and any number of collectors read, each time anew."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from streams.sources.access import Access, Need, WrongAccess
from streams.sources.payload import Fields
from streams.sources.source import Call, DetailAway

TOKEN = "TOKEN"  # noqa: S105  # the name of a need
FILE = "file:"
"""What a token begins with that is the name of a file."""


class Tokens(Struct, frozen=True):
    """What the file holds, as JSON. ends_ms: when the access token ends, milliseconds UTC; 0: not known."""

    refresh_token: str
    access_token: str = ""
    ends_ms: int = 0


class Renewal(NamedTuple):
    """How a source renews its tokens. url: the need with the base URL. ask gets the refresh token and our time.

    read takes the platform's answer and our time; raises Reject or DetailAway.
    """

    url: str
    ask: Callable[[Access, str, int], Call]
    read: Callable[[Fields, int], Tokens]


def token_need(whose: str) -> Need:
    """Give the need of an access token."""
    return Need(TOKEN, f"access token of {whose}, or {FILE}PATH of one that is renewed; never shown", hidden=True)


def token_of(access: Access) -> str:
    """Give the access token that holds now. Raises DetailAway if its file has none: it may come."""
    file = token_file(access)
    if file is None:
        return access[TOKEN]
    try:
        found = read_tokens(file).access_token
    except WrongAccess:
        raise DetailAway("the file of tokens cannot be read") from None
    if not found:
        raise DetailAway("the file of tokens has no access token yet")
    return found


def token_file(access: Access) -> Path | None:
    """Give the file that holds the tokens; null where the setting is the token itself."""
    text = access[TOKEN]
    return Path(text.removeprefix(FILE)) if text.startswith(FILE) else None


def read_tokens(file: Path) -> Tokens:
    """Read a file of tokens. Raises WrongAccess, which says nothing of what is in it."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Tokens)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        raise WrongAccess(f'{file} is no file of tokens; write {{"refresh_token": "..."}} to it, mode 600') from None
