"""ClickHouse's own Kafka engine with a materialised view, in chdb: single and packed records alike."""

import json
import tempfile
import time

from chdb.session import Session
from clocked import BOOTSTRAP, GROUP, NO_SESSION, TOPIC, Trail  # type: ignore[import-not-found]  # beside this script

LOOK_S = 0.05
POLLED = 32 if TOPIC.startswith("packed") else 65_536
"""Records taken at once: so many packed ones that a block has about its usual 65 536 rows; single ones as it comes."""
COUNTS = (
    "CREATE TABLE bench.counts (session_id String, minute UInt32, events UInt64) "
    "ENGINE = SummingMergeTree ORDER BY (session_id, minute)"
)
QUEUE = (
    "CREATE TABLE bench.queue (occurred_at Int64, session_id String) ENGINE = Kafka SETTINGS "
    f"kafka_broker_list = '{BOOTSTRAP}', kafka_topic_list = '{TOPIC}', kafka_group_name = '{GROUP}', "
    "kafka_format = 'JSONEachRow', kafka_num_consumers = 1, kafka_flush_interval_ms = 500, "
    f"kafka_poll_max_batch_size = {POLLED}"
)
VIEW = (
    "CREATE MATERIALIZED VIEW bench.view TO bench.counts AS "
    "SELECT session_id, intDiv(occurred_at, 60000) AS minute, count() AS events FROM bench.queue GROUP BY ALL"
)

trail = Trail()
session = Session(tempfile.mkdtemp())
for statement in ("CREATE DATABASE bench", COUNTS, QUEUE, VIEW):
    session.query(statement)
while not trail.note(int(str(session.query("SELECT sum(events) FROM bench.counts", "TabSeparated")).strip() or 0)):
    time.sleep(LOOK_S)
answer = str(
    session.query("SELECT session_id, minute, sum(events) FROM bench.counts GROUP BY ALL", "JSONCompactEachRow")
)
found = [json.loads(row) for row in answer.splitlines()]
trail.tell({(name or NO_SESSION, int(minute)): int(events) for name, minute, events in found})
