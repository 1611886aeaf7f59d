"""Getting revisions to the precinct: which to send now, which to wait with. The path itself is the caller's."""

from dispatcher.relay.schedule import Schedule, Sending
from dispatcher.relay.words import MAX_WORDS, Words

__all__ = ["MAX_WORDS", "Schedule", "Sending", "Words"]
