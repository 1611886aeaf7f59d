"""Getting revisions to the precinct: which to send now, which to wait with. The path itself is the caller's."""

from dispatcher.relay.schedule import Schedule, Sending

__all__ = ["Schedule", "Sending"]
