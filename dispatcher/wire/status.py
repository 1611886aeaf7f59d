"""``status``: how the post is, retained, every 15 s, with a will that says ``offline``."""

from dataclasses import dataclass, field
from typing import Any

from dispatcher.wire import fields
from dispatcher.wire.fields import Malformed

STATES = frozenset({"online", "offline", "unsaved"})


@dataclass(frozen=True, slots=True)
class Status:
    """How a post is. ``oldest_s`` is the age of the oldest undelivered revision in seconds, 0 with an empty outbox.

    ``run`` is drawn at each start, ``told`` counts what that run has said (0: a will, or a post that does not count).
    ``disk`` is how its disk is: good, slow, low or failed; empty where that was not said.
    Where a card was copied, two machines have one ``instance``, and nothing but these tells them apart.
    """

    state: str
    instance: str
    version: str
    rules: str
    clock: str
    outbox_depth: int = 0
    oldest_s: int = 0
    run: str = ""
    told: int = field(default=0, compare=False)
    disk: str = ""


def encode(status: Status) -> bytes:
    """Return the status as it goes over the wire."""
    return fields.dump(
        {
            "v": fields.VERSION,
            "state": status.state,
            "instance": status.instance,
            "version": status.version,
            "rules": status.rules,
            "clock": status.clock,
            "outbox_depth": status.outbox_depth,
            "oldest_s": status.oldest_s,
            "run": status.run,
            "told": status.told,
            "disk": status.disk,
        }
    )


def decode(payload: bytes) -> Status | Malformed:
    """Read a status."""
    try:
        return _decode(fields.load_object(payload))
    except Malformed as malformed:
        return malformed


def _decode(body: dict[str, Any]) -> Status:
    return Status(
        state=fields.choice(body, "state", STATES),
        instance=fields.text(body, "instance", 64),
        version=fields.optional_text(body, "version", 64) or "",
        rules=fields.optional_text(body, "rules", 64) or "",
        clock=fields.optional_text(body, "clock", 32) or "",
        outbox_depth=fields.optional_integer(body, "outbox_depth") or 0,
        oldest_s=fields.optional_integer(body, "oldest_s") or 0,
        run=fields.optional_text(body, "run", 64) or "",
        told=fields.optional_integer(body, "told") or 0,
        disk=fields.optional_text(body, "disk", 16) or "",
    )
