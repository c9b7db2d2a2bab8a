"""The command-line door of hostledger: settings and one module per command."""

__version__ = "0.1.0"
