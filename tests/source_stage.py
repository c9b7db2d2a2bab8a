"""Platforms on a stage: their published examples, their signatures written down a second time, and their interface."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from streams.sources.access import Access, given
from streams.sources.payload import Fields, parsed
from streams.sources.source import Call, Desk, DetailAway, Event, Notification, Source, read_message
from streams.sources.table import SOURCES

EXAMPLES = Path(__file__).parent / "data" / "webhooks"
SECRET = "kept-by-the-platform"  # noqa: S105  # of a platform on a stage
APP_KEY, TOKEN, CIPHER, REST_KEY = "app-key-7", "token-7", "ROW_cipher", "ck_7:cs_7"


def example(name: str) -> bytes:
    """The bytes of a published example."""
    return (EXAMPLES / f"{name}.json").read_bytes()


def tree(name: str) -> Any:
    """A published example to be changed; whole numbers keep their digits in Python."""
    return json.loads(example(name).decode("utf-8-sig"))


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def access(source: Source, known: str = SECRET, **more: str) -> Access:
    """What an operator would give. known: the secrets."""
    told = {"APP_KEY": APP_KEY, "TOKEN": TOKEN, "CIPHER": CIPHER, "URL": "http://127.0.0.1:9", "KEY": REST_KEY}
    found = given(source.needs, {"SECRETS": known} | told | more)
    assert found
    return found


def signed(name: str, body: bytes, *, kind: str = "", room: str = "r-1", known: str = SECRET, at_ms: int = 0) -> Any:
    """The headers that a platform sends with a body, as its documentation says."""
    at = str(at_ms or time.time_ns() // 1_000_000)
    key = known.encode()
    sha256 = hmac.new(key, body, hashlib.sha256)
    match name:
        case "shopify":
            return {"x-shopify-topic": kind, "x-shopify-hmac-sha256": base64.b64encode(sha256.digest()).decode()}
        case "woocommerce":
            return {"x-wc-webhook-topic": kind, "x-wc-webhook-signature": base64.b64encode(sha256.digest()).decode()}
        case "tiktok-shop":
            return {"authorization": hmac.new(key, APP_KEY.encode() + body, hashlib.sha256).hexdigest()}
        case "douyin-shop":
            text = APP_KEY.encode() + body + key
            return {"app-id": APP_KEY, "event-sign": hashlib.md5(text, usedforsecurity=False).hexdigest()}
        case "douyin-live":
            told = {"x-msg-type": kind, "x-nonce-str": "n0nce", "x-roomid": room, "x-timestamp": at}
            text = "&".join(f"{header}={told[header]}" for header in sorted(told)).encode() + body + key
            digest = hashlib.md5(text, usedforsecurity=False).digest()
            return {**told, "x-signature": base64.b64encode(digest).decode()}
        case _:
            sign = hmac.new(key, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
            return {"x-hostledger-timestamp": at, "x-hostledger-signature": sign}


def nobody(call: Call) -> Fields:
    raise DetailAway(call.path)


def answering(*answers: Any) -> Callable[[Call], Fields]:
    """A platform that gives these answers, one after the other."""
    left = list(answers)

    def fetch(_call: Call) -> Fields:
        found = parsed(answer if isinstance(answer := left.pop(0), bytes) else encoded(answer))
        return Fields({"answer": found} if isinstance(found, list) else found)

    return fetch


def events(
    name: str, body: Any, *, kind: str = "", room: str = "r-1", fetch: Callable[[Call], Fields] = nobody, **more: str
) -> list[Event]:
    """The events of a payload, as the collector would make them. Raises Passed, Reject, DetailAway."""
    source, raw = SOURCES[name], body if isinstance(body, bytes) else encoded(body)
    headers = {"x-shopify-topic": kind, "x-wc-webhook-topic": kind, "x-msg-type": kind, "x-roomid": room}
    desk = Desk(name, access(source, **more), fetch)
    found: list[Event] = []
    for message in source.split(Notification(headers, raw, 0)):
        found += read_message(source, message, desk)
    return found


def paid_shopify_order(**changes: Any) -> Any:
    """The published order, which is only authorized, after it was paid."""
    order = tree("shopify/order")["order"]
    return order | {"financial_status": "paid"} | changes


def douyin_detail(**changes: Any) -> Any:
    answer = tree("douyin_shop/OrderDetailResponse")
    answer["data"]["shop_order_detail"] |= changes
    return answer


def tiktok_order(order_id: str, **changes: Any) -> Any:
    answer = tree("tiktok_shop/OrderBatchGetOrderDetailResponse")
    answer["data"]["orders"][0] |= {"id": order_id} | changes
    return answer


class Platform:
    """The interfaces of all platforms on one port: they give what is set, and check how they are asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, bytes]] | Any] = {}
        self.asked: list[tuple[str, dict[str, str], bytes, dict[str, str]]] = []
        self.url = ""

    def answer(self, path: str) -> tuple[int, bytes]:
        found = self.answers.get(path)
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return (404, b"{}") if found is None else (200, encoded(found))


@contextmanager
def platform() -> Iterator[Platform]:
    """A platform's interface on this machine."""
    stage = Platform()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            stage.asked.append((parts.path, query, body, headers))
            status, answer = stage.answer(parts.path)
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_GET  # noqa: N815  # the name that the server calls

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stage.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    try:
        yield stage
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
