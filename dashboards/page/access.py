"""Who may see the page: people on this machine, or whoever knows the password or has a token."""

import asyncio
import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.page.sight import WHOLE, Sight

LOCAL = ("127.0.0.1", "localhost", "[::1]")
"""Names under which the page answers without a password; any other is refused, so that no foreign site can read it."""

OPEN = ("/healthz",)
"""Paths that say nothing about the books."""

SLOW_S = 0.25
"""After a wrong password everybody with a wrong one waits this long, one after the other."""

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="hostledger", charset="UTF-8"'}


Tokens = Callable[[str], Sight | None]
"""Says what the holder of a token may see; None if it is no token that is valid now."""
Asked = Callable[[], bool]
"""Says whether there are tokens by now."""


class Door:
    """Asks for the password or a token: HTTP Basic with any user name, or as a bearer token.

    password: empty if there is none. tokens: None if there are none. asked: says whether there are tokens by now (None:
    if any, from the start). Until then the page answers under names of this machine; once shut, it stays shut, whatever
    becomes of the tokens. A request that is let in knows what it may see (`sight`), and can ask whether that still
    holds (`holds`).
    """

    def __init__(self, app: ASGIApp, password: str, tokens: Tokens | None = None, asked: Asked | None = None) -> None:
        self._app, self._tokens = app, tokens
        self._password = _digest(password.encode()) if password else None
        self._asked = asked or (lambda: tokens is not None)
        self._shut = bool(password)
        self._open = TrustedHostMiddleware(app, allowed_hosts=list(LOCAL), www_redirect=False)
        self._queue = asyncio.Lock()

    def _is_shut(self) -> bool:
        self._shut = self._shut or self._asked()
        return self._shut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or answer 401."""
        if scope["type"] == "http" and not self._is_shut():
            scope["holds"] = lambda: not self._is_shut()
            await self._open(scope, receive, send)
            return
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        shown = _shown(Headers(scope=scope).get("authorization", ""))
        sight = None if shown is None else self._sight(shown)
        if shown is not None and sight is not None:
            scope["sight"], scope["holds"] = sight, lambda: self._sight(shown) == sight
            await self._app(scope, receive, send)
            return
        if shown is not None:
            async with self._queue:
                await asyncio.sleep(SLOW_S)
        await PlainTextResponse("the page asks for its password or a token\n", 401, _CHALLENGE)(scope, receive, send)

    def _sight(self, shown: bytes) -> Sight | None:
        """Say what a secret shows. How long that takes says nothing about any other."""
        is_password = self._password is not None and hmac.compare_digest(_digest(shown), self._password)
        of_token = self._tokens(shown.decode("latin-1")) if self._tokens else None
        return WHOLE if is_password else of_token


def _digest(secret: bytes) -> bytes:
    """Make secrets of one length, so that comparing them says nothing about theirs."""
    return hashlib.sha256(secret).digest()


def _shown(authorization: str) -> bytes | None:
    """Read the password that a request shows; None if it shows none."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return given.strip().encode("latin-1")  # as it stood in the header
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(given.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
