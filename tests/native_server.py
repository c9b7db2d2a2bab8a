"""The server side of ClickHouse's native protocol in front of an engine in this process, for tests, on 127.0.0.1 only.

The real driver so talks to the real engine: inserts, tokens, settings, compression, errors, users, TLS. It is no proof
of replication, quorum or anything of a cluster. As a child it can be killed and started again on its folder and port:

    python native_server.py --folder F --port 0 [--user name:password:readonly] [--certificate PEM]
        [--die received|stored]
"""

import argparse
import json
import os
import re
import socket
import socketserver
import ssl
import struct
import sys
from contextlib import suppress
from tempfile import TemporaryFile

from chdb.state.sqlitelike import Connection
from clickhouse_cityhash.cityhash import CityHash128
from lz4 import block as lz4
from native_wire import (
    NEED_MORE,
    TEXT,
    Block,
    Column,
    parse,
    read_block,
    read_body,
    read_head,
    read_size,
    read_string,
    read_varint,
    skip_strings,
    string,
    varint,
)

REVISION = 54468
"""Of the protocol, as far as the driver speaks it."""
FLAGS, EVENTS, ADDENDUM, PARAMETERS, TIME, RULES, NONCE, TOTAL_BYTES = (
    54454,
    54456,
    54458,
    54459,
    54460,
    54461,
    54462,
    54463,
)
WRITTEN, SETTINGS_AS_TEXT, TRACING, REPLICAS, START_TIME, DEPTH = 54420, 54441, 54442, 54453, 54449, 54448
HELLO, DATA, EXCEPTION, PROGRESS, PONG, END, PROFILE, _, _, _, _, _, _, _, PROFILE_EVENTS = range(15)
QUERY, CLIENT_DATA, CANCEL, PING = range(1, 5)
BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
LZ4 = 0x82
EVENT_COLUMNS = [
    Column("host_name", "String"),
    Column("current_time", "DateTime"),
    Column("thread_id", "UInt64"),
    Column("type", "Enum8('increment' = 1, 'gauge' = 2)"),
    Column("name", "String"),
    Column("value", "Int64"),
]
INSERT = re.compile(
    r"\s*INSERT\s+INTO\s+(?:TABLE\s+)?([\w.`\"]+)\s*(?:\(([^()]*)\))?\s*(?:VALUES|FORMAT\s+\w+)?\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
SELECT = re.compile(r"(?:--.*\n|/\*.*?\*/|\s|\()*(SELECT|WITH)\b", re.IGNORECASE | re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}


class Wire:
    """What the client sends and is sent, over one socket."""

    def __init__(self, sock):
        self.sock, self.data, self.at, self.revision, self.compressed = sock, bytearray(), 0, REVISION, False

    def more(self):
        received = self.sock.recv(1 << 20)
        if not received:
            raise EOFError
        self.data += received

    def need(self, parser, *arguments):
        while True:
            try:
                value, self.at = parser(self.data, self.at, *arguments)
            except NEED_MORE:
                self.more()
            else:
                return value

    def number(self):
        return self.need(read_varint)

    def text(self):
        return self.need(read_string)

    def take(self, count):
        while len(self.data) < self.at + count:
            self.more()
        taken = bytes(self.data[self.at : self.at + count])
        self.at += count
        return taken

    def settings(self):
        found = {}
        while name := self.text():
            self.take(1)
            found[name] = self.text()
        return found

    def block(self):
        self.text()
        flagged = self.revision >= FLAGS
        found = self.unpacked(flagged) if self.compressed else self.arriving(flagged)
        del self.data[: self.at]
        self.at = 0
        return found

    def arriving(self, flagged):
        """A block column by column as it comes, so that no byte is read over and over while others are missing."""
        width, rows = self.need(read_size, True)
        block = Block(rows)
        for _ in range(width):
            name, kind = self.need(read_head, flagged)
            parsed = parse(kind)
            raw = self.strings(rows) if parsed == TEXT else self.need(read_body, parsed, rows)
            block.columns.append(Column(name, kind, raw))
        return block

    def strings(self, rows):
        begin = self.at
        left, self.at = skip_strings(rows, self.data, begin)
        while left:
            self.more()
            left, self.at = skip_strings(left, self.data, self.at)
        return bytes(self.data[begin : self.at])

    def unpacked(self, flagged):
        plain = bytearray()
        while True:
            plain += self.frame()
            with suppress(*NEED_MORE):
                return read_block(plain, 0, flagged, info=True)[0]

    def frame(self):
        checksum, head = self.take(16), self.take(9)
        size, raw = struct.unpack("<II", head[1:])
        body = self.take(size - 9)
        hashed = CityHash128(head + body)
        assert struct.pack("<QQ", hashed >> 64, hashed & 2**64 - 1) == checksum
        assert head[0] == LZ4
        return lz4.decompress(body, uncompressed_size=raw)

    def send(self, *parts):
        self.sock.sendall(b"".join(parts))

    def send_block(self, block, kind=DATA):
        data = BLOCK_INFO + block.written(flagged=self.revision >= FLAGS)
        if self.compressed and kind == DATA:
            body = lz4.compress(data, store_size=False)
            framed = struct.pack("<BII", LZ4, len(body) + 9, len(data)) + body
            hashed = CityHash128(framed)
            data = struct.pack("<QQ", hashed >> 64, hashed & 2**64 - 1) + framed
        self.send(varint(kind), string(""), data)

    def send_exception(self, error):
        found = re.search(r"Code:\s*(\d+)\.\s*(DB::\w+):\s*(.*)", str(error), re.DOTALL)
        code, name, text = (int(found[1]), found[2], found[3]) if found else (1001, "DB::Exception", repr(error))
        self.send(varint(EXCEPTION), struct.pack("<i", code), string(name), string(text.strip()), string(""), b"\0")

    def send_progress(self):
        extra = (self.revision >= TOTAL_BYTES) + 2 * (self.revision >= WRITTEN) + (self.revision >= TIME)
        self.send(varint(PROGRESS), varint(0) * (3 + extra))


class Handler(socketserver.BaseRequestHandler):
    """One client."""

    def handle(self):
        self.engine, self.database, self.standing = None, "", {}
        try:
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.server.tls:
                self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self.wire = Wire(self.request)
            if self.greet():
                self.serve()
        except (EOFError, OSError):
            pass  # the client has gone
        finally:
            if self.engine:
                self.engine.close()

    def greet(self):
        wire, server = self.wire, self.server
        assert wire.number() == HELLO
        wire.text(), wire.number(), wire.number()
        wire.revision = min(wire.number(), REVISION)
        database, user, password = wire.text(), wire.text(), wire.text()
        known, readonly = server.users.get(user, (None, ""))
        if known != password:
            wire.send_exception(f"Code: 516. DB::Exception: {user}: Authentication failed: password is incorrect.")
            return False
        try:
            self.engine = Connection(server.folder)
            self.engine.query("SET print_pretty_type_names = 0")
            self.database = database or "default"
            self.engine.query(f"USE `{self.database}`")
            if readonly:
                self.engine.query(f"SET readonly = {readonly}")
        except RuntimeError as error:
            wire.send_exception(error)
            return False
        numbers = [varint(int(part)) for part in server.version.split(".")[:3]]
        wire.send(
            varint(HELLO), string("ClickHouse"), *numbers[:2], varint(REVISION), string(server.zone), string("test")
        )
        wire.send(numbers[2], *([varint(0)] if wire.revision >= RULES else []))
        wire.send(bytes(8) if wire.revision >= NONCE else b"")
        if wire.revision >= ADDENDUM:
            wire.text()
        return True

    def serve(self):
        while True:
            kind = self.wire.number()
            if kind == PING:
                self.wire.send(varint(PONG))
            elif kind == QUERY:
                self.query()
            else:
                assert kind == CANCEL, kind

    def query(self):
        settings, text, parameters = self.read_query()
        try:
            inserted = INSERT.fullmatch(text)
            self.set({} if inserted else settings)
            if inserted:
                self.insert(inserted[1], inserted[2] or "*", settings)
            else:
                self.answer(text.rstrip().rstrip(";"), parameters)
            self.wire.send(varint(END))
        except (RuntimeError, UnicodeDecodeError) as error:
            self.wire.send_exception(error)

    def set(self, settings):
        """Bring the connection's settings to what a query asks for; they stay until another one has others."""
        for name in self.standing.keys() - settings.keys():
            with suppress(RuntimeError):  # readonly = 1 stays, as does what was set before it
                self.engine.query(f"SET {name} = DEFAULT")
            del self.standing[name]
        for name, value in settings.items():
            if self.standing.get(name) != value:
                self.engine.query(f"SET {name} = {quoted(value)}")
                self.standing[name] = value

    def read_query(self):
        wire = self.wire
        wire.text(), wire.take(1), wire.text(), wire.text(), wire.text()
        wire.take(8 if wire.revision >= START_TIME else 0), wire.take(1)
        wire.text(), wire.text(), wire.text(), wire.number(), wire.number(), wire.number(), wire.text()
        for _ in range(2 if wire.revision >= DEPTH else 1):
            wire.number()
        if wire.revision >= TRACING and wire.take(1) == b"\1":
            wire.take(24), wire.text(), wire.take(1)
        if wire.revision >= REPLICAS:
            wire.number(), wire.number(), wire.number()
        settings = wire.settings()
        if wire.revision >= SETTINGS_AS_TEXT:
            wire.text()
        wire.number()
        wire.compressed = bool(wire.number())
        text = wire.text()
        given = wire.settings() if wire.revision >= PARAMETERS else {}
        assert wire.number() == CLIENT_DATA
        assert not wire.block().columns, "tables from outside"
        parameters = {name: re.sub(r"\\(.)", _unescaped, value[1:-1]) for name, value in given.items()}
        return settings, text, parameters

    def header(self, text, parameters):
        """The columns of a query; they hang on its text alone, until a table is changed."""
        headers, asked = self.server.headers, (self.database, text)
        if asked not in headers:
            told = self.engine.query(f"DESCRIBE ({text}\n)", "JSONCompactEachRow", params=parameters).bytes()
            headers[asked] = [Column(row[0], row[1]) for row in map(json.loads, told.splitlines())]
        return headers[asked]

    def insert(self, table, columns, settings):
        """Store all blocks by one statement: the engine's streaming insert keeps the errors of its end to itself."""
        self.wire.send_block(Block(0, self.header(f"SELECT {columns} FROM {table}", {})))  # noqa: S608  # a test's own
        with TemporaryFile() as stored:
            while True:
                assert self.wire.number() == CLIENT_DATA
                block = self.wire.block()
                if not block.columns:
                    break
                stored.write(block.written(flagged=False))
                self.events()
            stored.flush()
            self.dies("received")
            if stored.tell():
                columns = "" if columns == "*" else f"({columns})"
                given = ", ".join(f"{name} = {quoted(value)}" for name, value in settings.items())
                self.engine.query(
                    f"INSERT INTO {table} {columns} FROM INFILE '/dev/fd/{stored.fileno()}'"
                    f" {given and 'SETTINGS'} {given} FORMAT Native"
                )
            self.dies("stored")
        self.events()

    def events(self):
        """After each block of an insert and at its end the driver waits for these; they are never compressed."""
        if self.wire.revision >= EVENTS:
            self.wire.send_block(Block(0, EVENT_COLUMNS), PROFILE_EVENTS)

    def dies(self, moment):
        if self.server.die == moment:
            os._exit(9)

    def answer(self, text, parameters):
        if SELECT.match(text):
            header = self.header(text, parameters)
            self.wire.send_block(Block(0, header))
            answers = self.engine.send_query(text, "Native", params=parameters)
            self.send_blocks((chunk.bytes() for chunk in answers), header)
            return
        told = self.engine.query(text, "Native", params=parameters).bytes()
        self.server.headers.clear()
        if told:
            block, _ = read_block(bytearray(told), 0, False)
            self.wire.send_block(Block(0, [Column(column.name, column.type) for column in block.columns]))
            self.send_blocks([told], block.columns)

    def send_blocks(self, chunks, header):
        for chunk in chunks:
            data, at = bytearray(chunk), 0
            while at < len(data):
                block, at = read_block(data, at, False)
                for column, known in zip(block.columns, header, strict=True):
                    column.type = known.type  # without a client's revision the engine leaves out the zone of DateTime
                self.wire.send_block(block)
        self.wire.send(varint(PROFILE), varint(0) * 3, b"\0", varint(0), b"\0")
        self.wire.send_progress()
        self.wire.send_block(Block())


class NativeServer(socketserver.ThreadingTCPServer):
    """Listens on 127.0.0.1. users: password and readonly ('', 1, 2) by name. die: the moment of an insert to die at."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, folder, port=0, users=None, tls=None, die=""):
        super().__init__(("127.0.0.1", port), Handler)
        self.folder, self.users, self.tls, self.die = folder, users or {"default": ("", "")}, tls, die
        self.headers = {}
        self.keep = Connection(folder)  # the engine stays between clients
        self.version = self.keep.query("SELECT version()", "TSV").bytes().decode().strip()
        self.zone = self.keep.query("SELECT timezone()", "TSV").bytes().decode().strip()


def quoted(value):
    return "'{}'".format(value.replace("\\", "\\\\").replace("'", "\\'"))


def _unescaped(found):
    return ESCAPES.get(found[1], found[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", action="append", default=[])
    parser.add_argument("--certificate")
    parser.add_argument("--die", default="")
    given = parser.parse_args()
    tls = None
    if given.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(given.certificate)
    users = {name: (password, readonly) for name, password, readonly in (user.split(":") for user in given.user)}
    server = NativeServer(given.folder, given.port, users, tls, given.die)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
