"""Which of a post's alerts are news to the rules, and as what.

A rule's incident is one alert, whatever joins it later. In the incident of a button every press is one, as it is in
the timeline of a test: each asks for help anew. Nothing is one twice, however often it is sent.
"""

from collections.abc import Iterable, Iterator

from dispatcher.domain.events import Event, is_press
from dispatcher.domain.ids import digest
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import FLOOR_RULE, OWN_RULES, UNKNOWN_RULE
from dispatcher.precinct.intake import instant_ms
from dispatcher.rules.engine.verdict import About, alert_event
from dispatcher.wire.alert import Alert, AlertEvidence

RECENT_MS = 600_000
NO_ALERTS = frozenset({UNKNOWN_RULE, *OWN_RULES})  # word about a device or a post, and no alert of a rule or the floor


def news(alert: Alert, kind_before: str | None, fresh: Iterable[AlertEvidence]) -> tuple[str, ...]:
    """Return the ids of the alerts that a revision brings, none where it brings none.

    ``kind_before`` is the incident's kind until now, None for an incident that was not known; ``fresh`` is the
    evidence that it did not have. The first alert of an incident has the incident's own id.
    """
    if alert.rule in NO_ALERTS:
        return ()
    calls = [entry for entry in fresh if is_press(entry.kind) or alert.rule == FLOOR_RULE]
    if kind_before is None:
        return (alert.id, *(_id(alert, entry.event) for entry in calls[1:]))
    if calls:
        return tuple(_id(alert, entry.event) for entry in calls)
    return () if alert.incident == kind_before else (_id(alert, ""),)


def _id(alert: Alert, event: str) -> str:
    return digest("alert", alert.id, alert.incident, event)


def is_from_before(alert: Alert, at: int, born: int) -> bool:
    """Return whether all of an alert, received at ``at``, is long past for our store, which began at ``born``.

    A post sends its last days again to a store that is new. The rules saw them when they came for the first time; what
    happened just before is news all the same, for who saw it is gone.
    """
    born -= RECENT_MS
    if at - alert.age_s * 1000 >= born:
        return False
    if alert.rule != FLOOR_RULE:
        return True
    times = [instant_ms(entry.at) for entry in alert.evidence]
    return alert.clock == "trusted" and all(time is not None and time < born for time in times)


def events(ids: Iterable[str], alert: Alert, site: Site, now: Stamp) -> Iterator[Event]:
    """Yield the alerts as events."""
    post = site.posts.get(alert.post)
    kelurahan = alert.place.kelurahan or (post.kelurahan if post is not None else None) or None
    for id_ in ids:
        about = About(alert.incident, str(alert.severity), alert.post, kelurahan, alert.exercise)
        yield alert_event(id_, about, now)
