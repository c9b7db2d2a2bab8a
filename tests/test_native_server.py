"""The server that tests stand on says what a ClickHouse server says: checked with the real driver."""

import threading
from collections.abc import Callable, Iterator

import native_child
import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from analytics.warehouse.address import Address

pytestmark = pytest.mark.skipif(bool(native_child.GIVEN), reason="a real server was named; unset CLICKHOUSE_URL")
Make = Callable[..., Client]


@pytest.fixture
def client(clickhouse: Callable[[str], str]) -> Iterator[Make]:
    """Clients of the server: any options of the driver."""
    made: list[Client] = []

    def make(**options: object) -> Client:
        given = {"password": native_child.PASSWORD} | options
        made.append(Client(**{**Address.read(clickhouse("default")).arguments(), **given}))
        return made[-1]

    yield make
    for one in made:
        one.disconnect()


@pytest.fixture
def table(client: Make) -> Iterator[str]:
    client().execute("CREATE TABLE stored (a UInt64, b String) ENGINE = MergeTree ORDER BY a")
    yield "stored"
    client().execute("DROP TABLE stored")


@pytest.mark.parametrize("compression", [False, "lz4"])
def test_rows_of_the_drivers_own_writers_come_back(client: Make, table: str, compression: str) -> None:
    given = [(number, f"é{number}" * (number % 40)) for number in range(70_000)]
    assert client(compression=compression).execute(f"INSERT INTO {table} VALUES", given) == len(given)
    assert client(compression=compression).execute(f"SELECT * FROM {table} ORDER BY a") == given  # noqa: S608  # ours


def test_an_answer_of_many_blocks_streams_and_may_be_left(client: Make) -> None:
    asking = client()
    assert sum(1 for _ in asking.execute_iter("SELECT number FROM numbers(200000)")) == 200_000
    left = asking.execute_iter("SELECT number FROM numbers(10000000)")
    next(left)
    asking.disconnect()
    assert asking.execute("SELECT 3") == [(3,)]


def test_an_error_has_its_code_and_leaves_the_server_in_order(client: Make) -> None:
    asking = client()
    for text, code in (
        ("SELECT * FROM nowhere", 60),
        ("SELECT throwIf(number = 50000) FROM numbers(100000) SETTINGS max_block_size = 1000", 395),
        ("SELECT (", 62),
    ):
        with pytest.raises(ServerException) as refused:
            asking.execute(text)
        assert refused.value.code == code
        assert asking.execute("SELECT 1") == [(1,)]


def test_a_setting_holds_for_its_query_alone(client: Make) -> None:
    asking = client()
    assert asking.execute("SELECT getSetting('max_block_size')", settings={"max_block_size": 777}) == [(777,)]
    assert asking.execute("SELECT getSetting('max_block_size')") != [(777,)]


def test_an_answer_without_rows_has_its_columns(client: Make) -> None:
    assert client().execute("SELECT 1 AS a, 'x' AS b WHERE 0", with_column_types=True) == (
        [],
        [("a", "UInt8"), ("b", "String")],
    )


def test_an_old_client_is_understood(client: Make) -> None:
    old = client(client_revision=54440)
    assert old.execute("SELECT number, toString(number) FROM numbers(2)") == [(0, "0"), (1, "1")]


def test_many_clients_write_and_read_at_once(client: Make, table: str) -> None:
    clients = [client() for _ in range(4)]

    def work(one: Client, number: int) -> None:
        for turn in range(5):
            rows = [(number * 10_000 + turn * 100 + row, "v") for row in range(100)]
            one.execute(f"INSERT INTO {table} VALUES", rows)

    threads = [threading.Thread(target=work, args=(one, number)) for number, one in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client().execute(f"SELECT count(), uniqExact(a) FROM {table}") == [(2_000, 2_000)]  # noqa: S608  # ours
