"""Every setting, read once from the environment at the door and passed down.

`SETTINGS` is the documented table: name, what it means, its default. A wrong value is refused at start, by name.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

from analytics.rules import MODELS, Rules
from analytics.warehouse import WarehouseError
from analytics.warehouse.address import Address
from analytics.warehouse.rendering import checked
from analytics.warehouse.retention import Retention
from hostledger.values import (
    WrongSetting,
    day_count,
    duration_ms,
    host_name,
    model_name,
    one_of,
    port_number,
    position_shares,
    servers,
    share,
    time_zone,
    topic_prefix,
    web_address,
)
from streams.kafka.connection import MECHANISMS, SECURITIES, Connection, WrongConnection
from streams.sources.access import Access, WrongAccess, given
from streams.sources.table import SOURCES, setting_name

__all__ = [
    "PREFIX",
    "SETTINGS",
    "Setting",
    "Settings",
    "WrongSetting",
    "duration_ms",
    "model_name",
    "position_shares",
    "time_zone",
]
PREFIX = "HOSTLEDGER_"


def _if_any(check: Callable[[str], object]) -> Callable[[str], str]:
    return lambda text: text and (check(text), text)[1]


def _models(text: str) -> tuple[str, ...]:
    return tuple(model_name(part.strip()) for part in text.split(","))


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in the environment, its meaning, its default as text, and how it is read."""

    name: str
    meaning: str
    default: str
    read: Callable[[str], Any]


