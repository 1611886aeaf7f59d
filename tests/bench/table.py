"""From raw figures to the table: medians over the rounds, a bar each, and whether it is met."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

Record = dict[str, Any]

SPARE_MS, SPARE_P99_MS = 1.5, 3.0
SLOW_MS = 500.0
MEMORY_MIB, FLAT_MIB = 64.0, 2.0
EMPTY_S, FULL_S = 1.0, 5.0
EVENT_MS, FILL_RATIO, CHECK_S, TEST_S, YEAR_S = 5.0, 2.0, 1.0, 10.0, 60.0
CHECKPOINT_MIB, CHECKPOINT_S = 3.0, 0.3
PANIC_KIB, SENSOR_KIB = 24.0, 2.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. ``met`` is None where there is nothing to compare with."""

    what: str
    bare: str
    post: str
    bar: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """Return the last column."""
        return "" if self.met is None else "met" if self.met else "MISSED"


class Results:
    """All records of one run: ``{"row", "contender", "round", figures...}``."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = list(records)

    def has(self, row: str) -> bool:
        """Return whether the post was measured on this row."""
        return any(record["row"] == row and record["contender"] != "bare" for record in self._records)

    def median(self, row: str, key: str, contender: str = "post") -> float:
        """Return the median over the rounds; not a number where it was not measured."""
        found = [float(record[key]) for record in self._of(row, contender) if key in record]
        return median(found) if found else float("nan")

    def total(self, row: str, key: str, contender: str = "post") -> int:
        """Return the sum over the rounds: of what must not happen even once."""
        return sum(int(record.get(key, 0)) for record in self._of(row, contender))

    def probes(self, key: str) -> float:
        """Return the median of the disk's own figure over all rounds of both contenders."""
        return median(float(record[key]) for record in self._records if key in record)

    def word(self, row: str, key: str) -> str:
        """Return a text figure of the post."""
        return next((str(record[key]) for record in self._of(row, "post") if key in record), "?")

    def _of(self, row: str, contender: str) -> list[Record]:
        return [record for record in self._records if record["row"] == row and record["contender"] == contender]


def lines(results: Results) -> list[Line]:
    """Return the lines of every row that was measured."""
    rows: dict[str, Callable[[Results], list[Line]]] = {
        "press": _press,
        "slow": _slow,
        "burst-100": _burst,
        "burst-1000": _burst_many,
        "killed": _killed,
        "memory": _memory,
        "reloads": _changing,
        "start": _start,
        "bytes": _bytes,
        "rules-event": _rules_event,
        "rules-fill": _rules_fill,
        "rules-commands": _rules_commands,
        "rules-year": _rules_year,
        "rules-matchers": _rules_matchers,
    }
    return [line for row, make in rows.items() if results.has(row) for line in make(results)]


def _press(of: Results) -> list[Line]:
    bare50, bare99 = of.median("press", "idle_p50", "bare"), of.median("press", "idle_p99", "bare")
    post50, post99 = of.median("press", "idle_p50"), of.median("press", "idle_p99")
    disk50, disk99 = of.probes("fsync_p50"), of.probes("fsync_p99")
    bar50, bar99 = bare50 + disk50 + SPARE_MS, bare99 + 2 * disk99 + SPARE_P99_MS
    flood99, lost = of.median("press", "flood_p99"), of.total("press", "flood_lost") + of.total("press", "idle_lost")
    bare_lost = of.total("press", "flood_lost", "bare") + of.total("press", "idle_lost", "bare")
    return [
        Line("disk's own fdatasync, p50 / p99", "", f"{disk50:.2f} / {disk99:.2f} ms", "", None),
        Line("press to alert, 20/s, p50", _ms(bare50), _ms(post50), f"<= {_ms(bar50)}", post50 <= bar50),
        Line("press to alert, 20/s, p99", _ms(bare99), _ms(post99), f"<= {_ms(bar99)}", post99 <= bar99),
        Line(
            "press to alert, 20/s, max",
            _ms(of.median("press", "idle_max", "bare")),
            _ms(of.median("press", "idle_max")),
            "",
            None,
        ),
        Line(
            "the same under 3,000 sensors/s, p50",
            _ms(of.median("press", "flood_p50", "bare")),
            _ms(of.median("press", "flood_p50")),
            "",
            None,
        ),
        Line(
            "the same under 3,000 sensors/s, p99",
            _ms(of.median("press", "flood_p99", "bare")),
            _ms(flood99),
            f"<= {_ms(3 * post99)}",
            flood99 <= 3 * post99,
        ),
        Line("  presses lost", str(bare_lost), str(lost), "0", lost == 0),
    ]


