"""The precinct's word, and our own news about the way: receipts, sends, and the ten seconds after which we say so."""

from dataclasses import replace

from dispatcher.domain.incident import Receipt, Stage
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.duties import is_late, undelivered
from dispatcher.incidents.model import Change, Decision, Incident, PutIncident, PutStore, Reason
from dispatcher.incidents.stages import moves
from dispatcher.incidents.state import PostState, resend_everything


def decide_receipt(state: PostState, receipt: Receipt) -> Decision:
    """Return what a receipt changes; one for an unknown incident changes nothing but the store."""
    store = _store_change(state, receipt)
    is_new = bool(store) and state.store is not None
    before = state.incidents.get(receipt.id)
    if before is None:
        return Decision(Reason.STORE_CHANGED if is_new else Reason.UNKNOWN_INCIDENT, store)
    after = _answered(resend_everything(before) if is_new else before, receipt)
    if after == before:
        return Decision(Reason.STALE, store, (), before.id)
    reason = Reason.STORE_CHANGED if is_new else Reason.ADVANCED
    return _moved(reason, before, after, *store)


def _moved(reason: Reason, before: Incident, after: Incident, *others: Change) -> Decision:
    found = moves(before, after)
    return Decision(reason, (*others, PutIncident(after)), found.confirms, before.id, found.moved)


def _store_change(state: PostState, receipt: Receipt) -> tuple[Change, ...]:
    if receipt.store is None or receipt.store == state.store:
        return ()
    return (PutStore(receipt.store),)


def _answered(incident: Incident, receipt: Receipt) -> Incident:
    rev = min(receipt.rev, incident.rev)  # nobody can have answered what was not made yet
    match receipt.stage:
        case Stage.DELIVERED:
            return _delivered(incident, rev)
        case Stage.UNATTENDED:
            return replace(incident, unattended_rev=max(incident.unattended_rev, rev))
        case _:
            return _officer(incident, receipt, rev)


def _delivered(incident: Incident, rev: int) -> Incident:
    """Take revisions out of the outbox; a repeated ``delivered`` also says that a board is there again."""
    highest = max(incident.delivered_rev, rev)
    outbox = tuple(revision for revision in incident.outbox if revision.rev > highest)
    arrived = tuple(revision for revision in incident.outbox if revision.rev <= highest)
    unattended = 0 if rev >= incident.unattended_rev else incident.unattended_rev
    return replace(
        incident,
        delivered_rev=highest,
        outbox=outbox,
        kept=(*incident.kept, *arrived),
        unattended_rev=unattended,
    )


def _officer(incident: Incident, receipt: Receipt, rev: int) -> Incident:
    if rev <= incident.answers.get(receipt.stage, 0):
        return incident
    answers = {**incident.answers, receipt.stage: rev}
    return replace(incident, answers=answers, by=receipt.by or incident.by)


def decide_sent(state: PostState, incident: str, rev: int) -> Decision:
    """Record that the precinct's broker took a revision. A broker's word is not delivery."""
    before = state.incidents.get(incident)
    if before is None:
        return Decision(Reason.UNKNOWN_INCIDENT)
    after = replace(before, sent_rev=max(before.sent_rev, rev))
    if after == before:
        return Decision(Reason.STALE, incident=incident)
    return _moved(Reason.SENT, before, after)


def decide_time(state: PostState, now: Stamp) -> Decision:
    """Tell presses that have waited 10 s without delivery that they are undelivered."""
    overdue = [incident for incident in state.overdue(now) if _overdue_rev(incident, now)]
    if not overdue:
        return Decision(Reason.NOTHING_DUE)
    told = [replace(incident, undelivered_rev=_overdue_rev(incident, now)) for incident in overdue]
    found = [moves(before, after) for before, after in zip(overdue, told, strict=True)]
    return Decision(
        Reason.UNDELIVERED,
        tuple(PutIncident(incident) for incident in told),
        tuple(answer for one in found for answer in one.confirms),
        moved=tuple(move for one in found for move in one.moved),
    )


def _overdue_rev(incident: Incident, now: Stamp) -> int:
    """Return the highest revision whose delivery is overdue and not told yet, 0 for none."""
    return max((entry.rev for entry in undelivered(incident) if is_late(entry, now)), default=0)
