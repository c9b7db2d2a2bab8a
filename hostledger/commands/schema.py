"""`hostledger schema`: the JSON Schema of an event."""

import msgspec
import typer

from analytics.contract import schema as json_schema


def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of one event; it is generated from the code that reads events.

    Example: hostledger schema > event.schema.json
    """
    typer.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode())
