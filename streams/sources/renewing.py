"""Tokens renewed at their platform and written to their file, which a collector reads at its next call."""

import os
import time
from dataclasses import replace
from pathlib import Path

import msgspec

from analytics.rejection import Reject
from streams.sources.access import URL, Access
from streams.sources.douyin_shop import DOUYIN_SHOP
from streams.sources.douyin_shop import RENEWAL as OF_DOUYIN_SHOP
from streams.sources.fetching import Fetcher
from streams.sources.source import DetailAway, Source
from streams.sources.tiktok_shop import RENEWAL as OF_TIKTOK_SHOP
from streams.sources.tiktok_shop import TIKTOK_SHOP
from streams.sources.tokens import Renewal, Tokens, read_tokens

RENEWALS: dict[str, Renewal] = {TIKTOK_SHOP.name: OF_TIKTOK_SHOP, DOUYIN_SHOP.name: OF_DOUYIN_SHOP}
"""How tokens are renewed, by source."""


def renew(source: Source, access: Access, file: Path) -> Tokens:
    """Renew the tokens of a file, which its owner alone may read then. Raises WrongAccess, DetailAway, OSError.

    A new refresh token takes the place of the old one, so the new file is opened before the platform is asked.
    """
    held = read_tokens(file)
    beside = file.with_name(f".{file.name}.new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            found = _asked(source, access, held.refresh_token)
            out.write(msgspec.json.encode(found))
            out.flush()
            os.fsync(handle)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
    return found


def _asked(source: Source, access: Access, refresh_token: str) -> Tokens:
    renewal, now_ms = RENEWALS[source.name], time.time_ns() // 1_000_000
    there = Access(access.secrets, {**access.values, URL: access[renewal.url]})
    answer = Fetcher(replace(source, prepare=None), there).fetch(renewal.ask(access, refresh_token, now_ms))
    try:
        return renewal.read(answer, now_ms)
    except Reject as reject:
        raise DetailAway(f"answer {reject.reason}, field {reject.field}") from None
