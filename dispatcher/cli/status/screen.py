"""A post's standing as lines of text for a narrow terminal. Pure: from values to lines."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from dispatcher.cli.quantities import brief, clock_span, instant, number, size, span
from dispatcher.cli.status import words
from dispatcher.cli.status.words import named, phase, word
from dispatcher.domain.faults import Text
from dispatcher.mqtt import Phase
from dispatcher.post.standing import Broker, IncidentLine, RuleLine, Standing

WIDTH = 60
LABEL = 11
MAX_OPEN, MAX_OPEN_TIGHT, MAX_NEWS_TIGHT = 5, 2, 2
ROOMY = 36  # lines; on a lower terminal the rules would have no room beside the rest
BAR = 4
NAME, FILL, ENDS, TODAY, LAST = 21, 11, 8, 8, 8  # columns of the rules' table; 60 with the spaces between them


def view(standing: Standing, width: int = WIDTH, height: int | None = None, news: Sequence[str] = ()) -> list[str]:
    """Return the whole view, cut to ``width`` columns and, if given, ``height`` lines: of many rules the nearest."""
    tight = height is not None and height < ROOMY
    top = [line[:width] for line in [*_head(standing, width), *_rows(standing, width, tight=tight)]]
    told = [line[:width] for line in _news(news[-MAX_NEWS_TIGHT:] if tight else news)]
    room = None if height is None else height - len(top) - len(told) - 1
    rules = [line[:width] for line in _rules(standing.rules.lines, room)]
    return [_printable(line) for line in [*top, "-" * width, *rules, *told][:height]]


def _printable(line: str) -> str:
    """Return a line without what a terminal would obey: names come from files and devices."""
    return line if line.isprintable() else "".join(one if one.isprintable() else "?" for one in line)


def _head(standing: Standing, width: int) -> Iterator[str]:
    at = instant(standing.at_ms, standing.timezone, "%d-%m %H:%M:%S")
    yield f"{standing.post}  {at}  {standing.version}  {word(words.UP, span=span(standing.up_s))}"
    yield "-" * width


def _rows(standing: Standing, width: int, *, tight: bool) -> Iterator[str]:
    rows: list[tuple[Text, str]] = [
        (words.LAMP, ", ".join(part for part in (standing.lamp, standing.trouble) if part)),
        (words.BROKER, _links([one for one in standing.brokers if one.name != "precinct"])),
        (words.PRECINCT, _links([one for one in standing.brokers if one.name == "precinct"])),
        (words.OUTBOX, _outbox(standing)),
        (words.LANES, "  ".join(f"{lane.name} {lane.waiting}" for lane in standing.lanes)),
        (words.MATCHER, named(words.MATCHERS, standing.matcher.answers) if standing.matcher else ""),
        (words.DISK, _disk(standing)),
        (words.CLOCK, _clock(standing)),
        (words.RULES, _ruleset(standing)),
        (words.DEVICES, _devices(standing, by_name=not tight)),
        (words.OPEN, _count_open(standing)),
    ]
    for label, text in rows:
        yield from _row(label, text, width)
    for one in standing.incidents[: MAX_OPEN_TIGHT if tight else MAX_OPEN]:
        lines = textwrap.wrap(_incident(one), width, initial_indent="  ", subsequent_indent="    ")
        yield from lines[:1] if tight else lines


def _row(label: Text, text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=f"{word(label):<{LABEL}}", subsequent_indent=" " * LABEL)


def _links(links: Iterable[Broker]) -> str:
    """Return how connections stand: one sentence where all stand alike, else each by its name."""
    links = list(links)
    if all(link.phase == Phase.SUBSCRIBED for link in links):
        since_s = min((link.since_s for link in links), default=0)
        return word(words.SINCE, what=phase(Phase.SUBSCRIBED), span=span(since_s))
    return "; ".join(_link(link, alone=len(links) == 1) for link in links)


def _link(link: Broker, *, alone: bool) -> str:
    name = "" if alone else f"{link.name} "
    detail = f": {link.detail}" if link.detail else ""
    return f"{name}{word(words.SINCE, what=phase(link.phase), span=span(link.since_s))}{detail}"


def _outbox(standing: Standing) -> str:
    outbox = standing.outbox
    if not outbox.depth:
        return word(words.ALL_SENT)
    return word(words.WAITING, count=outbox.depth, span=span(outbox.oldest_s))


def _disk(standing: Standing) -> str:
    disk = standing.disk
    state, free = named(words.DISKS, disk.state), "?" if disk.free_bytes is None else size(disk.free_bytes)
    if disk.save_ms is None or disk.save_p99_ms is None:
        return word(words.FREE_YET, state=state, free=free)
    return word(words.FREE, state=state, free=free, mean=number(disk.save_ms), p99=number(disk.save_p99_ms))


def _clock(standing: Standing) -> str:
    text = words.TRUSTED if standing.clock.trusted else words.DOUBTED
    return word(text, span=span(standing.clock.since_s))


def _ruleset(standing: Standing) -> str:
    rules = standing.rules
    if rules.safe_mode:
        return word(words.SAFE)
    text = words.FAULTY if rules.faults else words.SAME if rules.in_files == rules.version else words.DIFFERENT
    return word(text, count=rules.count, version=rules.version)


def _devices(standing: Standing, *, by_name: bool) -> str:
    silent = [line.id for line in standing.devices if line.heard_s is None and line.is_expected]
    expected = sum(line.is_expected for line in standing.devices)
    text = words.SILENT if silent and by_name else words.HEARD
    return word(text, heard=expected - len(silent), count=expected, silent=", ".join(silent[:10]))


def _count_open(standing: Standing) -> str:
    count = standing.incidents_open
    return word(words.COUNT_OPEN, count=count) if count else word(words.NONE_OPEN)


def _incident(one: IncidentLine) -> str:
    return f"{one.severity} {one.stage} {span(one.age_s)} {one.count}x {one.title}"


# --- the rules


def _rules(lines: Sequence[RuleLine], room: int | None) -> Iterator[str]:
    if not lines:
        return
    yield _columns(*map(word, words.HEAD))
    blocks = [_rule(line) for line in sorted(lines, key=_nearness)]
    left = None if room is None else max(0, room - 2)  # the head, and the line that counts the rest
    for shown, block in enumerate(blocks):
        if left is not None and len(block) > left:
            yield word(words.MORE, count=len(blocks) - shown)
            return
        yield from block
        left = None if left is None else left - len(block)


def _nearness(line: RuleLine) -> tuple[bool, float]:
    """Order rules: the fullest windows first, then running timers; all others keep their order."""
    if line.sort == "window" and line.have:
        return False, -1.0 - line.have / max(1, line.need)
    return (False, 0.0) if line.sort == "timer" and line.have else (True, 0.0)


def _rule(line: RuleLine) -> list[str]:
    fired = line.today.get("fired", 0) + line.today.get("shadow", 0)
    ends = "" if line.ends_ms is None else clock_span(line.ends_ms)
    last = word(words.NEVER) if line.fired_s is None else brief(line.fired_s)
    found = [_columns(line.id, _fill(line), ends, f"{fired}x", last)]
    group = ", ".join(f"{name}={value}" for name, value in line.group if name != "post" or len(line.group) == 1)
    return [*found, f"  {group}"] if group and line.have else found


def _columns(name: str, fill: str, ends: str, today: str, last: str) -> str:
    return f"{name[:NAME]:<{NAME}} {fill[:FILL]:<{FILL}} {ends:>{ENDS}} {today:>{TODAY}} {last[:LAST]:>{LAST}}"


def _fill(line: RuleLine) -> str:
    if line.mode == "off":
        return word(words.OFF)
    if line.sort == "timer":
        return word(words.TIMERS, count=line.have)
    if line.sort == "window":
        return f"{line.have}/{line.need} {_bar(line.have, line.need)}"
    return word(words.SHADOW) if line.mode == "shadow" else "-"


def _bar(have: int, need: int) -> str:
    full = min(BAR, BAR * have // max(1, need)) if have < need else BAR
    return "#" * full + "." * (BAR - full)


def _news(news: Sequence[str]) -> Iterator[str]:
    if news:
        yield word(words.LATELY)
        yield from (f"  {line}" for line in news)
