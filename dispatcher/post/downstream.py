"""What the precinct says: receipts, watches, commands, and that it has taken an event."""

from collections.abc import Callable

from dispatcher.domain.events import Lane, RawMessage, Rejected, RejectReason
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import Command
from dispatcher.journal import Entry, Kind
from dispatcher.post import records
from dispatcher.post.intake import Intake, Taken
from dispatcher.post.memory import Memory
from dispatcher.post.records import Message
from dispatcher.wire import command as command_wire
from dispatcher.wire import event as event_wire
from dispatcher.wire import watch as watch_wire
from dispatcher.wire.fields import Malformed


class Downstream:
    """Takes the precinct's messages in. ``on_taken`` is told of each event that need not be sent again."""

    def __init__(self, memory: Memory, intake: Intake, on_taken: Callable[[str], None]) -> None:
        self._memory = memory
        self._intake = intake
        self._on_taken = on_taken

    def take(self, raw: RawMessage, stamp: Stamp) -> Taken:
        """Fold one message; its topic says of which sort it is."""
        match raw.topic.rsplit("/", 1)[-1]:
            case "watch":
                return self._watch(raw, stamp)
            case "command":
                return self._command(raw, stamp)
            case _:
                return self._receipt(raw, stamp)

    def _receipt(self, raw: RawMessage, stamp: Stamp) -> Taken:
        if b'"event"' in raw.payload:
            taken = event_wire.decode_taken(raw.payload)
            if not isinstance(taken, Malformed):
                self._memory.words.pop(taken.event, None)
                self._on_taken(taken.event)
                return Taken(None)  # not written down: what is sent once more is taken once
        outcome = self._memory.receipt(raw.payload)
        if isinstance(outcome, Malformed):
            return self._malformed(raw, outcome, stamp)
        if not outcome.changes:
            return Taken(None, decisions=(outcome,))
        return Taken(_entry(raw, stamp), decisions=(outcome,), urgent=True)

    def _malformed(self, raw: RawMessage, malformed: Malformed, stamp: Stamp) -> Taken:
        return self._intake.reject(raw, Rejected(malformed.reason, malformed.detail[:80]), stamp)

    def _watch(self, raw: RawMessage, stamp: Stamp) -> Taken:
        watches = watch_wire.decode(raw.payload)
        if isinstance(watches, Malformed):
            return self._malformed(raw, watches, stamp)
        if watches == self._memory.rulebook.watches():
            return Taken(None)
        self._memory.watch(watches)
        return Taken(Entry(Kind.WATCH, stamp, watch_wire.encode(watches)), urgent=True)

    def _command(self, raw: RawMessage, stamp: Stamp) -> Taken:
        order = command_wire.decode(raw.payload)
        if isinstance(order, Malformed):
            return self._malformed(raw, order, stamp)
        device = self._memory.context.site.devices.get(order.device)
        if device is None or device.post not in (self._memory.context.post, None):
            return self._intake.reject(raw, Rejected(RejectReason.UNKNOWN_DEVICE, "command", order.device[:80]), stamp)
        if raw.retain or self._memory.obey(raw.payload) is None:
            return Taken(None)
        command = Command(order.id, order.device, order.command, order.args)
        return Taken(_entry(raw, stamp), urgent=True, answers=(command,))


def _entry(raw: RawMessage, stamp: Stamp) -> Entry:
    message = Message(Lane.PRECINCT, raw.topic, raw.payload, raw.qos, raw.retain, raw.dup)
    return Entry(Kind.MESSAGE, stamp, records.message_body(message))
