"""A daemon on a leash: ``python -m dispatcher.demo.leash PARENT_PID COMMAND..`` becomes COMMAND.

The daemons run in sessions of their own, so that Ctrl-C reaches only the demo, which ends them in order. The price is
that nothing would end them if the demo were killed with -9; so the kernel is asked to send SIGTERM when the parent dies
(prctl PR_SET_PDEATHSIG, which survives exec). An end of stdin would say the same, but only to a daemon that reads it,
and daemons under systemd have no reason to.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Ask for the signal, then become the daemon. Ends at once if the parent has died already."""
    parent = int(arguments[0])
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the kernel was asked
        sys.exit(0)
    os.execv(arguments[1], arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
