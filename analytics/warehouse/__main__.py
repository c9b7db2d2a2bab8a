"""`python -m analytics.warehouse`, a step of the installation: makes the blank that new warehouses are copies of."""

from pathlib import Path
from tempfile import TemporaryDirectory

from analytics.warehouse import blank
from analytics.warehouse.embedded import Embedded

if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        Embedded.open(Path(folder)).close()
        blank.keep(Path(folder) / "clickhouse")
