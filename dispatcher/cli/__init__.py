"""The command line: parse, call, print.

Exit codes: 0 good, 1 found faults, 64 usage, 74 I/O error, 75 try later, 78 bad configuration.
"""

from dispatcher.cli.app import main

__all__ = ["main"]
