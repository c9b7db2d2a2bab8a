"""`hostledger keys`: the API keys of the collector."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from analytics.events import MAX_ID_BYTES
from hostledger import keyfile
from hostledger.output import Format, FormatOption, refuse, show, tell
from hostledger.reading import settings_of

app = typer.Typer(no_args_is_help=True)
FileOption = Annotated[Path | None, typer.Option("--keys", help="file of API keys [setting HOSTLEDGER_KEYS]")]


@app.command()
def new(
    context: typer.Context,
    seller: Annotated[str, typer.Argument(help="seller_id that the key may speak for")],
    file: FileOption = None,
) -> None:
    """Make a key for a seller and print it, once; the file keeps only its hash. Older keys of the seller stay valid.

    Example: hostledger keys new seller-7
    """
    if not seller.strip() or not seller.isprintable() or len(seller.encode()) > MAX_ID_BYTES:
        refuse(f"SELLER={seller!r} is no seller_id: give 1 to {MAX_ID_BYTES} bytes of text, as its sessions name it")
    name = keyfile.add(file or settings_of(context).keys, seller)
    tell(f"Key {name} of seller {seller} is valid now. It is shown this once.")


@app.command("list")
def list_keys(context: typer.Context, file: FileOption = None, output: FormatOption = Format.TABLE) -> None:
    """List the keys by name, with seller and day of making; never the keys themselves.

    Example: hostledger keys list --format json
    """
    there = keyfile.listed(file or settings_of(context).keys)
    rows = [(key.name, key.holder, key.created) for key in there]
    show(pl.DataFrame(rows, schema={"name": str, "seller": str, "created": str}, orient="row"), output)


@app.command()
def revoke(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="name of the key, as hostledger keys list shows it")],
    file: FileOption = None,
) -> None:
    """Take a key back; a running collector refuses it from its next request on.

    Example: hostledger keys revoke 3f9a01bc
    """
    keyfile.revoke(file or settings_of(context).keys, name, see="hostledger keys list")
    tell(f"Key {name} is no longer valid.")
