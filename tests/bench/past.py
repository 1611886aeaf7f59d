"""A month of a post's past: write it, then give it to rules once more, as ``kentongan replay`` does; print the times.

``python -m tests.bench.past [SECONDS]``: one event each so many seconds of thirty days, 60 unless said (43,200 events).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Entry, Journal, Kind
from dispatcher.post import records
from dispatcher.post.past.editions import read_rules
from dispatcher.post.past.replaying import recorded, replay
from dispatcher.post.past.source import open_folder
from dispatcher.post.rulebook import Edition, edition
from dispatcher.settings.sitefile import load_site
from dispatcher.settings.sources import Source, Sources, collect

ROOT = Path(__file__).resolve().parents[2]
DAYS = 30
START_MS = 1_796_000_000_000
KINDS = ("motion", "door.open", "reading.temperature", "check_in", "vibration")
BATCH = 300
RULES = b"""version: 1
rules:
- id: bench-crowd
  when: {count: {event: motion, at_least: 5}, within: 30m, group_by: [zone]}
  then: {escalate: precinct, incident: kerumunan, severity: low}
  throttle: {once_within: 1h}
- id: bench-order
  when: {sequence: [{event: motion}, {event: door.open}], within: 5m}
  then: {escalate: precinct, incident: gerbang, severity: low}
  throttle: {once_within: 1h}
- id: bench-silence
  when: {absent: {event: check_in}, for: 4m, expect_from: posts}
  then: {escalate: precinct, incident: pos-sunyi, severity: low}
- id: bench-hot
  when: {event: reading.temperature, where: {value: {above: 38}}}
  then: {escalate: precinct, incident: panas, severity: low}
  throttle: {once_within: 1h}
"""


def main(every_s: int) -> None:
    """Write a month, replay it, and print what that took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "journal", every_s)
        past, rules = open_folder(folder), new_rules()
        begun = time.monotonic()
        then = recorded(past)
        between = time.monotonic()
        again = replay(past, rules)
        end = time.monotonic()
        size = sum(path.stat().st_size for path in (folder / "journal").iterdir()) / 2**20
        print(f"{DAYS} days, {again.events} events, {size:.0f} MiB, {len(rules.engine.rules)} rules")
        print(f"what was said then: {between - begun:.1f} s (alerts: {len(then.alerts)})")
        print(f"given to the rules: {end - between:.1f} s, {again.events / (end - between):.0f} events/s")
        print(f"alerts: {len(again.alerts)}")


def write(folder: Path, every_s: int) -> None:
    """Write what a post would: each event, the word that it was judged, a mark of life each ten seconds."""
    journal = Journal.open(folder, segment_bytes=8 << 20, reserve_bytes=1 << 20, boot="0" * 32, mono=lambda: 0)
    batch: list[Entry] = []
    for entry in entries(every_s):
        batch.append(entry)
        if len(batch) >= BATCH:
            journal.append(batch)
            batch = []
    journal.append(batch)
    journal.sync()
    journal.close()


def entries(every_s: int) -> Iterator[Entry]:
    """Yield the records of a month."""
    yield Entry(Kind.START, Stamp(0, START_MS, True), records.dump({"rules": "empty", "site": "", "post": "pos-03"}))
    sequence = 2
    for second in range(0, DAYS * 86_400, 10):
        stamp = Stamp(second * 1000, START_MS + second * 1000, True)
        yield Entry(Kind.ALIVE, stamp, b"{}")
        sequence += 1
        if second % every_s == 0:
            yield Entry(Kind.MESSAGE, stamp, message(second // every_s))
            yield Entry(Kind.JUDGED, stamp, records.dump({"n": [[sequence, sequence]]}))
            sequence += 2


def message(number: int) -> bytes:
    """Return one event as the journal has it."""
    device, kind = f"alat-{number % 12}", KINDS[number % 5]
    event = {
        "i": f"{number:032x}", "k": kind, "d": device, "r": "motion", "o": "pos-03", "z": "gang", "w": "krendang",
        "s": "sensor", "t": "authenticated", "b": 1, "q": number, "a": {"value": number % 40},
    }  # fmt: skip
    payload = json.dumps({"kind": kind, "boot": 1, "seq": number})
    return records.dump({"l": "rest", "t": f"kentongan/{device}/event", "p": payload, "e": [event]})


def new_rules() -> Edition:
    """Return the shipped rules and four more: a count, an order, a silence and a reading."""
    site = load_site(ROOT / "config" / "site.yaml")
    shipped = collect([ROOT / "rules"])
    rules, faults = read_rules(Sources((*shipped.files, Source("bench.yaml", RULES))), site)
    if rules is None:
        raise SystemExit("\n".join(fault.render("en") for fault in faults))
    return edition(rules, site, "pos-03")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
