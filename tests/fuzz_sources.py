"""Payloads that coverage leads to: none crashes a source, and none yields money that it does not contain.

`make fuzz` runs it, and `make soak`; it needs atheris (requirements-soak.lock). Options are those of libFuzzer, as in
-max_total_time=60. What breaks is left as a file `crash-...`; that file as an argument tries it again.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["streams.sources", "streams.collector.judging"]):
    from source_inputs import first_inputs, mutated, try_one


def mutate(data: bytes, most: int, seed: int) -> bytes:
    return mutated(data, most, seed, lambda given, room: bytes(atheris.Mutate(given, room)))


def main() -> None:
    """Run libFuzzer on the seeds, in a folder that goes away; a file among the options is tried alone."""
    with TemporaryDirectory() as folder:
        for number, data in enumerate(first_inputs()):
            (Path(folder) / str(number)).write_bytes(data)
        alone = any(not word.startswith("-") for word in sys.argv[1:])
        options = [*sys.argv, "-max_len=32768", *([] if alone else [folder])]
        atheris.Setup(options, try_one, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
