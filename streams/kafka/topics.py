"""The topics, each declared once with what it is for, and made by the admin client. Nothing here shrinks a topic."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import BrokerResponseError, KafkaError

from streams.kafka import BrokerAway
from streams.kafka.connection import Connection
from streams.kafka.saying import said

DAY_MS = 86_400_000
MAX_MESSAGE_BYTES = 2 * 1024 * 1024
"""Largest record of any topic: four full packed records, or one event of great length."""
TIMEOUT_MS = 5_000
_THERE_ALREADY = 36


class Names(NamedTuple):
    """The names of the topics under one prefix."""

    events: str
    roster: str
    dead_letters: str


class TopicRefused(Exception):  # noqa: N818  # named for what is the case
    """What was asked would harm what is there, or the cluster does not allow it; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it should be; a lane is a partition, so `fixed` ones may never change their number of partitions."""

    name: str
    meaning: str
    partitions: int
    replication: int
    configs: Mapping[str, str]
    fixed: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of a topic: created, exists, differs (with what), or missing (on a dry run)."""

    topic: Topic
    state: str
    differences: tuple[str, ...] = ()


def names(prefix: str) -> Names:
    """Give the names of the topics: PREFIX.events, PREFIX.roster, PREFIX.dead-letters."""
    return Names(f"{prefix}.events", f"{prefix}.roster", f"{prefix}.dead-letters")


def declared(prefix: str, partitions: int = 4, replication: int = 1) -> tuple[Topic, ...]:
    """Give the topics as they should be."""
    called = names(prefix)
    common = {
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "min.insync.replicas": str(max(1, replication - 1)),
        "compression.type": "producer",
    }
    kept = {"cleanup.policy": "delete", "retention.ms": str(7 * DAY_MS)}
    parked = {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS)}
    compacted = {"cleanup.policy": "compact", "retention.ms": "-1", "min.compaction.lag.ms": str(DAY_MS)}
    return (
        Topic(
            called.events,
            "packed events of viewers, orders, refunds; kept 7 days",
            partitions,
            replication,
            common | kept,
        ),
        Topic(
            called.roster,
            "hosts, sessions, shifts, labels: one event per record, compacted by event id",
            1,
            replication,
            common | compacted,
        ),
        Topic(
            called.dead_letters,
            "rejected lines with reason and place in headers; kept 30 days",
            1,
            replication,
            common | parked,
            fixed=False,
        ),
    )


def ensure(connection: Connection, wanted: Sequence[Topic], *, dry_run: bool = False) -> list[Standing]:
    """Create the topics that are missing; say of the others whether and how they differ, and leave them as they are.

    Raises TopicRefused, before anything is created, if a fixed topic has another number of partitions; BrokerAway.
    """
    try:
        with closing(_admin(connection)) as admin:
            there = _described(admin, wanted)
            _refuse_other_lanes(there, wanted)
            missing = [topic for topic in wanted if topic.name not in there]
            if missing and not dry_run:
                _create(admin, missing)
            return [_standing(topic, there.get(topic.name), dry_run) for topic in wanted]
    except BrokerResponseError as error:
        raise TopicRefused(f"Kafka at {connection.bootstrap} refuses: {said(error)}") from None
    except KafkaError as error:
        raise BrokerAway(f"{connection.away}: {said(error)}") from None


def _admin(connection: Connection) -> Any:  # noqa: ANN401  # kafka-python has no types
    return KafkaAdminClient(**connection.options(), bootstrap_timeout_ms=TIMEOUT_MS, client_id="hostledger")


def _create(admin: Any, topics: Sequence[Topic]) -> None:  # noqa: ANN401  # as above
    answer = admin.create_topics({topic.name: _request(topic) for topic in topics}, raise_errors=False)
    refused = [found for found in answer["topics"] if found["error_code"] not in {0, _THERE_ALREADY}]
    if refused:
        reasons = "; ".join(f"{found['name']}: {found['error_message']}" for found in refused)
        raise TopicRefused(f"the cluster refuses to make topics. {reasons}")
    admin.wait_for_topics([topic.name for topic in topics])


def _request(topic: Topic) -> dict[str, Any]:
    return {
        "num_partitions": topic.partitions,
        "replication_factor": topic.replication,
        "configs": dict(topic.configs),
    }


def _described(admin: Any, wanted: Sequence[Topic]) -> dict[str, dict[str, Any]]:  # noqa: ANN401  # as above
    """Describe those of the topics that are there: partitions, replication, configs."""
    there = set(admin.list_topics()) & {topic.name for topic in wanted}
    if not there:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in sorted(there)]
    configs = admin.describe_configs(asked, config_filter="all")["topic"]
    return {
        topic["name"]: {
            "partitions": len(topic["partitions"]),
            "replication": len(topic["partitions"][0]["replica_nodes"]),
            "configs": {name: config["value"] for name, config in configs[topic["name"]].items()},
        }
        for topic in admin.describe_topics(sorted(there))
    }


def _refuse_other_lanes(there: Mapping[str, dict[str, Any]], wanted: Sequence[Topic]) -> None:
    for topic in wanted:
        found = there.get(topic.name)
        if found and topic.fixed and found["partitions"] != topic.partitions:
            raise TopicRefused(
                f"topic {topic.name} has {found['partitions']} partitions, not {topic.partitions}. They cannot change: "
                f"a lane is a partition, and other partitions would move viewers to lanes that do not know their past. "
                f"Keep {found['partitions']}, or begin with another prefix (HOSTLEDGER_TOPICS) and an empty warehouse"
            )


def _standing(topic: Topic, found: dict[str, Any] | None, dry_run: bool) -> Standing:
    if found is None:
        return Standing(topic, "missing" if dry_run else "created")
    differences = [
        f"{name}: {found[name]}, should be {getattr(topic, name)}"
        for name in ("partitions", "replication")
        if found[name] != getattr(topic, name)
    ]
    differences += [
        f"{name}: {found['configs'].get(name)}, should be {value}"
        for name, value in topic.configs.items()
        if found["configs"].get(name) != value
    ]
    return Standing(topic, "differs" if differences else "exists", tuple(differences))
