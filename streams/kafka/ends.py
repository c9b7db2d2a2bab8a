"""Where a partition ends now, asked on a connection of its own.

A broker answers the requests of a connection one after the other: behind a fetch that waits for records, such a
question waits too, up to 1.5 s in Faust.
"""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka import BrokerAway
from streams.kafka.connection import Connection

ANSWER_MS = 5_000


class End:
    """The end of one partition; belongs to one event loop."""

    def __init__(self, connection: Connection, topic: str, partition: int) -> None:
        self._connection, self._place = connection, TopicPartition(topic, partition)
        self._asking = asyncio.Lock()
        self._consumer: AIOKafkaConsumer | None = None

    async def offset(self) -> int:
        """Give the offset behind the last record. Raises BrokerAway."""
        async with self._asking:
            try:
                consumer = self._consumer or await self._connected()
                return int((await consumer.end_offsets([self._place]))[self._place])
            except KafkaError as error:
                bootstrap = self._connection.bootstrap
                raise BrokerAway(f"Kafka at {bootstrap} does not say where {self._place.topic} ends: {error}") from None

    async def close(self) -> None:
        """Hang up."""
        consumer, self._consumer = self._consumer, None
        if consumer:
            await consumer.stop()

    async def _connected(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(**self._connection.options(), request_timeout_ms=ANSWER_MS)
        try:
            await consumer.start()
        except KafkaError:
            await consumer.stop()
            raise
        self._consumer = consumer
        return consumer
