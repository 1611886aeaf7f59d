"""``kentongan replay``: a post's past given to rules once more, and what those would have alerted more and less."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dispatcher.cli.pasts import FOUND, GOOD, Cannot, Opened, Waiting, open_past
from dispatcher.cli.say import complain, language, say, show
from dispatcher.cli.surroundings import around, find_site
from dispatcher.domain.events import Event
from dispatcher.domain.faults import FaultsFound, Text
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.post.past.editions import Versions, read_rules
from dispatcher.post.past.replaying import Difference, Progress, Replayed, compare, recorded, replay
from dispatcher.post.past.said import Alert
from dispatcher.post.past.sentences import event_line
from dispatcher.post.rulebook import Edition, edition
from dispatcher.rules.language import FullRuleSet
from dispatcher.rules.parse import CHANNELS
from dispatcher.settings.sitefile import load_site
from dispatcher.settings.sources import collect

MAX_SHOWN = 20  # alerts of one sort on a screen; --json has them all
MAX_EVENTS = 6  # of one alert

HEADER = Text("{name}: {post}, {events} kejadian\n{begin} - {end}", "{name}: {post}, {events} events\n{begin} - {end}")
WARM = Text("(dua hari sebelumnya ikut dibaca, tidak dihitung)", "(two days before were read, too, and not counted)")
DONE = Text("{new}\n  dibanding {old}", "{new}\n  against {old}")
THEN = Text("yang sungguh diberitahukan waktu itu", "what was really alerted then")
AGAIN = Text("aturan waktu itu, dinilai ulang", "the rules of that time, judged again")
GIVEN = Text("{paths} ({version})", "{paths} ({version})")
MORE = Text("LEBIH: {count}", "MORE: {count}")
LESS = Text("KURANG: {count}", "LESS: {count}")
CHANGED = Text("BERUBAH: {count}", "CHANGED: {count}")
REST = Text("  ... dan {count} lagi (semua: --json)", "  ... and {count} more (all: --json)")
SAME = Text("Tidak ada bedanya: {count} peringatan, sama.", "No difference: {count} alerts, the same.")
BECOMES = Text("    {before} -> {after}", "    {before} -> {after}")
TABLE = Text("Per aturan (kini / dulu):", "By rule (now / then):")
SHADOW = Text("BAYANGAN: {count} (tidak diberitahukan)", "SHADOW: {count} (told nobody)")
NO_RULES = Text("tidak ada berkas aturan di {paths}", "there is no rule file in {paths}")
NOT_KEPT = Text(
    "aturan {versions} tidak tersimpan di sini. Salin juga folder kept/ dari data_dir, atau sebut aturannya: "
    "--rules rules/",
    "the rules {versions} are not kept here. Copy the folder kept/ of data_dir, too, or name rules: --rules rules/",
)
FAILED = Text(
    "{count} langkah gagal karena kesalahan program, mohon dilaporkan",
    "{count} steps were given up for a fault of the program; please report it",
)
REPLAYING = Text("{percent}%  {at}  {events} kejadian", "{percent}%  {at}  {events} events")

WORDS = {
    "fired": Text("memberi tahu", "alerted"),
    "repeated": Text("ulangan", "repeats"),
    "cleared": Text("selesai", "cleared"),
    "acted": Text("bertindak", "acted"),
    "shadow": Text("bayangan", "shadow"),
    "shadow_repeated": Text("bayangan, ulangan", "shadow, repeats"),
    "shadow_cleared": Text("bayangan, selesai", "shadow, cleared"),
    "held": Text("ditahan only_if", "held by only_if"),
    "suppressed": Text("ditahan aturan lain", "suppressed"),
    "unknown": Text("tidak diketahui", "unknown"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line."""

    data: Path
    against: tuple[Path, ...]
    rules: tuple[Path, ...]
    since: str | None
    post: str | None
    site: Path | None
    as_json: bool


@dataclass(frozen=True, slots=True)
class Account:
    """One side of the comparison: what it is called, and what it said."""

    name: Text
    values: dict[str, object]
    said: Replayed

    def title(self) -> str:
        """Return what it is called."""
        return self.name.render(language(), self.values)


def run(wanted: Wanted) -> int:
    """Replay and compare; print what differs. Returns 0; 1 where rules that were named have a fault."""
    opened = open_past(wanted.data, wanted.post, wanted.site)
    since = None if wanted.since is None else opened.moment("--since", wanted.since).start_ms
    try:
        news = [_edition(opened, wanted, paths) for paths in (wanted.against, wanted.rules) if paths]
    except FaultsFound as found:
        show(found.faults)
        return FOUND
    new, old = _accounts(opened, wanted, news, since)
    difference = compare(new.said, old.said)
    if wanted.as_json:
        print(json.dumps(_plain(opened, new, old, difference), ensure_ascii=False))
    else:
        _print(opened, new, old, difference)
    return GOOD


