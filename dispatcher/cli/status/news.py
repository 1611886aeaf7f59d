"""What happened between two views of a post: rules that came to something, connections, the lamp. Pure."""

from collections.abc import Iterator

from dispatcher.cli.quantities import instant
from dispatcher.cli.status import words
from dispatcher.cli.status.words import named, phase, word
from dispatcher.post.standing import RuleLine, Standing

MAX_NEWS = 6


def news_of(before: Standing | None, after: Standing) -> list[str]:
    """Return a line for each thing that happened, with the time of the later view."""
    if before is None:
        return []
    at = instant(after.at_ms, after.timezone, "%H:%M:%S")
    return [f"{at} {what}" for what in _what(before, after)]


def _what(before: Standing, after: Standing) -> Iterator[str]:
    known = {line.id: line for line in before.rules.lines}
    for line in after.rules.lines:
        yield from _of_rule(known.get(line.id), line)
    if before.lamp != after.lamp:
        yield word(words.LAMP_NEWS, what=after.lamp)
    phases = {one.name: one.phase for one in before.brokers}
    for one in after.brokers:
        if phases.get(one.name, one.phase) != one.phase:
            yield word(words.LINK_NEWS, what=one.name, phase=phase(one.phase))


def _of_rule(before: RuleLine | None, after: RuleLine) -> Iterator[str]:
    if before is None:
        return
    for said, count in after.today.items():
        known = before.today.get(said, 0)
        more = count - known if count >= known else count  # a new day has begun
        if more:
            times = f" {more}x" if more > 1 else ""
            yield word(words.RULE_NEWS, rule=after.id, said=named(words.SAID, said)) + times
