"""What went wrong on the way to a ClickHouse server, in the words of the house: may it heal, what is there to do."""

import re

from clickhouse_driver import errors

from analytics.warehouse import WarehouseAway, WarehouseError
from analytics.warehouse.address import Address

PASSING = {3, 32, 159, 202, 203, 209, 210, 225, 236, 241, 242, 243, 252, 279, 285, 286, 319, 394, 425, 439, 999}
"""Codes of errors that may heal: time-outs, lost replicas or Keeper, too many queries or parts, no memory or disk."""
_REMEDIES = {
    60: "see the tables with: hostledger sql 'SHOW TABLES'",
    81: "make it with: hostledger migrate",
    159: "choose a shorter range, or fewer sessions",
    164: "only reading is allowed here; use SELECT",
    497: "ask who runs the server for the right",
    516: "check the user in HOSTLEDGER_CLICKHOUSE, and HOSTLEDGER_CLICKHOUSE_PASSWORD",
}


def lost(error: Exception, what: str, address: Address) -> WarehouseError:
    """Say that the connection ended, and whether trying again may heal it."""
    said = str(getattr(error, "message", None) or getattr(error, "strerror", None) or error or "the connection ended")
    if isinstance(error, (errors.SocketTimeoutError, TimeoutError)):
        said = "timed out"
    if "CERTIFICATE" in said:
        return WarehouseError(
            f"{what}: the certificate of {address} is not trusted: {said} Remedy: name the file of its authority in "
            "ca_certs=… of HOSTLEDGER_CLICKHOUSE."
        )
    return WarehouseAway(
        f"{what}: {address} cannot be reached or went away: {said} Remedy: see that the server runs there, and that "
        "HOSTLEDGER_CLICKHOUSE names it."
    )


def explained(error: errors.ServerException, what: str) -> WarehouseError:
    """Say what the server refused, without its version and stack, and the remedy where one is known."""
    message = re.sub(r"\s*\(version [\d.]+[^)]*\)", "", str(error.message).split("Stack trace:")[0]).strip()
    message = re.sub(r"^(?:Code: \d+\. )?DB::\w+:?[. ]*", "", message).rstrip(".") + "."
    remedy = _REMEDIES.get(error.code)
    kind = WarehouseAway if error.code in PASSING else WarehouseError
    return kind(f"{what}: {message}" + (f" Remedy: {remedy}." if remedy else ""))
