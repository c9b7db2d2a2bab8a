"""`hostledger topics`: make the topics in Kafka, or say how those that are there differ."""

from typing import Annotated

import polars as pl
import typer

from hostledger.output import Format, FormatOption, refusing, show
from hostledger.reading import settings_of
from hostledger.settings import WrongSetting
from streams.kafka import BrokerAway
from streams.kafka.connection import WrongConnection
from streams.kafka.topics import TopicRefused, declared, ensure


def topics(
    context: typer.Context,
    partitions: Annotated[int, typer.Option(min=1, help="partitions of the events; never changed afterwards")] = 4,
    replication: Annotated[int, typer.Option(min=1, help="brokers that keep each record; 3 in production")] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be made")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Make the topics that are missing; those that are there are left alone, and what differs is said.

    Take as many partitions as you may ever want workers, and not many more: each one has batches of its own, so the
    fewer there are, the sooner an event can be asked for.

    Example: hostledger topics --partitions 8 --replication 3
    """
    settings = settings_of(context)
    with refusing(TopicRefused, BrokerAway, WrongSetting, WrongConnection):
        found = ensure(settings.connection(), declared(settings.topics, partitions, replication), dry_run=dry_run)
    rows = [
        {
            "topic": standing.topic.name,
            "state": standing.state,
            "partitions": standing.topic.partitions,
            "differences": "; ".join(standing.differences),
            "meaning": standing.topic.meaning,
        }
        for standing in found
    ]
    show(pl.DataFrame(rows), output)
