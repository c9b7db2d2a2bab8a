"""The warehouse on a server: who may come in, what a lost connection is, and that a repeat stores once."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import native_child
import polars as pl
import pytest
from native_child import PASSWORD, Child
from warehouse_books import rows
from warehouse_stage import online, presence

from analytics.warehouse import WarehouseAway, WarehouseError, asking
from analytics.warehouse.address import Address
from analytics.warehouse.migrations import shipped
from analytics.warehouse.server import Server

TLS = Path(__file__).with_name("data") / "tls"
ours = pytest.mark.skipif(bool(native_child.GIVEN), reason="stops servers: not that of CLICKHOUSE_URL; unset it")


def migrated(url: str) -> str:
    """The address, with a database made there."""
    Server.migrate(url, password=PASSWORD)
    return url


def opened(url: str) -> Server:
    return Server.open(url, password=PASSWORD)


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    """A server of this test, to be killed and started again."""
    server = Child(tmp_path / "engine")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


def test_a_wrong_password_is_refused_with_where_to_look(database: str) -> None:
    with pytest.raises(WarehouseError, match=r"Authentication failed.*HOSTLEDGER_CLICKHOUSE_PASSWORD") as refused:
        Server.open(database, password="wrong'secret")  # noqa: S106  # a wrong one
    assert not isinstance(refused.value, WarehouseAway)
    assert "wrong'secret" not in str(refused.value)


def test_a_database_that_was_not_made_is_refused_with_the_command_that_makes_it(
    clickhouse: Callable[[str], str],
) -> None:
    with pytest.raises(WarehouseError, match="hostledger migrate"):
        opened(clickhouse("nowhere"))


def test_a_database_that_lacks_migrations_is_refused_with_the_command_that_adds_them(
    database: str, server: Server
) -> None:
    latest = shipped()[-1]
    server.run(f"DELETE FROM schema_migrations WHERE number = {latest.number}")  # noqa: S608  # our number
    with pytest.raises(WarehouseError, match=rf"lacks 1 migration of this version, from {latest.name} on"):
        opened(database)
    assert Server.migrate(database, password=PASSWORD) == [latest.name]
    opened(database).close()


def test_nothing_secret_is_in_a_name_or_a_message(server: Server) -> None:
    assert PASSWORD or native_child.GIVEN
    with pytest.raises(WarehouseError) as refused:
        server.sql("SELECT * FROM nowhere")
    for text in (repr(server), str(server), repr(server._address), str(refused.value)):
        assert PASSWORD not in text or not PASSWORD


@ours
@pytest.mark.parametrize("user", ["reader", "grafana"])
def test_a_user_who_may_only_read_reads_and_cannot_write(database: str, server: Server, user: str) -> None:
    server.insert("presence", presence(7), "batch-1")
    with closing(opened(database.replace("default@", f"{user}@"))) as limited:
        assert online(limited) == (7, 7)
        assert limited.query("page_clock")["batches"].to_list() == [0]
        with closing(limited.reader()) as reader:
            assert online(reader) == (7, 7)
        with pytest.raises(WarehouseError):
            limited.insert("presence", presence(7, batch=2), "batch-2")
    assert online(server) == (7, 7)


def test_a_reader_cannot_write(server: Server) -> None:
    with closing(server.reader()) as reader, pytest.raises(WarehouseError, match="only reading is allowed here"):
        reader.insert("presence", presence(7), "batch-1")
    assert online(server) == (0, 0)


@ours
@pytest.mark.parametrize("moment", ["received", "stored"])
def test_an_insert_whose_server_died_is_stored_once_by_its_repeat(child: Child, moment: str) -> None:
    url = migrated(child.url("books"))
    child.kill()
    child.start(die=moment)
    with closing(opened(url)) as server:
        with pytest.raises(WarehouseAway, match="insert into presence: "):
            server.insert("presence", presence(700), "batch-1")
        child.wait()
        with pytest.raises(WarehouseAway, match="Connection refused"):
            server.insert("presence", presence(700), "batch-1")
        child.start()
        assert online(server)[0] == (700 if moment == "stored" else 0)
        for _ in range(2):
            server.insert("presence", presence(700), "batch-1")
            assert online(server) == (700, 700)


@ours
def test_a_handle_finds_its_server_again_after_a_restart(child: Child) -> None:
    with closing(opened(migrated(child.url("books")))) as server:
        server.insert("presence", presence(7), "batch-1")
        child.kill()
        with pytest.raises(WarehouseAway, match="cannot be reached or went away"):
            server.query("page_clock")
        child.start()
        assert online(server) == (7, 7)
        server.insert("presence", presence(7), "batch-1")
        assert online(server) == (7, 7)


@ours
def test_the_other_host_is_asked_when_the_first_is_gone(child: Child, tmp_path: Path) -> None:
    other = Child(tmp_path / "other")
    other.start()
    try:
        migrated(child.url("books"))
        with closing(opened(migrated(other.url("books")))) as server:
            server.insert("presence", presence(5), "batch-1")
        with closing(opened(child.url("books", alt_hosts=f"127.0.0.1:{other.port}"))) as server:
            assert online(server) == (0, 0)
            child.kill()
            assert rows(server, "SELECT count() FROM presence") == [("5",)]
            assert server.query("page_clock").height == 1
    finally:
        other.kill()


@ours
def test_a_query_under_way_when_the_server_dies_is_away_and_not_empty(child: Child) -> None:
    migrated(child.url("books"))
    with closing(opened(child.url("books"))) as server, pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            asking, "named", lambda _name: "SELECT sleepEachRow(1) FROM numbers(3600) SETTINGS max_block_size = 1"
        )
        killer = threading.Timer(0.7, child.kill)
        killer.start()
        with pytest.raises(WarehouseAway, match="query any: "):
            server.query("any")
        killer.join()


def test_a_server_that_says_nothing_is_away_after_the_time_out(silent: int) -> None:
    began = time.monotonic()
    with pytest.raises(WarehouseAway, match="timed out"):
        Server.open(f"clickhouse://127.0.0.1:{silent}/books?send_receive_timeout=0.3&connect_timeout=0.3")
    assert time.monotonic() - began < 60, "the driver's own patience is 300 s"


def test_a_host_that_has_no_address_is_away() -> None:
    with pytest.raises(WarehouseAway, match=r"no-such-host\.invalid:9000/books cannot be reached"):
        Server.open("clickhouse://no-such-host.invalid/books")


@ours
def test_a_connection_with_tls_is_made_to_a_server_whose_authority_is_trusted_and_to_no_other(tmp_path: Path) -> None:
    child = Child(tmp_path / "engine", TLS / "server.pem")
    child.start()
    try:
        url = migrated(child.url("books", ca_certs=str(TLS / "authority.pem")))
        with closing(opened(url)) as server:
            server.insert("presence", presence(7), "batch-1")
            assert online(server) == (7, 7)
        for options in ({"ca_certs": str(TLS / "stranger.pem")}, {}):
            with pytest.raises(WarehouseError, match=r"certificate .* is not trusted.*ca_certs=") as refused:
                opened(child.url("books", **options))
            assert not isinstance(refused.value, WarehouseAway)
        with closing(opened(child.url("books", verify="false"))) as server:
            assert online(server) == (7, 7)
        with pytest.raises(WarehouseAway):
            opened(child.url("books").replace("clickhouses:", "clickhouse:") + "&send_receive_timeout=1")
    finally:
        child.kill()


def test_blocks_pass_compressed_as_they_pass_plain(database: str, server: Server) -> None:
    with closing(opened(database + ("&" if "?" in database else "?") + "compression=lz4")) as packed:
        packed.insert("presence", presence(70_000, days=3), "batch-1")
        assert online(packed) == (70_000, 70_000)
    assert online(server) == (70_000, 70_000)


def test_handles_of_many_threads_do_not_disturb_each_other(server: Server) -> None:
    failures: list[BaseException] = []

    def work(handle: Server, number: int) -> None:
        try:
            for turn in range(5):
                batch = number * 100 + turn
                handle.insert("presence", presence(10, batch), f"batch-{batch}")
                assert handle.query("core_batch_closed", batches=[batch])["closed"].to_list() == [0]
        except (WarehouseError, AssertionError) as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(server, number)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert online(server) == (200, 200)


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("small", pl.Series([128]), "cannot hold"),
        ("price", pl.Series(["1.005"]).cast(pl.Decimal(10, 3)), "exactly"),
        ("price", pl.Series([1.5]), None),
        ("small", pl.Series([1.5]), "exactly"),
        ("at", pl.Series([1_700_000_000_000_001]).cast(pl.Datetime("us", "UTC")), "exactly"),
        ("second", pl.Series([1_700_000_000_001]).cast(pl.Datetime("ms", "UTC")), "parts of a second"),
        ("kind", pl.Series(["gift"]), "cannot hold"),
        ("odd", pl.Series(["x"]), "FixedString is not"),
    ],
)
def test_what_a_column_cannot_hold_exactly_is_refused_and_never_cut(
    server: Server, column: str, values: pl.Series, said: str | None
) -> None:
    server.run(
        "CREATE TABLE exact (small Int8, price Decimal(10, 2), at DateTime64(3, 'UTC'), second DateTime('UTC'), "
        "kind Enum8('sale' = 1), odd FixedString(3)) ENGINE = MergeTree ORDER BY tuple()"
    )
    frame = pl.DataFrame({column: values})
    if said is None:
        server.insert("exact", frame, "rows")
        assert rows(server, f"SELECT {column} FROM exact") == [("1.5",)]  # noqa: S608  # ours
        return
    with pytest.raises(WarehouseError, match=f"column {column}: .*{said}"):
        server.insert("exact", frame, "rows")
    assert rows(server, "SELECT count() FROM exact") == [("0",)]


def test_huge_integers_are_stored_to_the_last_digit(server: Server) -> None:
    server.run("CREATE TABLE huge (a Int128, b UInt128) ENGINE = MergeTree ORDER BY a")
    values = [-(2**127), 0, 2**127 - 1]
    frame = pl.DataFrame({"a": pl.Series(values, dtype=pl.Int128), "b": pl.Series([0, 1, 2**127 - 1], dtype=pl.Int128)})
    server.insert("huge", frame, "rows")
    assert rows(server, "SELECT a FROM huge ORDER BY a") == [(str(value),) for value in values]
    assert rows(server, "SELECT b FROM huge ORDER BY a") == [("0",), ("1",), (str(2**127 - 1),)]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:8123", "clickhouse:// or clickhouses://"),
        ("clickhouse://", "a host follows"),
        ("clickhouse://me:s3cret@host/books", "HOSTLEDGER_CLICKHOUSE_PASSWORD"),
        ("clickhouse://host:port/books", "not understood"),
        ("clickhouse://host/books?verify=perhaps", "verify is true or false"),
        ("clickhouse://host/books?connect_timeout=soon", "connect_timeout is a number of seconds"),
        ("clickhouse://host/books?connect_timeout=0", "connect_timeout is a number of seconds"),
        ("clickhouse://host/books?compression=zip", "lz4, none"),
        ("clickhouse://host/books?use_numpy=1", "use_numpy is no option"),
        ("clickhouse://host/books?alt_hosts=", "alt_hosts is empty"),
        ("clickhouse://host/my-books", "name of the database"),
    ],
)
def test_an_address_that_cannot_be_is_refused_and_not_repeated(url: str, said: str) -> None:
    with pytest.raises(WarehouseError, match=said) as refused:
        Address.read(url)
    assert "s3cret" not in str(refused.value)
    assert "as in clickhouse://hostledger@127.0.0.1:9000/hostledger" in str(refused.value)


def test_an_address_has_sensible_parts_where_it_says_nothing() -> None:
    plain, secure = Address.read("clickhouse://host"), Address.read("clickhouses://me%40home@host/x?verify=0")
    assert (plain.port, plain.user, plain.database, plain.secure) == (9000, "default", "hostledger", False)
    assert (secure.port, secure.user, secure.database, secure.secure, secure.verify) == (
        9440,
        "me@home",
        "x",
        True,
        False,
    )
