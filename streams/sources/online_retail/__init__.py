"""The order file of a real web shop (UCI Online Retail), read into contract events.

`reading` turns the file into exact lines, `mapping` says what each line is, `matching` finds the sale that a
cancellation undoes, `roster` knows which session was running and can make a synthetic shift plan, and `importing` puts
it together and closes the bridge from the file to the books. What the mapping decides, and why, is in
docs/ONLINE_RETAIL.md.
"""

from streams.sources.online_retail.importing import Import, OpenBridgeError, read_invoices, statement
from streams.sources.online_retail.reading import WrongFileError

__all__ = ["Import", "OpenBridgeError", "WrongFileError", "read_invoices", "statement"]
