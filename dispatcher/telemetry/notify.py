"""READY for people and scripts on stdout, and for systemd on its socket."""

import os
import socket
import sys


def ready(detail: str) -> None:
    """Say that the daemon has recovered and listens. ``detail`` follows READY on the same line."""
    print(f"READY {detail}", flush=True)
    notify("READY=1")


def notify(message: str) -> bool:
    """Send one message to systemd; return False when nobody asked for it or the socket is gone."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    path = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect(path)
            channel.sendall(message.encode())
    except OSError as error:
        print(f"sd_notify: {error}", file=sys.stderr)
        return False
    return True
