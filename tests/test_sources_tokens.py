"""Access tokens that end are renewed in a file, by one command, and a collector's next call has the new one."""

import hashlib
import hmac
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from source_stage import APP_KEY, CIPHER, SECRET, Platform, access, encoded, platform
from typer.testing import CliRunner, Result

from hostledger.commands.sources import app
from hostledger.settings import Settings
from streams.sources import fetching
from streams.sources.fetching import Fetcher
from streams.sources.source import Call, DetailAway
from streams.sources.table import SOURCES

OLD, NEW, SPENT, NEXT = "old-access", "new-access", "spent-refresh", "next-refresh"
ENDS_S = 1_774_695_600
TIKTOK = {"code": 0, "data": {"access_token": NEW, "access_token_expire_in": ENDS_S, "refresh_token": NEXT}}
DOUYIN = {"code": 10_000, "data": {"access_token": NEW, "expires_in": 604_800, "refresh_token": NEXT}}
PATHS = {"tiktok-shop": ("/api/v2/token/refresh", TIKTOK), "douyin-shop": ("/token/refresh", DOUYIN)}


@pytest.fixture
def shops(monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    monkeypatch.setattr(fetching, "PAUSE_S", 0.001)
    with platform() as stage:
        yield stage


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_bytes(encoded({"refresh_token": SPENT, "access_token": OLD, "ends_ms": 1}))
    path.chmod(0o600)
    return path


@pytest.fixture
def renew(shops: Platform, file: Path) -> Callable[..., Result]:
    def invoked(name: str, **changes: str) -> Result:
        stem = f"HOSTLEDGER_{name.upper().replace('-', '_')}_"
        told = {"SECRETS": SECRET, "APP_KEY": APP_KEY, "TOKEN": f"file:{file}", "URL": shops.url}
        told |= {"CIPHER": CIPHER, "AUTH_URL": shops.url} if name == "tiktok-shop" else {}
        settings = Settings.read({stem + key: value for key, value in (told | changes).items()})
        return CliRunner().invoke(app, ["renew", name], obj=settings)

    return invoked


@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_renewed_token_is_in_its_file_for_its_owner_alone_and_in_no_output(
    name: str, shops: Platform, file: Path, renew: Callable[..., Result]
) -> None:
    path, answer = PATHS[name]
    shops.answers[path] = answer
    done = renew(name)
    assert done.exit_code == 0, done.output
    held = json.loads(file.read_bytes())
    assert (held["refresh_token"], held["access_token"]) == (NEXT, NEW)
    assert held["ends_ms"] == ENDS_S * 1000 if name == "tiktok-shop" else held["ends_ms"] > 1_700_000_000_000
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    assert not [word for word in (SECRET, OLD, NEW, SPENT, NEXT) if word in done.output]


def test_tiktok_shop_is_asked_as_it_says(shops: Platform, renew: Callable[..., Result]) -> None:
    shops.answers["/api/v2/token/refresh"] = TIKTOK
    assert renew("tiktok-shop").exit_code == 0
    ((path, query, body, _),) = shops.asked
    told = {"app_key": APP_KEY, "app_secret": SECRET, "refresh_token": SPENT, "grant_type": "refresh_token"}
    assert (path, query, body) == ("/api/v2/token/refresh", told, b"")


def test_douyin_shop_is_asked_with_a_signature_and_without_the_old_token(
    shops: Platform, renew: Callable[..., Result]
) -> None:
    shops.answers["/token/refresh"] = DOUYIN
    assert renew("douyin-shop").exit_code == 0
    ((path, query, body, _),) = shops.asked
    assert (path, json.loads(body)) == ("/token/refresh", {"grant_type": "refresh_token", "refresh_token": SPENT})
    assert "access_token" not in query
    text = f"app_key{APP_KEY}methodtoken.refreshparam_json{body.decode()}timestamp{query['timestamp']}v2"
    assert query["sign"] == hmac.new(SECRET.encode(), f"{SECRET}{text}{SECRET}".encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_refusal_leaves_the_file_as_it_was(
    name: str, shops: Platform, file: Path, renew: Callable[..., Result]
) -> None:
    before, (path, answer) = file.read_bytes(), PATHS[name]
    without = answer | {"data": {"access_token": NEW, "access_token_expire_in": ENDS_S, "expires_in": 1}}
    for refusal in ((200, encoded(answer | {"code": 7})), (200, encoded(without)), (200, b"nonsense"), (500, b"")):
        shops.answers[path] = [refusal]
        refused = renew(name)
        assert (refused.exit_code, "the old one stands" in refused.stderr) == (2, True)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_what_cannot_be_renewed_is_refused_before_the_platform_is_asked(
    shops: Platform, file: Path, renew: Callable[..., Result]
) -> None:
    other = CliRunner().invoke(app, ["renew", "shopify"], obj=Settings.read({}))
    assert (other.exit_code, "use one of: tiktok-shop, douyin-shop" in other.stderr) == (2, True)
    plain = renew("tiktok-shop", TOKEN=OLD)
    assert (plain.exit_code, "set HOSTLEDGER_TIKTOK_SHOP_TOKEN to file:PATH" in plain.stderr) == (2, True)
    file.write_bytes(f'{{"access_token": "{OLD}"}}'.encode())
    empty = renew("tiktok-shop")
    assert (empty.exit_code, "is no file of tokens" in empty.stderr, OLD in empty.output) == (2, True, False)
    file.unlink()
    assert renew("tiktok-shop").exit_code == 2
    assert shops.asked == []


@pytest.mark.parametrize(
    ("name", "path"), [("tiktok-shop", "/order/202309/orders"), ("douyin-shop", "/order/orderDetail")]
)
def test_the_next_call_has_the_token_that_the_file_has_then(name: str, path: str, shops: Platform, file: Path) -> None:
    shops.answers[path] = {"code": 0}
    fetcher = Fetcher(SOURCES[name], access(SOURCES[name], URL=shops.url, TOKEN=f"file:{file}"), per_second=1000)

    def sent() -> Any:
        fetcher.fetch(Call(path, {}, b"{}"))
        _, query, _, headers = shops.asked[-1]
        return headers.get("x-tts-access-token") or query.get("access_token")

    assert sent() == OLD
    file.write_bytes(encoded({"refresh_token": NEXT, "access_token": NEW}))
    assert sent() == NEW
    for broken in (b"", encoded({"refresh_token": NEXT})):
        file.write_bytes(broken)
        with pytest.raises(DetailAway, match="the file of tokens"):
            sent()
    assert len(shops.asked) == 2
