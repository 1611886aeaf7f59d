"""A plan in words of 60 columns: what runs, what would change, what the last days would have been."""

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from dispatcher.cli.say import language
from dispatcher.domain.faults import Text
from dispatcher.post.past.said import Alert
from dispatcher.post.release.candidate import Change, Sort
from dispatcher.post.release.losses import Loss
from dispatcher.post.release.planning import Plan, Week
from dispatcher.post.release.process import Process

WIDTH = 60
MOST = 12  # lines of a list; the rest is a number
MONTHS = {
    "id": ["Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"],
    "en": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
}
SIGNS = {Sort.ADDED: "+", Sort.REMOVED: "-", Sort.CHANGED: "~"}

T = TypeVar("T")

HEAD = Text("{post} berjalan dengan {rules} aturan", "{post} runs with {rules} rules")
HEAD_OFF = Text(
    "{post} tidak berjalan; terakhir dengan {rules} aturan", "{post} does not run; last it had {rules} rules"
)
SAFE = Text(
    "safe_mode: program berhenti berkali-kali, jadi jalan tanpa aturan. apply atau rollback mengakhirinya",
    "safe_mode: the program kept ending, so it runs without rules. apply or rollback ends that",
)
HEAD_NEVER = Text("{post} belum pernah berjalan di sini", "{post} has never run here")
VERSION = Text("versi {version}{since}", "version {version}{since}")
SINCE = Text(", sejak {when}", ", since {when}")
HOW = {
    "apply": Text("apply", "apply"),
    "rollback": Text("rollback", "rollback"),
    "signal": Text("reload", "reload"),
    "start": Text("saat mulai", "at a start"),
}
BY = Text("{how} oleh {who}", "{how} by {who}")
MUTE = Text(
    "pos tidak menjawab di {address}; yang di bawah dibaca dari foldernya",
    "the post does not answer at {address}; what follows is read from its folder",
)
IN_FILES = Text("di berkas: {rules} aturan, versi {version}", "in the files: {rules} rules, version {version}")
KEPT = Text("versi itu: {rules} aturan", "that version: {rules} rules")
WITH_FAULT = Text("di berkas: ada kesalahan, versi {version}", "in the files: faults, version {version}")
SAME = Text("sama dengan yang berjalan", "the same as what runs")
NOT_KEPT = Text(
    "teks yang berjalan tidak tersimpan lagi: semua tampak baru", "the text of what runs is not kept: all looks new"
)
NEEDS_RESTART = Text(
    "site.yaml berubah: itu baru dibaca saat restart, dan aturan di sini diperiksa dengan site yang lama",
    "site.yaml has changed: it is read at a restart, and rules are checked here for the site before",
)
CHECKED = Text("periksa: tidak ada kesalahan", "check: no fault")
FAULTY = Text("periksa: {faults} kesalahan", "check: {faults} faults")
TESTED = Text("uji: {passed} lulus, {failed} gagal", "tests: {passed} passed, {failed} failed")
NO_TESTS = Text("uji: tidak ada berkas *.test.yaml di folder aturan", "tests: no *.test.yaml in the rules' folders")
AFRESH = Text("mulai dari awal", "begins anew")
FORGETS = Text("; lupa: {what}", "; forgets: {what}")
ELSEWHERE = Text("bukan untuk pos ini", "not for this post")
KEEP = Text("{kept} aturan tetap menyimpan jendela dan waktunya", "{kept} rules keep their windows and timers")
NO_CHANGE = Text("tidak ada aturan yang berubah", "no rule changes")
MORE_LINES = Text("  … dan {count} lagi", "  … and {count} more")
LOSSES = {
    "events": Text("{n} kejadian di jendela", "{n} events in windows"),
    "waits": Text("{n} penantian", "{n} waits"),
    "silences": Text("{n} kesunyian yang dihitung", "{n} silences being timed"),
    "conditions": Text("{n} keadaan yang terbuka", "{n} open conditions"),
    "throttles": Text("{n} jeda", "{n} throttles"),
}
WEEK = Text("{days} hari terakhir diputar ulang: {events} kejadian", "the last {days} days again: {events} events")
WEEK_SINCE = Text(" sejak {when}", " since {when}")
NO_WEEK = Text("belum ada kejadian untuk diputar ulang", "there is nothing yet to be replayed")
WEEK_TOLD = Text("dibandingkan dengan yang waktu itu dikatakan", "held against what was said then")
WEEK_SAME = Text(
    "peringatan sama dengan aturan yang berjalan: {alerts}", "the same alerts as the running rules: {alerts}"
)
WEEK_SUM = Text(
    "peringatan: {more} lebih, {less} kurang, {changed} berubah", "alerts: {more} more, {less} less, {changed} changed"
)
SHADOW = Text("bayangan: {count} peringatan tidak dikirim", "shadow: {count} alerts that nobody would hear")
FAILURES = Text(
    "{count} kejadian gagal dinilai: mohon dilaporkan", "{count} events could not be judged: please report it"
)


def text(words: Text, **values: object) -> str:
    """Return a sentence in the reader's language."""
    return words.render(language(), values)


def folded(line: str, indent: str = "  ") -> str:
    """Return a line of prose folded to the width; a path or an id is never broken."""
    return textwrap.fill(
        line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )  # what a technician copies must stay whole


def number(count: int) -> str:
    """Return 12.345 for Indonesian readers, 12,345 for English ones."""
    return f"{count:,}" if language() == "en" else f"{count:,}".replace(",", ".")


