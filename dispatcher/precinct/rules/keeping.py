"""What was judged becomes rows, in one commit: incidents, commands, counters, and the memory that knows of them."""

import logging

from dispatcher.domain.site import Site
from dispatcher.precinct.database import MessageError, StoreError
from dispatcher.precinct.intake import Note
from dispatcher.precinct.rules.effects import Deed, Ended, Judged, Order, Raised
from dispatcher.precinct.store import Store

_log = logging.getLogger(__name__)


def keep(store: Store, judged: Judged, precinct: str, site: Site, at: int, *, attended: bool) -> frozenset[str]:
    """Keep all of it inside a batch; return the incidents that changed.

    What cannot be kept for a reason of its own is told and passed over: it must not come again at every start.
    """
    changed: set[str] = set()
    for deed in judged.effects.deeds:
        try:
            with store.one():
                changed |= _do(store, deed, precinct, site, at, attended)
        except Exception as error:
            if isinstance(error, StoreError) and not isinstance(error, MessageError):
                raise
            _log.exception("rule_failed")
    for (name, label), by in judged.effects.counts.items():
        store.count(name, label, by)
    store.rules.keep(judged)
    return frozenset(changed)


def _do(store: Store, deed: Deed, precinct: str, site: Site, at: int, attended: bool) -> set[str]:
    match deed:
        case Raised():
            return _raise(store, deed, precinct, site, at, attended)
        case Ended(rule=rule, group=group):
            ended = store.end_condition((rule, group), at)
            return set() if ended is None else {ended}
        case Order():
            store.rules.order(deed, at)
            return set()


def _raise(store: Store, raised: Raised, precinct: str, site: Site, at: int, attended: bool) -> set[str]:
    taken = store.raise_incident(raised, precinct, site, at)
    if taken is None:
        return set()
    if not attended:
        store.mark((taken.incident,), Note.UNATTENDED, at)
    return {taken.incident}