def _slow(of: Results) -> list[Line]:
    p99, lost = of.median("slow", "slow_p99"), of.total("slow", "slow_lost")
    return [
        Line("the same with a 100 ms fsync, p99", "", _ms(p99), f"<= {_ms(SLOW_MS)}", p99 <= SLOW_MS),
        Line("  presses lost", "", str(lost), "0", lost == 0),
    ]


def _burst(of: Results) -> list[Line]:
    bare, post = of.median("burst-100", "events_s", "bare"), of.median("burst-100", "events_s")
    share = post / bare
    return [Line("burst of readings, 100 rules", _rate(bare), f"{_rate(post)} ({share:.2f})", ">= 0.25", share >= 0.25)]


def _burst_many(of: Results) -> list[Line]:
    few, many = of.median("burst-100", "events_s"), of.median("burst-1000", "events_s")
    share = many / few
    return [Line("  with 1,000 rules", "", f"{_rate(many)} ({share:.2f})", ">= 0.50", share >= 0.5)]


def _killed(of: Results) -> list[Line]:
    lost, twice = of.total("killed", "lost"), of.total("killed", "twice")
    bare = f"{of.total('killed', 'lost', 'bare')} / {of.total('killed', 'twice', 'bare')}"
    pressed = of.total("killed", "pressed")
    what = f"{pressed:,} presses, kill -9 amid: lost / twice"
    return [Line(what, bare, f"{lost} / {twice}", "0 / 0", lost == 0 and twice == 0)]


def _memory(of: Results) -> list[Line]:
    idle, first, last = (of.median("memory", f"{key}_mib") for key in ("idle", "quarter_1", "quarter_4"))
    events = int(of.median("memory", "events"))
    return [
        Line("memory (PSS with matcher), idle", "", f"{idle:.1f} MiB", "", None),
        Line(f"  after {events:,} events", "", f"{last:.1f} MiB", f"<= {MEMORY_MIB:.0f} MiB", last <= MEMORY_MIB),
        Line(
            "  growth from a quarter of them on",
            "",
            f"{last - first:+.1f} MiB",
            f"<= {FLAT_MIB:.0f} MiB",
            last - first <= FLAT_MIB,
        ),
        *_reloads(of, last),
    ]


def _changing(of: Results) -> list[Line]:
    warm, last, most = (of.median("reloads", f"{key}_mib") for key in ("warm", "last", "most"))
    count, unlike = of.total("reloads", "reloads"), of.total("reloads", "unlike")
    each_ms = 1_000 * of.median("reloads", "reload_s") / max(1, count)
    flat = f"<= {FLAT_MIB:.0f} MiB"
    return [
        Line(f"{count:,} reloads, each a set never seen", "", f"{last:.1f} MiB", "", None),
        Line("  growth from a tenth of them on", "", f"{last - warm:+.1f} MiB", flat, last - warm <= FLAT_MIB),
        Line("  the most at any tenth", "", f"{most:.1f} MiB", f"<= {MEMORY_MIB:.0f} MiB", most <= MEMORY_MIB),
        Line("  rules that run less those in the files", "", f"{unlike:+.0f}", "0", not unlike),
        Line("  a reload, readings included", "", f"{each_ms:.0f} ms", "", None),
        Line("  kept of the sets on the disk", "", f"{of.median('reloads', 'kept_mib'):.1f} MiB", "", None),
    ]


def _reloads(of: Results, before: float) -> list[Line]:
    after, count = of.median("memory", "reloaded_mib"), of.total("memory", "reloads")
    grown = f"<= {FLAT_MIB:.0f} MiB"
    each_ms = 1_000 * of.median("memory", "reload_s") / max(1, count)
    return [
        Line(f"  growth over {count:,} reloads", "", f"{after - before:+.1f} MiB", grown, after - before <= FLAT_MIB),
        Line("  a reload of 100 rules", "", f"{each_ms:.0f} ms", "", None),
    ]


