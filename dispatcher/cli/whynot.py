"""``kentongan why-not``: why a rule did not alert at a time, from a post's journal."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from dispatcher.cli.explain import show_report
from dispatcher.cli.pasts import FOUND, GOOD, Cannot, Opened, Waiting, find_data, open_past
from dispatcher.domain.faults import Text
from dispatcher.domain.stamp import Stamp
from dispatcher.post.config import SAFE_MODE
from dispatcher.post.past.chronicle import Chronicle
from dispatcher.post.past.editions import Versions
from dispatcher.post.past.gathering import gather
from dispatcher.post.past.moments import Moment
from dispatcher.post.past.question import Question, wanted_for
from dispatcher.post.past.report import Report
from dispatcher.post.past.sentences import Sentence, say
from dispatcher.post.past.whynot import WhyNot
from dispatcher.rules.language import FullRule, RunsAt

NO_SUCH_RULE = Text(
    "{rule}: tidak pernah ada aturan bernama ini di {post}.{near}",
    "{rule}: {post} never had a rule of this name.{near}",
)
NEAREST = " maksud Anda / did you mean: {names}?"
OUTSIDE = Text(
    "{at} di luar jurnal ini: {begin} - {end}. Sebut waktu di antaranya, atau salinan jurnal yang lain dengan --data",
    "{at} is outside of this journal: {begin} - {end}. Name a time between, or another copy with --data",
)
NOT_KEPT = Text(
    "aturan yang jalan waktu itu ({version}) tidak tersimpan di sini. Salin juga folder kept/ dari data_dir",
    "the rules that ran then ({version}) are not kept here. Copy the folder kept/ of data_dir, too",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line."""

    rule: str
    at: str
    data: Path | None
    config: Path | None
    post: str | None
    site: Path | None
    as_json: bool


def run(asked: Asked) -> int:
    """Say why not; print it. Returns 0, or 1 where there is no such rule, or nothing is known of that time."""
    opened = open_past(find_data(asked.data, asked.config, asked.post), asked.post, asked.site)
    moment = opened.moment("--at", asked.at)
    _check_inside(opened, moment)
    show_report(_answer(opened, asked.rule, moment), opened, as_json=asked.as_json)
    return GOOD


def _check_inside(opened: Opened, moment: Moment) -> None:
    first, last = opened.about.first, opened.about.last
    assert first is not None  # an empty past is refused before
    assert last is not None
    if moment.end_ms < first.wall_ms or moment.begin_ms > last.wall_ms:
        at = opened.local.full(Stamp(0, moment.begin_ms, trusted=True))
        raise Cannot(FOUND, OUTSIDE, at=at, begin=opened.local.full(first), end=opened.local.full(last))


def _answer(opened: Opened, name: str, moment: Moment) -> Report:
    versions, rule = _then(opened, name, moment)
    if rule is None:
        return Report(_did_not_run(opened, name, versions, moment), facts={"rule": name, "version": versions[0]})
    if not rule.enabled or rule.runs_at is RunsAt.PRECINCT:
        return Report(_not_here(rule), facts={"rule": name, "version": versions[0]})
    with Waiting() as waiting:
        found = gather(opened.past, opened.about, opened.library, wanted_for(rule, moment), waiting.record)
    off = _off(opened, found, moment, name)
    if off is not None:
        return Report(off, facts={"rule": name, "version": versions[0]})
    site = opened.library.site_of(versions[1]) or opened.site
    return WhyNot(Question(rule, moment, found, opened.library, site, versions, opened.local)).report()


def _then(opened: Opened, name: str, moment: Moment) -> tuple[Versions, FullRule | None]:
    """Return what ran at the time asked about, and the rule as it was; None where it was not there. Raises Cannot."""
    chosen: Versions | None = None
    for stamp, versions in opened.about.versions:
        if chosen is None or stamp.wall_ms <= moment.end_ms:
            chosen = versions
    if chosen is None or opened.library.edition(chosen) is None:
        raise Cannot(FOUND, NOT_KEPT, version=chosen[0] if chosen is not None else "?")
    rule = opened.library.rule(chosen, name)
    if rule is None and not any(opened.library.rule(one, name) for _, one in opened.about.versions):
        _refuse(opened, name)
    return chosen, rule


def _refuse(opened: Opened, name: str) -> None:
    known = sorted({rule.id for _, one in opened.about.versions for rule in opened.library.rules(one)})
    near = difflib.get_close_matches(name, known, 3, 0.5) or known[:5]
    shown = NEAREST.format(names=", ".join(near)) if near else ""
    raise Cannot(FOUND, NO_SUCH_RULE, rule=name, post=opened.post, near=shown)


def _did_not_run(opened: Opened, name: str, versions: Versions, moment: Moment) -> Sentence:
    at = opened.local.full(Stamp(0, moment.begin_ms, trusted=True))
    if versions[0] == SAFE_MODE:
        return say(
            "safe_mode",
            "Aturan {rule} tidak jalan pada {at}: pos berjalan tanpa aturan (safe mode) setelah berkali-kali mati.",
            "Rule {rule} did not run at {at}: the post ran without rules (safe mode), having died again and again.",
            rule=name,
            at=at,
        )
    spans = [stamp for stamp, one in opened.about.versions if opened.library.rule(one, name) is not None]
    later = next((stamp for stamp in spans if stamp.wall_ms > moment.end_ms), None)
    if later is not None:
        return say(
            "not_yet",
            "Aturan {rule} belum ada pada {at}: baru jalan sejak {since}.",
            "Rule {rule} was not there at {at}: it runs since {since}.",
            rule=name,
            at=at,
            since=opened.local.full(later),
        )
    return say(
        "no_more",
        "Aturan {rule} sudah tidak ada pada {at} (versi {version}); terakhir dimuat {since}.",
        "Rule {rule} was not there any more at {at} (version {version}); last loaded {since}.",
        rule=name,
        at=at,
        version=versions[0],
        since=opened.local.full(spans[-1]),
    )


def _not_here(rule: FullRule) -> Sentence:
    if not rule.enabled:
        return say(
            "switched_off",
            "Aturan {rule} dimatikan waktu itu (enabled: false, {place}).",
            "Rule {rule} was switched off then (enabled: false, {place}).",
            rule=rule.id,
            place=rule.place,
        )
    return say(
        "at_precinct",
        "Aturan {rule} berjalan di Polsek ({place}): jurnal pos tidak mencatat penilaiannya.",
        "Rule {rule} runs at the precinct ({place}): a post's journal does not hold what it says.",
        rule=rule.id,
        place=rule.place,
    )


def _off(opened: Opened, found: Chronicle, moment: Moment, name: str) -> Sentence | None:
    """Return that the post was off all of the time asked about, if so."""
    begin, end = found.off_at(moment.begin_ms), found.off_at(moment.end_ms)
    if begin is None or begin is not end:
        return None
    return say(
        "off",
        "Pos mati dari {stopped} sampai {back}: aturan {rule} tidak dinilai.",
        "The post was off from {stopped} to {back}: rule {rule} was not judged.",
        rule=name,
        stopped=opened.local.full(begin.stopped),
        back=opened.local.full(begin.back),
    )
