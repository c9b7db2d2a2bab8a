"""Parts of the tests that a benchmark uses too: the broker, the ClickHouse server, the stage of topics and workers."""

import sys

from benchmarks.running import ROOT

sys.path.insert(0, str(ROOT / "tests"))
import kafka_broker  # type: ignore[import-not-found]  # of the tests, which are no package
import native_child  # type: ignore[import-not-found]  # as above
from stream_stage import Stage  # type: ignore[import-not-found]  # as above

__all__ = ["Stage", "kafka_broker", "native_child"]