def _start(of: Results) -> list[Line]:
    empty, full = of.median("start", "empty_ready_s"), of.median("start", "full_ready_s")
    records = int(of.median("start", "records"))
    return [
        Line("cold start to READY, empty", "", f"{empty:.2f} s", f"<= {EMPTY_S:.0f} s", empty <= EMPTY_S),
        Line(f"  after a kill at {records:,} events", "", f"{full:.2f} s", f"<= {FULL_S:.0f} s", full <= FULL_S),
    ]


def _bytes(of: Results) -> list[Line]:
    panic, sensor = of.median("bytes", "panic_bytes") / 1024, of.median("bytes", "sensor_bytes") / 1024
    where = of.word("bytes", "counted_at")
    return [
        Line(f"bytes to disk ({where}), lone panic", "", _kib(panic), f"<= {_kib(PANIC_KIB)}", panic <= PANIC_KIB),
        Line("  each reading at 5/s", "", _kib(sensor), f"<= {_kib(SENSOR_KIB)}", sensor <= SENSOR_KIB),
    ]


def _rules_event(of: Results) -> list[Line]:
    found = []
    for name, told in (("durable", "durable_rules"), ("twin", "twin")):
        p50, p99 = of.median("rules-event", "p50", name), of.median("rules-event", "p99", name)
        cpu50, cpu99 = of.median("rules-event", "cpu_p50", name), of.median("rules-event", "cpu_p99", name)
        what = f"one event, 100 rules with windows, {told}, p99"
        found.append(Line(what, "", f"{_ms(p99)} (p50 {p50:.2f})", f"<= {_ms(EVENT_MS)}", p99 <= EVENT_MS))
        found.append(Line("  of that the processor's, p99", "", f"{_ms(cpu99)} (p50 {cpu50:.2f})", "", None))
    return found


def _rules_fill(of: Results) -> list[Line]:
    found = []
    for sort in ("plain", "distinct"):
        few, many, ratio = (of.median("rules-fill", f"{sort}_{key}") for key in ("few_us", "many_us", "ratio"))
        mib = of.median("rules-fill", f"{sort}_bytes") / 2**20
        worst = max(of.median("rules-fill", f"{sort}_{key}_s") for key in ("write", "read"))
        what = f"count of 100,000 in 1 h ({sort}), against one of 10"
        figures = f"{many:.1f} / {few:.1f} us ({ratio:.2f})"
        found.append(Line(what, "", figures, f"<= {FILL_RATIO:.0f} times", ratio <= FILL_RATIO))
        met = mib <= CHECKPOINT_MIB and worst <= CHECKPOINT_S
        bar = f"<= {CHECKPOINT_MIB:.0f} MiB, {CHECKPOINT_S} s"
        found.append(
            Line("  its checkpoint, and the slower of write and read", "", f"{mib:.2f} MiB, {worst:.3f} s", bar, met)
        )
    return found


def _rules_commands(of: Results) -> list[Line]:
    check, test = of.median("rules-commands", "check_s"), of.median("rules-commands", "test_s")
    return [
        Line("check of 500 rules, start included", "", f"{check:.2f} s", f"<= {CHECK_S:.0f} s", check <= CHECK_S),
        Line("test of 500 cases, start included", "", f"{test:.2f} s", f"<= {TEST_S:.0f} s", test <= TEST_S),
    ]


def _rules_year(of: Results) -> list[Line]:
    seconds = of.median("rules-year", "year_s")
    return [Line("a virtual year, an event a minute", "", f"{seconds:.1f} s", f"<= {YEAR_S:.0f} s", seconds <= YEAR_S)]


def _rules_matchers(of: Results) -> list[Line]:
    found = []
    for size in (10, 100, 1_000):
        durable, twin = (of.median("rules-matchers", f"{name}_{size}") for name in ("durable", "twin"))
        faster = "durable_rules" if durable > twin else "the twin"
        figures = f"{_rate(durable)}, twin {_rate(twin)}: {faster}"
        found.append(Line(f"matcher with {size:,} rules, durable_rules and twin", "", figures, "", None))
    return found


def _ms(value: float) -> str:
    return f"{value:.2f} ms"


def _rate(value: float) -> str:
    return f"{value:,.0f}/s"


def _kib(value: float) -> str:
    return f"{value:.1f} KiB"


def render(table: Iterable[Line]) -> str:
    """Return the table as text."""
    cells = [("", "bare loop", "post", "bar", "")]
    cells += [(line.what, line.bare, line.post, line.bar, line.verdict) for line in table]
    widths = [max(len(row[column]) for row in cells) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )
