"""Every setting is read once, by name; a wrong one is refused with its name, its value and what would do."""

from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from analytics.rules import DAY_MS, MODELS, Rules
from hostledger.settings import PREFIX, SETTINGS, Settings, WrongSetting, duration_ms, position_shares
from streams.sources.access import Secret

WRONG = [
    ("GROUP", "", ["''", "letters"]),
    ("SESSION", "soon", ["'soon'", "7d"]),
    ("WAIT", "2", ["'2'", "7d"]),
    ("REJECT_LIMIT", "much", ["'much'", "0.2"]),
    ("REJECT_LIMIT", "1.5", ["'1.5'", "from 0 to 1"]),
    ("FIT_EVERY", "often", ["'often'", "7d"]),
    ("WORKER_HOST", "http://x", ["'http://x'", "127.0.0.1"]),
    ("PAGE_HOST", "http://x", ["'http://x'", "127.0.0.1"]),
    ("WORKER_PORT", "99999", ["'99999'", "65535"]),
    ("TIMEZONE", "Mars/Olympus", ["'Mars/Olympus'", "Asia/Shanghai"]),
    ("TIMEZONE", "../../etc/passwd", ["'../../etc/passwd'", "UTC"]),
    ("TIMEZONE", "", ["''", "UTC"]),
    ("MODEL", "best", ["'best'", "on_air"]),
    ("MODEL", "", ["''", "on_air"]),
    ("PORT", "web", ["'web'", "65535"]),
    ("PORT", "65536", ["'65536'", "65535"]),
    ("PORT", "-1", ["'-1'", "0"]),
    ("MODELS", "on_air,best", ["'best'", "markov"]),
    ("MODELS", "", ["''", "markov"]),
    ("LOOKBACK", "7x", ["'7x'", "7d"]),
    ("LOOKBACK", "7", ["'7'", "7d"]),
    ("LOOKBACK", "-7d", ["'-7d'", "7d"]),
    ("GRACE", "2 minutes", ["'2 minutes'", "120s"]),
    ("HALF_LIFE", "1.5h", ["'1.5h'", "4h"]),
    ("POSITION", "0.4", ["'0.4'", "0.4,0.4"]),
    ("POSITION", "0.4,0.2,0.4", ["'0.4,0.2,0.4'", "0.4,0.4"]),
    ("POSITION", "half,half", ["'half,half'", "0.4,0.4"]),
    ("POSITION", "1/0,0.5", ["'1/0,0.5'", "0.4,0.4"]),
    ("IDLE", "", ["''", "4h"]),
    ("CORRECTION", "a month", ["'a month'", "7d"]),
    ("RETENTION_DAYS", "half a year", ["'half a year'", "180"]),
    ("RETENTION_SHORTER", "1", ["'1'", "yes"]),
    ("CLICKHOUSE", "http://host:8123", ["clickhouses://", "clickhouse://hostledger@127.0.0.1:9000/hostledger"]),
    ("CLICKHOUSE", "clickhouse://me:pass@host/books", ["CLICKHOUSE_PASSWORD"]),
    ("CLUSTER", "a b", ["'a b'", "system.clusters"]),
    ("KAFKA", "kafka", ["'kafka'", "127.0.0.1:9092"]),
    ("KAFKA", "", ["''", "127.0.0.1:9092"]),
    ("KAFKA_SECURITY", "TLS", ["'TLS'", "SASL_SSL"]),
    ("KAFKA_MECHANISM", "GSSAPI", ["'GSSAPI'", "SCRAM-SHA-512"]),
    ("TOPICS", "live/events", ["'live/events'", "hyphens"]),
    ("COLLECTOR_HOST", "http://0.0.0.0", ["'http://0.0.0.0'", "127.0.0.1"]),
    ("COLLECTOR_PORT", "65536", ["'65536'", "65535"]),
    ("GRAFANA", "grafana:3000", ["'grafana:3000'", "http://127.0.0.1:3000"]),
]
"""Values that cannot be read: setting, value, what the refusal must say of value and remedy."""
MEANINGLESS = [
    ("MODELS", "last,last", "models ['last', 'last']: name at least one, and each once"),
    ("LOOKBACK", "0d", "lookback_ms is 0; it must be longer than 0"),
    ("HALF_LIFE", "0h", "half_life_ms is 0; it must be longer than 0"),
    ("IDLE", "0ms", "idle_ms is 0; it must be longer than 0"),
    ("RETENTION_DAYS", "179", "less than the 180 that rules of the trade ask for; if that is meant, say"),
    ("RETENTION_DAYS", "0", "days 0 are out of range; use 180 to 36500"),
    ("RETENTION_DAYS", "36501", "days 36501 are out of range"),
    ("POSITION", "0.8,0.8", "position is 0.8,0.8; the shares of the first and the last step must not be negative"),
    ("POSITION", "0,0", "must sum to more than 0 and at most 1, as in 0.4,0.4"),
]
"""Values that can be read and mean nothing."""


def reading(**environment: str) -> Settings:
    return Settings.read({PREFIX + name: value for name, value in environment.items()})


@pytest.mark.parametrize(("name", "value", "said"), WRONG)
def test_a_wrong_value_is_refused_by_name_with_value_and_remedy(name: str, value: str, said: list[str]) -> None:
    with pytest.raises(WrongSetting) as refused:
        reading(**{name: value})
    assert str(refused.value).startswith(f"{PREFIX}{name}: ")
    assert [part for part in said if part not in str(refused.value)] == []


def test_every_setting_that_can_be_wrong_is_tried_here() -> None:
    free = {setting.name for setting in SETTINGS.values() if setting.read in {Path, str}}
    assert {"DATA", "KAFKA_PASSWORD", "CLICKHOUSE_PASSWORD"} <= free
    assert {name for name, _, _ in WRONG} == {setting.name for setting in SETTINGS.values()} - free


@pytest.mark.parametrize(("name", "value", "said"), MEANINGLESS)
def test_a_value_that_means_nothing_is_refused_with_field_value_and_remedy(name: str, value: str, said: str) -> None:
    with pytest.raises(WrongSetting) as refused:
        reading(**{name: value})
    assert said in str(refused.value)


KEPT = "kept-to-itself"


def test_the_password_of_kafka_is_never_shown() -> None:
    settings = reading(KAFKA_SECURITY="SASL_PLAINTEXT", KAFKA_USERNAME="worker", KAFKA_PASSWORD=KEPT)
    assert settings.connection().options()["sasl_plain_password"] == KEPT
    assert KEPT not in f"{settings!r}{settings.connection()!r}"


def test_a_protocol_with_names_needs_a_name_and_a_password() -> None:
    with pytest.raises(WrongSetting, match=r"HOSTLEDGER_KAFKA_.*SASL_SSL needs a user name and a password") as refused:
        reading(KAFKA_SECURITY="SASL_SSL", KAFKA_PASSWORD=KEPT).connection()
    assert KEPT not in str(refused.value)


@pytest.mark.parametrize("name", ["LOOK_BACK", "lookback", "", "FITT"])
def test_a_name_that_is_no_setting_is_refused_and_the_settings_are_listed(name: str) -> None:
    with pytest.raises(WrongSetting) as refused:
        reading(**{name: "1"})
    assert str(refused.value).startswith(f"{PREFIX}{name} is no setting; the settings are: ")
    assert [setting.name for setting in SETTINGS.values() if PREFIX + setting.name not in str(refused.value)] == []
    assert "REQUIRE" not in str(refused.value)


def test_the_password_of_clickhouse_is_in_no_text_of_the_settings() -> None:
    settings = reading(CLICKHOUSE="clickhouse://me@host:9000/books", CLICKHOUSE_PASSWORD=KEPT, CLUSTER="live")
    assert (settings.clickhouse, settings.clickhouse_password, settings.cluster) == (
        "clickhouse://me@host:9000/books",
        KEPT,
        "live",
    )
    assert KEPT not in repr(settings)