SETTINGS = {
    "data": Setting("DATA", "folder of the embedded warehouse", "hostledger-data", Path),
    "clickhouse": Setting(
        "CLICKHOUSE", "URL of a ClickHouse server; empty: the folder is used", "", _if_any(Address.read)
    ),
    "clickhouse_password": Setting("CLICKHOUSE_PASSWORD", "password of its user; never shown", "", str),
    "cluster": Setting(
        "CLUSTER", "ClickHouse cluster that the tables are spread over; empty: none", "", _if_any(checked)
    ),
    "timezone": Setting("TIMEZONE", "time zone of the seller; days are days in it", "UTC", time_zone),
    "model": Setting("MODEL", "attribution model shown unless another is asked for", "on_air", model_name),
    "port": Setting("PORT", "port of the live page; 0 takes any free one", "8765", port_number),
    "page_host": Setting(
        "PAGE_HOST",
        "address of the live page; other machines need its password",
        "127.0.0.1",
        host_name,
    ),
    "page_password": Setting("PAGE_PASSWORD", "password or token that the live page asks for; never shown", "", str),
    "page_tokens": Setting("PAGE_TOKENS", "file with the tokens of the live page, hashed", "hostledger-tokens", Path),
    "models": Setting("MODELS", "models that are booked, by comma", ",".join(MODELS), _models),
    "lookback_ms": Setting("LOOKBACK", "how far back a viewer's path reaches", "7d", duration_ms),
    "grace_ms": Setting("GRACE", "dead air that still credits the hosts before it", "120s", duration_ms),
    "half_life_ms": Setting("HALF_LIFE", "half-life of time_decay", "7d", duration_ms),
    "position": Setting("POSITION", "shares of the first and the last step", "0.4,0.4", position_shares),
    "idle_ms": Setting("IDLE", "silence after which a viewer has left", "4h", duration_ms),
    "correction_ms": Setting("CORRECTION", "age of an order up to which late facts restate it", "30d", duration_ms),
    "retention_days": Setting(
        "RETENTION_DAYS", "days that viewers' events are kept; set by `hostledger migrate`", "180", day_count
    ),
    "retention_shorter": Setting(
        "RETENTION_SHORTER", "yes: less than is kept now, or than 180 days, is meant", "no", one_of("no", "yes")
    ),
    "kafka": Setting("KAFKA", "Kafka's bootstrap servers, by comma", "127.0.0.1:9092", servers),
    "kafka_security": Setting("KAFKA_SECURITY", "security protocol of Kafka", "PLAINTEXT", one_of(*SECURITIES)),
    "kafka_mechanism": Setting("KAFKA_MECHANISM", "SASL mechanism of Kafka", "SCRAM-SHA-512", one_of(*MECHANISMS)),
    "kafka_username": Setting("KAFKA_USERNAME", "user name at Kafka, for SASL", "", str),
    "kafka_password": Setting("KAFKA_PASSWORD", "password at Kafka, for SASL; never shown", "", str),
    "kafka_ca": Setting("KAFKA_CA", "file with the CA of Kafka's certificate; the system's otherwise", "", str),
    "topics": Setting("TOPICS", "prefix of the topics' names", "hostledger", topic_prefix),
    "group": Setting("GROUP", "consumer group of the workers", "hostledger", topic_prefix),
    "session_ms": Setting("SESSION", "silence after which others get a worker's partitions", "30s", duration_ms),
    "wait_ms": Setting("WAIT", "short wait of a batch for the roster", "2s", duration_ms),
    "reject_limit": Setting("REJECT_LIMIT", "share of rejected lines that stops a worker", "0.2", share),
    "fit_every_ms": Setting("FIT_EVERY", "time between two Markov fits of the workers; 0s: none", "1h", duration_ms),
    "worker_host": Setting("WORKER_HOST", "address of a worker's health and metrics", "127.0.0.1", host_name),
    "worker_port": Setting("WORKER_PORT", "port of a worker's health and metrics", "8767", port_number),
    "database": Setting("DATABASE", "URL of the database that `import database` reads; never shown", "", str),
    "keys": Setting("KEYS", "file with the API keys of the collector, hashed", "hostledger-keys", Path),
    "collector_host": Setting("COLLECTOR_HOST", "address that the collector listens on", "127.0.0.1", host_name),
    "collector_port": Setting("COLLECTOR_PORT", "port of the collector; 0 takes any free one", "8766", port_number),
    "grafana": Setting("GRAFANA", "URL of Grafana, for its boards", "http://127.0.0.1:3000", web_address),
    "grafana_token": Setting("GRAFANA_TOKEN", "token of a service account there; never shown", "", str),
    "grafana_user": Setting("GRAFANA_USER", "user there, where there is no token", "", str),
    "grafana_password": Setting("GRAFANA_PASSWORD", "password of that user; never shown", "", str),
    "grafana_clickhouse_password": Setting(
        "GRAFANA_CLICKHOUSE_PASSWORD", "password with which Grafana reads ClickHouse; never shown", "", str
    ),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run; see SETTINGS for each."""

    data: Path
    clickhouse: str
    clickhouse_password: str = field(repr=False)
    cluster: str
    timezone: str
    model: str
    port: int
    page_host: str
    page_password: str = field(repr=False)
    page_tokens: Path
    models: tuple[str, ...]
    lookback_ms: int
    grace_ms: int
    half_life_ms: int
    position: tuple[Fraction, Fraction]
    idle_ms: int
    correction_ms: int
    retention_days: int
    retention_shorter: str
    kafka: str
    kafka_security: str
    kafka_mechanism: str
    kafka_username: str
    kafka_password: str = field(repr=False)
    kafka_ca: str
    topics: str
    group: str
    session_ms: int
    wait_ms: int
    reject_limit: Fraction
    fit_every_ms: int
    worker_host: str
    worker_port: int
    database: str = field(repr=False)
    keys: Path
    collector_host: str
    collector_port: int
    grafana: str
    grafana_token: str = field(repr=False)
    grafana_user: str
    grafana_password: str = field(repr=False)
    grafana_clickhouse_password: str = field(repr=False)
    sources: Mapping[str, Access] = field(repr=False)

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read all settings. Raises WrongSetting for a value that cannot be, or a name that is no setting."""
        known = {PREFIX + setting.name for setting in SETTINGS.values()} | SOURCE_SETTINGS | _FOR_TESTS
        for name in environment:
            if name.startswith(PREFIX) and name not in known:
                raise WrongSetting(f"{name} is no setting; the settings are: {', '.join(sorted(known - _FOR_TESTS))}")
        values = {name: _value(setting, environment) for name, setting in SETTINGS.items()}
        settings = cls(**values, sources=_sources(environment))
        settings.rules()
        settings.retention()
        return settings

    def retention(self) -> Retention:
        """Give how long viewers' events are kept. Raises WrongSetting."""
        try:
            return Retention(self.retention_days, shorter=self.retention_shorter == "yes")
        except ValueError as error:
            raise WrongSetting(
                f"{PREFIX}RETENTION_DAYS: {error}; if that is meant, say {PREFIX}RETENTION_SHORTER=yes too"
            ) from None

    def rules(self, **changes: Any) -> Rules:  # noqa: ANN401  # any field of Rules
        """Give the rules of attribution that these settings say. Raises WrongSetting."""
        try:
            return Rules(**({name: getattr(self, name) for name in _OF_RULES} | changes))
        except ValueError as error:
            raise WrongSetting(str(error)) from None

    def connection(self) -> Connection:
        """Give the Kafka cluster that these settings name. Raises WrongSetting."""
        try:
            return Connection(
                bootstrap=self.kafka,
                security=self.kafka_security,
                mechanism=self.kafka_mechanism,
                username=self.kafka_username,
                password=self.kafka_password,
                ca=self.kafka_ca,
            )
        except WrongConnection as error:
            raise WrongSetting(f"settings HOSTLEDGER_KAFKA_*: {error}") from None


SOURCE_SETTINGS = {PREFIX + setting_name(source, need.name) for source in SOURCES.values() for need in source.needs}
"""Settings of the sources, which say themselves what they need; `hostledger sources` lists them with their meaning."""
_OF_RULES = ("models", "lookback_ms", "grace_ms", "half_life_ms", "position", "idle_ms", "correction_ms")
_FOR_TESTS = {"HOSTLEDGER_REQUIRE", "HOSTLEDGER_CHROMIUM", "HOSTLEDGER_DEATHS"}


def _sources(environment: Mapping[str, str]) -> dict[str, Access]:
    """Give what each source was given, by name; a source without secrets is left out."""
    found = {}
    for name, source in SOURCES.items():
        stem = PREFIX + setting_name(source, "")
        try:
            access = given(source.needs, {need.name: environment.get(stem + need.name, "") for need in source.needs})
        except WrongAccess as error:
            raise WrongSetting(f"{stem}{error}") from None
        if access:
            found[name] = access
    return found


def _value(setting: Setting, environment: Mapping[str, str]) -> Any:  # noqa: ANN401  # each setting has its own type
    name = PREFIX + setting.name
    try:
        return setting.read(environment.get(name, setting.default))
    except (WrongSetting, WarehouseError) as error:
        raise WrongSetting(f"{name}: {error}") from None
