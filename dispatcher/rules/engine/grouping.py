"""Which window an event belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass

from dispatcher.domain.events import Event, Value
from dispatcher.domain.site import Site
from dispatcher.rules.language import RunsAt, StateForm, When


def key_of(values: list[Value | None]) -> str:
    """Return one text for a list of values: 3 is 3.0, and "3" is neither. By hand, for it is asked for each event."""
    if not values:
        return ""
    try:
        text = "=" + "/=".join(values)  # type: ignore[arg-type]  # words, almost always
    except TypeError:
        return "/".join([_word(value) for value in values])
    if "~" in text or text.count("/") >= len(values):
        return "/".join([_word(value) for value in values])
    return text


def _word(value: Value | None) -> str:
    if isinstance(value, str):
        return "=" + (value.replace("~", "~~").replace("/", "~s") if "/" in value or "~" in value else value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return repr(value)


def values_of(key: str) -> list[str]:
    """Return the values that ``key_of`` made a text of, as people read them."""
    return [_unword(word) for word in key.split("/")]


def _unword(word: str) -> str:
    if not word.startswith("="):
        return word
    return "~".join(part.replace("~s", "/") for part in word[1:].split("~~"))


@dataclass(frozen=True, slots=True)
class Grouping:
    """How a rule groups. A rule at a post sees that post alone, so the post is always part of its groups.

    ``near`` maps a kelurahan to itself and its neighbours where the rule looks at those; it is then not part of the
    window's key, but of the group that a firing is for.
    """

    fields: tuple[str, ...]
    near: Mapping[str, tuple[str, ...]] | None

    def key(self, event: Event) -> str | None:
        """Return the key of an event's window; None for an event that lacks a field, and so counts in no group."""
        if self.near is not None and event.kelurahan is None:
            return None
        values = [event.field(name) for name in self.fields]
        return None if None in values else key_of(values)

    def group(self, event: Event) -> str | None:
        """Return the group that a firing by this event is for."""
        key = self.key(event)
        return key if key is None or self.near is None else f"{event.kelurahan}{key}"

    def reach(self, event: Event) -> tuple[str, ...]:
        """Return the kelurahan whose events are looked at for this one; empty: all."""
        if self.near is None or event.kelurahan is None:
            return ()
        return self.near.get(event.kelurahan, (event.kelurahan,))


def grouping_of(when: When, runs_at: RunsAt, site: Site) -> Grouping:
    """Return how a ``when`` groups."""
    fields = when.group_by
    if isinstance(when.form, StateForm) and not fields:
        fields = ("post",)
    if runs_at is RunsAt.POST:
        fields = ("post", *(name for name in fields if name != "post"))
    near = None
    if when.neighbours:
        near = {one.id: (one.id, *one.neighbours) for one in site.kelurahan.values()}
    return Grouping(fields, near)
