"""What was judged becomes rows, in one commit: incidents, commands, counters, and the memory that knows of them."""

import logging

from dispatcher.precinct.database import MessageError, StoreError
from dispatcher.precinct.intake import Note
from dispatcher.precinct.own import Own
from dispatcher.precinct.rules.effects import Deed, Ended, Judged, Order, Raised

_log = logging.getLogger(__name__)


def keep(own: Own, judged: Judged, at: int, *, attended: bool) -> frozenset[str]:
    """Keep all of it inside a batch; return the incidents that changed.

    What cannot be kept for a reason of its own is told and passed over: it must not come again at every start.
    """
    store = own.store
    changed: set[str] = set()
    for deed in judged.effects.deeds:
        try:
            with store.one():
                changed |= _do(own, deed, at, attended)
        except Exception as error:
            if isinstance(error, StoreError) and not isinstance(error, MessageError):
                raise
            _log.exception("rule_failed")
    for (name, label), by in judged.effects.counts.items():
        store.count(name, label, by)
    store.rules.keep(judged)
    return frozenset(changed)


def _do(own: Own, deed: Deed, at: int, attended: bool) -> set[str]:
    match deed:
        case Raised():
            return _raise(own, deed, at, attended)
        case Ended(rule=rule, group=group):
            ended = own.end_condition((rule, group), at)
            return set() if ended is None else {ended}
        case Order():
            own.store.rules.order(deed, at)
            return set()


def _raise(own: Own, raised: Raised, at: int, attended: bool) -> set[str]:
    incident = own.raise_incident(raised, at)
    if incident is None:
        return set()
    if not attended:
        own.store.mark((incident,), Note.UNATTENDED, at)
    return {incident}