def moment(wall_ms: int, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """Return e.g. ``24 Nov 21:10``."""
    at = datetime.fromtimestamp(wall_ms / 1000, zone)
    return (
        f"{at.day} {MONTHS[language()][at.month - 1]} {at:%H:%M:%S}"
        if seconds
        else (f"{at.day} {MONTHS[language()][at.month - 1]} {at:%H:%M}")
    )


def by(who: str, how: str) -> str:
    """Return who put rules there, and how."""
    words = text(HOW[how]) if how in HOW else how
    return text(BY, how=words, who=who) if who else words


# --- the head --------------------------------------------------------------------------------------------------------


def head(
    post: str, found: Plan, process: Process | None, address: str, zone: ZoneInfo, *, kept: bool = False
) -> Iterator[str]:
    """Yield what runs, and what stands in the files (``kept``: in those of an edition that ran before)."""
    answer = None if process is None else process.answer
    yield _runs(post, found, process)
    if found.version:
        yield folded(text(VERSION, version=found.version, since="" if answer is None else _since(answer, zone)))
    if answer is not None and answer["safe_mode"]:
        yield folded(text(SAFE))
    if process is not None and answer is None:
        yield folded(text(MUTE, address=address))
    words = WITH_FAULT if found.candidate.rules is None else KEPT if kept else IN_FILES
    edition = found.candidate.edition
    yield text(words, rules=0 if edition is None else edition.loaded, version=found.candidate.version)


def _runs(post: str, found: Plan, process: Process | None) -> str:
    if process is not None and process.answer is not None:
        return text(HEAD, post=post, rules=process.answer["loaded"])
    if found.running is None:
        return text(HEAD_NEVER, post=post)
    return text(HEAD if process is not None else HEAD_OFF, post=post, rules=found.running.edition.loaded)


def _since(answer: Mapping[str, Any], zone: ZoneInfo) -> str:
    at = datetime.fromisoformat(str(answer["since"])).timestamp() * 1000
    return text(SINCE, when=f"{moment(int(at), zone)}, {by(str(answer['who']), str(answer['how']))}")


# --- what would change -----------------------------------------------------------------------------------------------


def changes(found: Plan) -> Iterator[str]:
    """Yield a line for each rule that would change, and what it would forget."""
    if found.running is not None and found.running.nodes is None:
        yield folded(text(NOT_KEPT))
    here = frozenset(rule.id for rule in found.candidate.edition.engine.rules) if found.candidate.edition else None
    yield from _first(found.changes, lambda one: _change(one, here))
    if not found.changes:
        yield text(NO_CHANGE)
    if found.kept:
        yield text(KEEP, kept=found.kept)


def _change(change: Change, here: frozenset[str] | None) -> Iterator[str]:
    line = f"{SIGNS[change.sort]} {change.rule}"
    if change.sort is not Sort.REMOVED:
        line += f"  {change.place.file}:{change.place.line}"
    yield line
    if change.keys:
        yield folded(f"  {', '.join(change.keys)}", "  ")
    if change.sort is not Sort.REMOVED and here is not None and change.rule not in here:
        yield f"  {text(ELSEWHERE)}"
    elif change.fresh and change.sort is not Sort.ADDED:
        forgets = text(FORGETS, what=lost(change.loss)) if change.loss else ""
        begins = text(AFRESH) if change.sort is Sort.CHANGED else ""
        line = (begins + forgets).removeprefix("; ")
        if line:
            yield folded(f"  {line}", "  ")


def lost(loss: Loss) -> str:
    """Return what a rule forgets, in things that a technician knows."""
    counts = {one.name: getattr(loss, one.name) for one in fields(loss)}
    return ", ".join(text(LOSSES[name], n=number(count)) for name, count in counts.items() if count)


def _first(items: Sequence[T], lines: Callable[[T], Iterable[str]]) -> Iterator[str]:
    for one in items[:MOST]:
        yield from lines(one)
    if len(items) > MOST:
        yield text(MORE_LINES, count=number(len(items) - MOST))


# --- the last days ---------------------------------------------------------------------------------------------------


def week(found: Week | None, days: int, zone: ZoneInfo) -> Iterator[str]:
    """Yield what the last days would have been."""
    if found is None or found.new.begin is None:
        yield text(NO_WEEK)
        return
    since = text(WEEK_SINCE, when=moment(found.new.begin.wall_ms, zone))
    yield folded(text(WEEK, days=days, events=number(found.new.events)) + since)
    if found.told:
        yield folded(text(WEEK_TOLD))
    difference = found.difference
    yield from _first(difference.more, lambda one: _alert("+", one, zone))
    yield from _first(difference.less, lambda one: _alert("-", one, zone))
    yield from _first(difference.changed, lambda pair: _changed(pair, zone))
    if difference:
        counts = (len(difference.more), len(difference.less), len(difference.changed))
        yield text(WEEK_SUM, **dict(zip(("more", "less", "changed"), map(number, counts), strict=True)))
    else:
        yield folded(text(WEEK_SAME, alerts=number(len(found.new.alerts))))
    if found.new.shadow:
        yield text(SHADOW, count=number(len(found.new.shadow)))
    if found.new.failures:
        yield folded(text(FAILURES, count=number(found.new.failures)))


def _alert(sign: str, alert: Alert, zone: ZoneInfo) -> Iterable[str]:
    firing = alert.firing
    yield f"{sign} {moment(alert.at.wall_ms, zone, seconds=True)}  {alert.rule} ({firing.severity})"
    yield _title(firing.title)


def _changed(pair: tuple[Alert, Alert], zone: ZoneInfo) -> Iterable[str]:
    before, after = pair
    one, other = before.firing, after.firing
    severity = str(other.severity) if one.severity == other.severity else f"{one.severity} → {other.severity}"
    yield f"~ {moment(after.at.wall_ms, zone, seconds=True)}  {after.rule} ({severity})"
    yield _title(other.title)


def _title(title: str) -> str:
    return "    " + textwrap.shorten(title, WIDTH - 4, placeholder="…")