def test_a_source_is_connected_by_its_secrets_and_says_what_else_it_needs() -> None:
    assert Settings.read({}).sources == {}
    settings = reading(SHOPIFY_SECRETS=f"shop-a::{KEPT} other", TIKTOK_LIVE_SECRETS="x", TIKTOK_LIVE_DIAMOND="0.01 USD")
    assert settings.sources.keys() == {"shopify", "tiktok-live"}
    assert settings.sources["shopify"].secrets == (Secret("shop-a", KEPT), Secret("", "other"))
    assert settings.sources["tiktok-live"]["DIAMOND"] == "0.01 USD"
    assert KEPT not in repr(settings)
    for told, said in (
        ({"WOOCOMMERCE_SECRETS": KEPT}, "WOOCOMMERCE_URL: give it a value"),
        ({"TIKTOK_LIVE_SECRETS": KEPT, "TIKTOK_LIVE_DIAMOND": "5"}, "TIKTOK_LIVE_DIAMOND: it is no price"),
        ({"SHOPIFY_SECRET": KEPT}, "SHOPIFY_SECRET is no setting"),
    ):
        with pytest.raises(WrongSetting, match=said) as refused:
            reading(**told)
        assert str(refused.value).startswith(PREFIX)
        assert KEPT not in str(refused.value)


def test_names_of_others_and_those_of_the_test_run_are_no_business_of_ours() -> None:
    Settings.read({"HOME": "/nowhere", "LOOKBACK": "7x", "HOSTLEDGER_REQUIRE": "browser", "HOSTLEDGER_CHROMIUM": "c"})


def test_the_defaults_are_those_of_the_table_and_of_the_rules() -> None:
    settings = Settings.read({})
    assert settings == reading(**{setting.name: setting.default for setting in SETTINGS.values()})
    assert settings.rules() == Rules()
    assert (settings.data, settings.timezone, settings.model, settings.port) == (
        Path("hostledger-data"),
        "UTC",
        "on_air",
        8765,
    )
    assert settings.models == MODELS


def test_every_setting_has_a_name_a_meaning_and_a_place_in_the_settings() -> None:
    assert SETTINGS.keys() | {"sources"} == {field.name for field in fields(Settings)}
    names = [setting.name for setting in SETTINGS.values()]
    assert len(set(names)) == len(names)
    assert all(name.isupper() and setting.meaning for name, setting in zip(names, SETTINGS.values(), strict=True))


@pytest.mark.parametrize(
    ("name", "value", "field", "read"),
    [
        ("DATA", "books/2026", "data", Path("books/2026")),
        ("TIMEZONE", "Asia/Shanghai", "timezone", "Asia/Shanghai"),
        ("MODEL", "markov", "model", "markov"),
        ("PORT", "0", "port", 0),
        ("MODELS", "last, on_air", "models", ("last", "on_air")),
        ("LOOKBACK", "3d", "lookback_ms", 3 * DAY_MS),
        ("GRACE", "0s", "grace_ms", 0),
        ("HALF_LIFE", "250ms", "half_life_ms", 250),
        ("POSITION", "1/3, 0.25", "position", (Fraction(1, 3), Fraction(1, 4))),
        ("IDLE", " 90m ", "idle_ms", 90 * 60_000),
        ("CORRECTION", "24h", "correction_ms", DAY_MS),
    ],
)
def test_every_setting_is_read(name: str, value: str, field: str, read: Any) -> None:
    settings = reading(**{name: value})
    assert getattr(settings, field) == read
    if field in Rules.__dataclass_fields__:
        assert getattr(settings.rules(), field) == read


def test_an_option_goes_before_the_setting_and_is_checked_too() -> None:
    settings = reading(LOOKBACK="3d")
    assert settings.rules(lookback_ms=5).lookback_ms == 5
    assert settings.rules(grace_ms=5).lookback_ms == 3 * DAY_MS
    with pytest.raises(WrongSetting, match="lookback_ms is 0"):
        settings.rules(lookback_ms=0)


def test_durations_and_shares_are_exact() -> None:
    assert [duration_ms(text) for text in ("1ms", "2s", "3m", "4h", "5d")] == [
        1,
        2_000,
        180_000,
        14_400_000,
        5 * DAY_MS,
    ]
    assert position_shares("0.1,0.2") == (Fraction(1, 10), Fraction(1, 5))