# --- the two sides ---------------------------------------------------------------------------------------------------


def _accounts(opened: Opened, wanted: Wanted, named: Sequence[Edition], since: int | None) -> tuple[Account, Account]:
    """Return what is looked at and what it is held against."""
    accounts = [
        Account(GIVEN, {"paths": _names(paths), "version": one.versions[0]}, _replayed(opened, one, since))
        for one, paths in zip(named, [paths for paths in (wanted.against, wanted.rules) if paths], strict=True)
    ]
    if len(accounts) == 2:
        return accounts[0], accounts[1]
    then = Account(THEN, {}, recorded(opened.past, since))
    return (accounts or [Account(AGAIN, {}, _again(opened, since))])[0], then


def _names(paths: Iterable[Path]) -> str:
    return ", ".join(str(path) for path in paths)


def _edition(opened: Opened, wanted: Wanted, paths: Sequence[Path]) -> Edition:
    """Return the rules of some files as this post would run them. Raises FaultsFound, Cannot."""
    sources = collect(paths)
    if not sources.files and not sources.faults:
        raise Cannot(FOUND, NO_RULES, paths=_names(paths))
    file = wanted.site or find_site(paths[0] / "x" if paths[0].is_dir() else paths[0])
    site = _site_near(opened, None if wanted.site else file)
    near = around(file)
    rules, faults = read_rules(sources, site, channels=near.channels or CHANNELS)
    if rules is None:
        raise FaultsFound(faults)
    return edition(replace(rules, version=sources.version), site, opened.post)


def _site_near(opened: Opened, file: Path | None) -> Site:
    """Return the site beside the rules, if it is one of this post; else that of the journal."""
    try:
        near = load_site(file) if file is not None else opened.site
    except FaultsFound:
        return opened.site
    return near if opened.post in near.posts else opened.site


def _replayed(opened: Opened, rules: Edition, since: int | None) -> Replayed:
    with Waiting() as waiting:
        return replay(opened.past, rules, since, _progress(opened, waiting))


def _again(opened: Opened, since: int | None) -> Replayed:
    """Let the rules that ran then judge again, each rule set its own time."""
    ran = list(dict.fromkeys(versions for _, versions in opened.about.versions))
    lacking = [versions[0] for versions in ran if opened.library.edition(versions) is None]
    if lacking or not ran:
        raise Cannot(FOUND, NOT_KEPT, versions=", ".join(lacking) or "?")
    with Waiting() as waiting:
        return replay(opened.past, _known(opened, ran[0]), since, _progress(opened, waiting), opened.library.edition)


def _known(opened: Opened, versions: Versions) -> Edition:
    found = opened.library.edition(versions)
    return found if found is not None else edition(FullRuleSet(), opened.site, opened.post)


def _progress(opened: Opened, waiting: Waiting) -> "_Shown":
    return _Shown(opened, waiting)


@dataclass(frozen=True, slots=True)
class _Shown:
    opened: Opened
    waiting: Waiting

    def __call__(self, at: Progress) -> None:
        first = self.opened.about.first
        begin = first.wall_ms if first is not None else 0
        percent = 100 * max(0, at.wall_ms - begin) // max(1, self.opened.end_ms - begin)
        moment = self.opened.local.moment(at.wall_ms)
        self.waiting.show(REPLAYING, percent=min(percent, 99), at=f"{moment:%Y-%m-%d %H:%M}", events=at.events)


# --- for people ------------------------------------------------------------------------------------------------------


def _print(opened: Opened, new: Account, old: Account, difference: Difference) -> None:
    said, local = new.said, opened.local
    begin, end = (local.full(one) if one is not None else "-" for one in (said.begin, said.end))
    say(HEADER, name=opened.past.name, post=opened.post, events=said.events, begin=begin, end=end)
    if said.warm:
        say(WARM)
    say(DONE, new=new.title(), old=old.title())
    print()
    _print_difference(opened, new, difference)
    _print_shadow(opened, new.said.shadow)
    _print_table(new.said, old.said)
    if said.failures:
        complain(FAILED, count=said.failures)


def _print_difference(opened: Opened, new: Account, difference: Difference) -> None:
    if not difference:
        say(SAME, count=len(new.said.alerts))
        print()
        return
    for title, alerts in ((MORE, difference.more), (LESS, difference.less)):
        say(title, count=len(alerts))
        _print_alerts(opened, alerts)
        print()
    if difference.changed:
        say(CHANGED, count=len(difference.changed))
        for before, after in difference.changed[:MAX_SHOWN]:
            _print_head(opened, after)
            say(BECOMES, before=_words(before, after), after=_words(after, before))
        _print_rest(len(difference.changed))
        print()


