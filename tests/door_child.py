"""Runs several command lines one after the other in this one process, and says how each ended.

Reads a JSON list of lists of words; writes a JSON list of exit code, standard output and standard error.
"""

import json
import sys

from typer.testing import CliRunner

from hostledger.door import build


def ended(words: list[str]) -> tuple[int, str, str]:
    done = CliRunner().invoke(build(words), words, catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


if __name__ == "__main__":
    json.dump([ended(words) for words in json.load(sys.stdin)], sys.stdout)
