"""A worker that dies on command: after so many steps of batches it kills itself, as kill -9 does.

Run with the number of steps (0: never); its settings come from the environment.
"""

import os
import signal
import sys
from contextlib import closing

from hostledger.commands.worker import lanes_warehouse, make_worker, run
from hostledger.logs import log_to_stderr
from hostledger.settings import Settings
from streams import aside
from streams.kafka.producing import Producer


class Fate:
    """Counts steps, and dies after the last one that is allowed."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self, _step: str) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(steps: int) -> None:
    settings = Settings.read()
    if steps:
        aside.FEWEST_ROWS = 1  # who dies has stored something early
    log_to_stderr()
    with closing(lanes_warehouse(settings)) as warehouse, closing(Producer(settings.connection())) as producer:
        run(make_worker(settings, warehouse, producer, settings.worker_port, Fate(steps)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
