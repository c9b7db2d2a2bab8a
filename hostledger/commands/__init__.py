"""One module per command of `hostledger`."""
