"""What we asked the broker to send, and what it granted. One ledger per connection, used on the link's thread."""

from collections.abc import Iterable, Sequence

from paho.mqtt.client import topic_matches_sub

BATCH = 64
"""Filters in one SUBSCRIBE: a post with hundreds of devices should not make one packet too large for its broker."""

GRANTED_QOS = 1
MAX_FILTER_BYTES = 65_535
MAX_SEEN = 4096


class Ledger:
    """Filters asked for, answered and refused. A filter counts as granted only with the broker's word for it."""

    def __init__(self) -> None:
        self.wanted: tuple[str, ...] = ()
        self._asked: dict[int, tuple[str, ...]] = {}
        self._refused: dict[str, str] = {}
        self._seen: set[str] = set()

    @property
    def settled(self) -> bool:
        """Whether every question has its answer."""
        return not self._asked

    @property
    def refused(self) -> tuple[str, ...]:
        """Each refused filter with the broker's reason, as one word group."""
        return tuple(f"{name} ({why})" for name, why in self._refused.items())

    def change(self, filters: Iterable[str]) -> tuple[list[str], list[str]]:
        """Take the new list as wanted; return what to subscribe to and what to unsubscribe from.

        What was refused before is asked again: a reload may follow a change of the broker's access rules.
        """
        new = tuple(dict.fromkeys(filters))
        held = set(self.wanted) - set(self._refused)
        gone = [name for name in self.wanted if name not in new]
        self.wanted = new
        self._refused = {}
        self._seen.clear()
        return [name for name in new if name not in held], gone

    def is_stray(self, topic: str) -> bool:
        """Whether no filter of ours asks for this topic; said once for each topic.

        A session outlives a program and its configuration: what was subscribed to before still comes. Before this
        connection has asked for anything nothing is known to be one: what waited in the session comes with the broker's
        greeting, and to unsubscribe from it would lose what is sent until we have subscribed again.
        """
        if not self.wanted or topic in self._seen:
            return False
        if len(self._seen) >= MAX_SEEN:
            self._seen.clear()
        self._seen.add(topic)
        return not any(topic_matches_sub(name, topic) for name in self.wanted)

    def asked(self, mid: int, filters: Sequence[str]) -> None:
        """Note that SUBSCRIBE ``mid`` carries these filters."""
        self._asked[mid] = tuple(filters)

    def answered(self, mid: int, answers: Sequence[tuple[int, str]]) -> None:
        """Note the SUBACK: a (code, words) pair for each filter. Anything but QoS 1 is a refusal, and QoS 0 too.

        A subscription at QoS 0 looks like success and loses messages.
        """
        filters = self._asked.pop(mid, ())
        for name, (code, words) in zip(filters, answers, strict=False):
            if code != GRANTED_QOS and name in self.wanted:
                self._refused[name] = words
        for name in filters[len(answers) :]:
            self._refused[name] = "no answer"


def batches(filters: Sequence[str]) -> list[list[str]]:
    """Cut a list of filters into packets."""
    return [list(filters[at : at + BATCH]) for at in range(0, len(filters), BATCH)]


def check_filter(name: str) -> None:
    """Raise ValueError for a filter that no broker could take (MQTT 5, 4.7.1)."""
    levels = name.split("/")
    stray = any(len(level) > 1 and ("+" in level or "#" in level) for level in levels) or "#" in levels[:-1]
    if not name or stray or "\0" in name or len(name.encode("utf-8")) > MAX_FILTER_BYTES:
        raise ValueError(f"not a topic filter: {name!r}")
