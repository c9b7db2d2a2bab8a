"""The warehouse on a ClickHouse server or cluster, over the native protocol (clickhouse-driver).

A handle is one connection with a mutex; each thread takes its own with `reader()`. A connection that was lost is made
anew before the next statement, to another of `alt_hosts` if need be; the statement that was under way is not repeated
here: its caller knows whether that is right, and an insert has its token for it.

On a cluster, inserts go to the Distributed table and wait until the shard has the block (`rendering` says why a block
stays whole) and most of its replicas have it (insert_quorum). Reading asks the replicas in the order of the cluster's
definition, so that what was just written is found, and sends the inner side of a join to all shards.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Self

import polars as pl
from clickhouse_driver import Client, errors
from clickhouse_driver.block import ColumnOrientedBlock
from clickhouse_driver.protocol import ClientPacketTypes
from clickhouse_driver.varint import write_varint
from clickhouse_driver.writer import write_binary_str

from analytics.warehouse import Parameter, WarehouseAway, WarehouseError, asking
from analytics.warehouse.address import Address
from analytics.warehouse.answers import answer
from analytics.warehouse.binding import bound
from analytics.warehouse.blocks import INSERT_SETTINGS, blocks
from analytics.warehouse.failures import explained, lost
from analytics.warehouse.formats import Table, formatted
from analytics.warehouse.migrations import Migration, migrate, pending, shipped
from analytics.warehouse.native import block
from analytics.warehouse.own import ALL_OR_NONE, EVERYTHING, Filters, Reading
from analytics.warehouse.rendering import checked, on_cluster
from analytics.warehouse.retention import Kept, Retention, changes, retain

_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
"""Fields before each block of the protocol: no overflow row, no bucket."""
CLUSTER_SETTINGS = {
    "distributed_foreground_insert": "1",
    "insert_quorum": "auto",
    "distributed_product_mode": "global",
    "load_balancing": "in_order",
    "prefer_localhost_replica": "0",
}


class _Text:
    """A parameter that is escaped already; the driver quotes it and leaves it alone."""

    def __init__(self, value: Parameter) -> None:
        self._text = bound(value).replace("\\", "\\\\").replace("'", "\\'")

    def __str__(self) -> str:
        return self._text


class Server:
    """A database on a ClickHouse server, through one connection."""

    def __init__(
        self, address: Address, password: str | None, cluster: str | None, *, reading: Reading | None = None
    ) -> None:
        self._address, self._password, self._cluster = address, password, cluster
        self._reads = reading
        logging.getLogger("clickhouse_driver").addHandler(logging.NullHandler())
        self._mutex = threading.Lock()
        self._reading: Server | None = None
        settings = {"server_side_params": True, **(CLUSTER_SETTINGS if cluster else {})}
        self._client = Client(
            **address.arguments(),
            password=password or "",
            client_name="hostledger",
            tcp_keepalive=True,
            settings=settings,
        )
        if reading:
            self._read_only(reading)

    @classmethod
    def open(cls, url: str, *, password: str | None = None, cluster: str | None = None) -> Self:
        """Connect to a database that `migrate` has made. cluster: its name, where the tables are spread over servers.

        Raises WarehouseAway if the server cannot be reached, WarehouseError if it refuses or the schema is not this
        version's.
        """
        server = cls(Address.read(url), password, cluster and checked(cluster))
        try:
            _complete(pending(server.run), server._address)
        except WarehouseError:
            server.close()
            raise
        return server

    @classmethod
    def migrate(cls, url: str, *, password: str | None = None, cluster: str | None = None) -> list[str]:
        """Make the database, bring it to the shipped schema, and give the names applied now. Raises as `open`."""
        address = Address.read(url)
        with closing(cls(address.elsewhere("default"), password, cluster and checked(cluster))) as server:
            server.run(f"CREATE DATABASE IF NOT EXISTS {address.database}{on_cluster(cluster)}")
        with closing(cls(address, password, cluster)) as server:
            return migrate(server.run, cluster)

    @classmethod
    def retain(cls, url: str, wanted: Retention, *, password: str | None = None, cluster: str | None = None) -> Kept:
        """Keep viewers' raw events as long as wanted, in a database that is up to date. Raises as `open`."""
        with closing(cls.open(url, password=password, cluster=cluster)) as server:
            return retain(server.run, wanted, cluster)

    @classmethod
    def planned(
        cls, url: str, wanted: Retention, *, password: str | None = None, cluster: str | None = None
    ) -> list[str]:
        """Give the statements that `migrate` and `retain` would run now, and change nothing. Raises as `open`."""
        address = Address.read(url)
        with closing(cls(address.elsewhere("default"), password, cluster and checked(cluster))) as server:
            if there := server.run(f"EXISTS DATABASE {address.database}").strip() == "1":
                server.run(f"USE {address.database}")
            fresh = pending(server.run) if there else shipped()
            kept = list(changes(server.run if there else None, wanted, cluster))
        return [statement for migration in fresh for statement in migration.rendered(cluster)] + kept

    def __repr__(self) -> str:
        """Name the server, and nothing secret."""
        return f"Server({self._address}{', read-only' if self._reads else ''})"

    @property
    def database(self) -> str:
        """Name of the database."""
        return self._address.database

    def query(self, name: str, **parameters: Parameter) -> pl.DataFrame:
        """Run the named query `queries/NAME.sql` with its parameters bound. Raises WarehouseError."""
        return self._frame(
            asking.named(name), f"query {name}", {key: _Text(value) for key, value in parameters.items()}
        )

    def ask(self, text: str) -> pl.DataFrame:
        """Run a query text, read-only, and give its answer as a frame. Raises WarehouseError."""
        return self._frame(text, "query") if self._reads else self._reader().ask(text)

    def sql(self, text: str, output_format: str = "PrettyCompact") -> str:
        """Run a query text, read-only, and give its answer in a ClickHouse output format. Raises WarehouseError."""
        if not self._reads:
            return self._reader().sql(text, output_format)
        return formatted(text, output_format, self._table)

    def insert(self, table: str, frame: pl.DataFrame, token: str) -> None:
        """Insert rows as one block; the same token again changes nothing. Raises WarehouseError.

        More than half a million rows are cut, always at the same places, into blocks with tokens of their own.
        """
        for part, its_token in blocks(frame, token):
            self._insert_block(table, part, its_token)

    def reader(self, limit_s: int = 0, shown: Filters = EVERYTHING) -> "Server":
        """Give another handle, read-only, for use by another thread, that sees these rows and no others.

        limit_s: seconds that a query may take; 0, or a user who may not change settings: as the server has it. Raises
        WarehouseError for such a user where rows are to be left out.
        """
        return Server(self._address, self._password, self._cluster, reading=Reading(limit_s, shown))

    def twin(self) -> "Server":
        """Give another handle with the same rights, for use by another thread."""
        return Server(self._address, self._password, self._cluster, reading=self._reads)

    def close(self) -> None:
        """Hang up."""
        if self._reading:
            self._reading.close()
        with self._mutex:
            self._client.disconnect()

    def _reader(self) -> "Server":
        self._reading = self._reading or self.reader()
        return self._reading

    def _frame(self, text: str, what: str, texts: dict[str, _Text] | None = None) -> pl.DataFrame:
        with self._asking(what):
            columns, header = self._client.execute(text, texts, with_column_types=True, columnar=True)
        return answer(columns, header)

    def _insert_block(self, table: str, frame: pl.DataFrame, token: str) -> None:
        text = f"INSERT INTO {table} ({', '.join(frame.columns)}) VALUES"
        settings = INSERT_SETTINGS | {"insert_deduplication_token": token}
        client = self._client
        with self._asking(f"insert into {table}"), client.disconnect_on_error(text, settings):
            client.connection.send_query(text)
            client.connection.send_external_tables(None)
            header = client.receive_sample_block().columns_with_types
            self._send(block(frame, header))
            client.receive_profile_events()
            client.connection.send_data(ColumnOrientedBlock())  # nothing more
            client.receive_profile_events()
            client.receive_end_of_insert_query()

    def _send(self, written: bytes) -> None:
        connection = self._client.connection
        write_varint(ClientPacketTypes.DATA, connection.fout)
        write_binary_str("", connection.fout)
        connection.block_out.fout.write(_BLOCK_INFO + written)
        connection.block_out.finalize()

    def _read_only(self, reading: Reading) -> None:
        """Take the right to write away, unless the server did so; who may only read may not change settings either."""
        settings = self._client.settings
        kept, level = dict(settings), ""
        settings.clear()
        try:
            level = self.run("SELECT toString(getSetting('readonly'))").strip()
        finally:
            settings.update({} if level == "1" else kept | reading.settings())
        if level == "1" and reading.shown:
            self.close()
            raise WarehouseError(ALL_OR_NONE)
        if level == "0":
            settings["readonly"] = "1"

    def run(self, text: str) -> str:
        """Run one statement and give its answer as tab-separated text. Raises WarehouseError."""
        _, rows = self._table(text)
        return "".join("\t".join(map(str, row)) + "\n" for row in rows)

    def _table(self, text: str) -> Table:
        with self._asking("query"):
            rows, header = self._client.execute(text, with_column_types=True)
        return header, rows

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Hold the connection, and say what went wrong on it in the words of the house."""
        with self._mutex:
            try:
                yield
            except (errors.NetworkError, errors.SocketTimeoutError, EOFError, OSError) as error:
                raise lost(error, what, self._address) from error
            except errors.ServerException as error:
                raise explained(error, what) from error
            except errors.Error as error:
                raise WarehouseAway(f"{what}: {self._address} said what was not expected: {error}") from error


def _complete(lacks: list[Migration], address: Address) -> None:
    if lacks:
        raise WarehouseError(
            f"database {address} lacks {len(lacks)} migration{'s' * (len(lacks) > 1)} of this version, from "
            f"{lacks[0].name} on; bring it up to date with: hostledger migrate"
        )
