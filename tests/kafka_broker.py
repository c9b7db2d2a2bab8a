"""A real broker for tests: the user's, Apache Kafka from Maven's jars, or Tansu from PyPI for the plain path only."""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ports import free_port

with warnings.catch_warnings():
    # kafka-python reads its own files in a way that Python 3.11 deprecates and later versions took back
    warnings.simplefilter("ignore", DeprecationWarning)
    from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
    from kafka.errors import KafkaError

POM = Path(__file__).with_name("kafka") / "pom.xml"
VERSION = re.search(r"<kafka.version>(.+?)<", POM.read_text())[1]
JARS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hostledger" / f"kafka-{VERSION}"
START_S = 600
FETCH_S = 600
BOOTSTRAP_MS = 15_000
HEAP = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/log
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=2
num.io.threads=2
background.threads=2
num.recovery.threads.per.data.dir=1
log.cleaner.threads=1
log.cleaner.backoff.ms=100
log.cleaner.dedupe.buffer.size=4194304
log.initial.task.delay.ms=500
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=500
"""


class NoBroker(Exception):  # noqa: N818  # named for what is the case
    """There is no broker to be had; the message says why and what would help."""


class Broker:
    """Apache Kafka in KRaft mode, one node, always on the same port and folder.

    is_apache: offsets, lag, compaction and idempotence can be trusted. breakable: a test may stop and kill it.
    """

    is_apache = True
    breakable = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.controller = free_port(), free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return f"Apache Kafka {VERSION} (KRaft, one node, {self.bootstrap})"

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Format the folder at the first start; return when it answers and leads what it holds. Raises NoBroker."""
        if not (self.folder / "server.properties").exists():
            self._format()
        with (self.folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(self.folder / "server.properties")), stdout=log, stderr=log
            )
        await_answer(self.bootstrap, lambda: self.runs, self.folder / "broker.log", leads)

    def stop(self) -> None:
        """End the broker in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker as a power cut would."""
        self._end(signal.SIGKILL)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Have the broker answer nothing for a while, its connections open."""
        if self._process is None:
            raise NoBroker("a broker that does not run cannot stand still")
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)  # until all of its threads do; on a busy machine some still answer
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Start anew with what is in the folder, on the same port; ends a running one first."""
        self.stop()
        self.start()

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(with_signal)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _format(self) -> None:
        fetch_jars()
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        properties.write_text(PROPERTIES.format(port=self.port, controller=self.controller, folder=self.folder))
        command = self._java("kafka.tools.StorageTool", "format", "-t", "hostledgerTestCluster0", "-c", str(properties))
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=START_S)
        if done.returncode:
            raise NoBroker(f"the broker's folder cannot be formatted: {done.stdout}{done.stderr}")

    def _java(self, *arguments: str) -> list[str]:
        return ["java", *HEAP, "-cp", f"{JARS}/*", *arguments]


class Tansu(Broker):
    """The Tansu broker: produce and consume only; all in memory, offsets not to be trusted."""

    is_apache = False
    breakable = False

    @property
    def name(self) -> str:
        return f"Tansu ({self.bootstrap}), for the plain path,"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        address = f"tcp://{self.bootstrap}"
        command = [tansu(), "broker", "--listener-url", address, "--advertised-listener-url", address]
        with (self.folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        await_answer(self.bootstrap, lambda: self.runs, self.folder / "broker.log")


class Theirs(Broker):
    """The user's own cluster, named by KAFKA_BOOTSTRAP_SERVERS; no test may stop it."""

    breakable = False

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._process = None

    @property
    def runs(self) -> bool:
        return True

    @property
    def name(self) -> str:
        return f"your own cluster ({self.bootstrap})"

    def start(self) -> None:
        await_answer(self.bootstrap, lambda: True, None)


def choice() -> str:
    """Say which broker a test run takes: `theirs`, `apache`, `tansu` or `` for none."""
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        return "theirs"
    if shutil.which("java") and (shutil.which("mvn") or any(JARS.glob("kafka_*.jar"))):
        return "apache"
    return "tansu" if tansu() else ""


MEANINGS = {
    "theirs": "your own cluster (KAFKA_BOOTSTRAP_SERVERS)",
    "apache": f"Apache Kafka {VERSION}, one node, started for this run",
    "tansu": "Tansu: the plain path only; install Java 17 and Maven for offsets, lag and faults",
    "": "none: tests that need a broker are skipped; install Java 17 and Maven, or set KAFKA_BOOTSTRAP_SERVERS",
}


def make(folder: Path) -> Broker:
    """Make the broker of this run, not yet started. Raises NoBroker."""
    match choice():
        case "theirs":
            return Theirs(os.environ["KAFKA_BOOTSTRAP_SERVERS"])
        case "apache":
            return Broker(folder)
        case "tansu":
            return Tansu(folder)
    raise NoBroker(MEANINGS[""])


def tansu() -> str | None:
    """Give the path of the Tansu program, of this environment or of PATH."""
    return shutil.which("tansu", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


def fetch_jars() -> None:
    """Have Maven copy the jars of the pom into the user's cache, once. Raises NoBroker."""
    JARS.parent.mkdir(parents=True, exist_ok=True)
    with JARS.with_name(f"{JARS.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process of the tests fetches them, the others find them there
        if not any(JARS.glob("kafka_*.jar")):
            _fetch_jars()


def _fetch_jars() -> None:
    aside = JARS.with_name(f"{JARS.name}.{os.getpid()}")
    command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={aside}"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=FETCH_S)
    except (subprocess.SubprocessError, OSError) as error:
        shutil.rmtree(aside, ignore_errors=True)
        said = getattr(error, "stdout", "") or error
        raise NoBroker(f"Maven cannot fetch Apache Kafka's jars (is Maven Central within reach?): {said}") from None
    shutil.rmtree(JARS, ignore_errors=True)
    aside.rename(JARS)


def await_answer(
    bootstrap: str, is_alive: Callable[[], bool], log: Path | None, is_there: Callable[[str], None] | None = None
) -> None:
    """Return when the broker answers. Raises NoBroker with the end of its log.

    is_there: asks for more than that; raises KafkaError or OSError if it is not so yet.
    """
    until = time.monotonic() + START_S
    while time.monotonic() < until and is_alive():
        if _accepts(bootstrap):
            try:
                (is_there or answers)(bootstrap)
            except (KafkaError, OSError):
                time.sleep(0.2)
            else:
                return
        time.sleep(0.1)
    said = log.read_text(errors="replace")[-2000:] if log else ""
    raise NoBroker(f"the broker at {bootstrap} does not answer: {said}")


def answers(bootstrap: str) -> None:
    """Ask the broker who it is."""
    KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=BOOTSTRAP_MS).close()


def leads(bootstrap: str) -> None:
    """Ask the broker for the end of every partition: one that is just back answers before it leads any."""
    with closing(KafkaConsumer(bootstrap_servers=bootstrap, bootstrap_timeout_ms=BOOTSTRAP_MS)) as consumer:
        held = {topic: consumer.partitions_for_topic(topic) or () for topic in consumer.topics()}
        consumer.end_offsets([TopicPartition(topic, number) for topic, numbers in held.items() for number in numbers])


def _accepts(bootstrap: str) -> bool:
    host, _, port = bootstrap.split(",", maxsplit=1)[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True
