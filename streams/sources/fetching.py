"""Details from a platform over HTTP: a few tries in a few seconds, no faster than it likes, and never a guess."""

import threading
import time
from collections.abc import Callable

import requests

from analytics.rejection import Reject
from streams.sources.access import URL, Access
from streams.sources.payload import Fields, parsed
from streams.sources.source import Call, DetailAway, Source

CONNECT_S, ANSWER_S = 2.0, 3.0
TRIES = 3
PAUSE_S = 0.2
"""Before the second try; twice as long before each next."""
PER_SECOND = 10
MOST_BYTES = 4 * 1024 * 1024
TOO_MANY, BROKEN = 429, 500


class Pace:
    """So many calls a second, evenly; who comes too early is told how long to wait. Any thread may ask."""

    def __init__(self, per_second: float, clock: Callable[[], float]) -> None:
        self._gap_s, self._clock, self._lock, self._next = 1 / per_second, clock, threading.Lock(), 0.0

    def wait_s(self) -> float:
        """Take the next place: the seconds until it is due."""
        with self._lock:
            now = self._clock()
            due = max(now, self._next)
            self._next = due + self._gap_s
            return due - now


class Fetcher:
    """Asks the interface of one platform. Raises DetailAway whenever it has no answer; messages never hold a secret."""

    def __init__(self, source: Source, access: Access, per_second: float = PER_SECOND) -> None:
        self._source, self._access, self._pace = source, access, Pace(per_second, time.monotonic)
        self._sessions = threading.local()

    def fetch(self, call: Call) -> Fields:
        """Ask, again if need be. An answer that is a list is the field `answer` of what is given."""
        for number in range(TRIES):
            if number:
                time.sleep(PAUSE_S * 2 ** (number - 1))
            try:
                status, body = self._try(call)
            except requests.RequestException as error:
                reason = type(error).__name__
                continue
            if status == requests.codes.ok:
                return _read(body)
            reason = f"status {status}"
            if status != TOO_MANY and status < BROKEN:
                break
        raise DetailAway(reason)

    def _try(self, call: Call) -> tuple[int, bytes]:
        time.sleep(self._pace.wait_s())
        prepare = self._source.prepare
        signed = prepare(call, self._access, time.time_ns() // 1_000_000) if prepare else call
        with self._session().request(
            "GET" if call.body is None else "POST",
            self._access[URL] + signed.path,
            params=dict(signed.parameters),
            data=signed.body,
            headers=dict(signed.headers),
            timeout=(CONNECT_S, ANSWER_S),
            allow_redirects=False,
            stream=True,
        ) as answer:
            return answer.status_code, _within_limit(answer)

    def _session(self) -> requests.Session:
        """Give this thread's session; it takes nothing from the environment, where a proxy or a password may stand."""
        if not hasattr(self._sessions, "one"):
            self._sessions.one = requests.Session()
            self._sessions.one.trust_env = False
        found: requests.Session = self._sessions.one
        return found


def _within_limit(answer: requests.Response) -> bytes:
    body = bytearray()
    for chunk in answer.iter_content(1 << 16):
        body += chunk
        if len(body) > MOST_BYTES:
            raise DetailAway("answer too long")
    return bytes(body)


def _read(body: bytes) -> Fields:
    try:
        found = parsed(body)
        return Fields({"answer": found} if isinstance(found, list) else found)
    except Reject as reject:
        raise DetailAway(f"answer {reject.reason}") from None