def _print_shadow(opened: Opened, shadow: Sequence[Alert]) -> None:
    if shadow:
        say(SHADOW, count=len(shadow))
        _print_alerts(opened, shadow)
        print()


def _print_alerts(opened: Opened, alerts: Sequence[Alert]) -> None:
    for alert in alerts[:MAX_SHOWN]:
        _print_head(opened, alert)
        for line in _events(opened, alert):
            print(f"    {line}")
    _print_rest(len(alerts))


def _print_rest(count: int) -> None:
    if count > MAX_SHOWN:
        say(REST, count=count - MAX_SHOWN)


def _print_head(opened: Opened, alert: Alert) -> None:
    firing = alert.firing
    when = alert.event.arrived if alert.event is not None else alert.at
    print(f"  {opened.local.full(when)}  {firing.rule}\n    {firing.severity}: {firing.title}")


def _events(opened: Opened, alert: Alert) -> list[str]:
    """Return the events of an alert, oldest first; of very many the last."""
    at, local = alert.at.wall_ms, opened.local
    lines = [
        f"{local.near(one.at, at)} {one.kind} {one.device or ''}".rstrip()
        for one in alert.firing.evidence
        if alert.event is None or one.event != alert.event.id
    ]
    if alert.event is not None and not alert.event.kind.startswith("timer."):
        lines.append(f"{local.near(alert.event.arrived, at)} {event_line(alert.event)}")
    more = len(lines) - MAX_EVENTS
    return lines if more <= 0 else [f"... +{more}", *lines[-MAX_EVENTS:]]


def _words(one: Alert, other: Alert) -> str:
    """Return what an alert says otherwise than another."""
    mine, others = _said(one), _said(other)
    return "; ".join(f"{name} {word}" for name, word in mine.items() if others[name] != word)


def _said(alert: Alert) -> dict[str, str]:
    firing = alert.firing
    return {
        "severity": str(firing.severity),
        "incident": str(firing.incident),
        "escalate": ", ".join(firing.escalate),
        "message": firing.title,
        "actions": ", ".join(firing.actions) or "-",
        "certainty": firing.certainty or "-",
    }


def _print_table(new: Replayed, old: Replayed) -> None:
    rules = sorted({*new.counts, *old.counts})
    if not rules:
        return
    say(TABLE)
    for rule in rules:
        print(f"  {rule}")
        now, then = new.counts.get(rule, Counter()), old.counts.get(rule, Counter())
        for word in sorted({*now, *then}, key=list(WORDS).index):
            print(f"    {WORDS[word].render(language(), {})}: {now[word]} / {then[word]}")


# --- for programs ----------------------------------------------------------------------------------------------------


def _plain(opened: Opened, new: Account, old: Account, difference: Difference) -> dict[str, object]:
    said = new.said
    return {
        "post": opened.post,
        "begin": _iso(opened, said.begin),
        "end": _iso(opened, said.end),
        "events": said.events,
        "lost": opened.about.lost,
        "new": new.values.get("version", "recorded" if new.name is THEN else "again"),
        "old": old.values.get("version", "recorded"),
        "more": [_alert(opened, one) for one in difference.more],
        "less": [_alert(opened, one) for one in difference.less],
        "changed": [{"before": _alert(opened, a), "after": _alert(opened, b)} for a, b in difference.changed],
        "shadow": [_alert(opened, one) for one in said.shadow],
        "counts": {"new": said.counts, "old": old.said.counts},
        "failures": said.failures,
    }


def _iso(opened: Opened, stamp: Stamp | None) -> str | None:
    return None if stamp is None else opened.local.moment(stamp.wall_ms).isoformat(timespec="milliseconds")


def _event(event: Event) -> dict[str, object]:
    names = ("id", "kind", "device", "role", "zone", "source", "boot", "seq")
    return {name: getattr(event, name) for name in names} | {"attrs": dict(event.attrs)}


def _alert(opened: Opened, alert: Alert) -> dict[str, object]:
    firing = alert.firing
    return {
        "rule": firing.rule,
        "at": _iso(opened, alert.event.arrived if alert.event is not None else alert.at),
        "severity": str(firing.severity),
        "incident": firing.incident,
        "escalate": list(firing.escalate),
        "title": firing.title,
        "event": None if alert.event is None else _event(alert.event),
        "evidence": [
            {"event": one.event, "kind": one.kind, "device": one.device, "at": _iso(opened, one.at)}
            for one in firing.evidence
        ],
    }
