"""Findings as text for a narrow terminal, and as JSON. Pure."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dispatcher.cli.doctor.findings import CASES
from dispatcher.cli.doctor.model import Finding, Look, Weight
from dispatcher.cli.quantities import brief
from dispatcher.cli.say import language
from dispatcher.domain.faults import Text

WIDTH, INDENT = 60, "   "

WEIGHTS = {
    Weight.URGENT: Text("MENDESAK", "URGENT"),
    Weight.WRONG: Text("SALAH", "WRONG"),
    Weight.NOTE: Text("PERHATIKAN", "NOTE"),
}
SINCE = Text("sudah {span}", "for {span}")
LAST = Text("terakhir {span} lalu", "last {span} ago")
MEANS = Text("Artinya: {said}", "It means: {said}")
DO = Text("Lakukan:", "Do:")
COUNT = Text("{post}: {count} temuan", "{post}: {count} finding(s)")
FROM_FOLDER = Text("{post}: {count} temuan, dibaca dari {folder}", "{post}: {count} finding(s), read off {folder}")
NOTHING = Text("{post}: tidak ada yang salah", "{post}: nothing is wrong")
LOOKED = Text(
    "Dilihat: program, broker, Polsek, kartu, jam, {devices} alat, {rules} aturan, penilai, berkas.",
    "Looked at: program, broker, precinct, card, clock, {devices} devices, {rules} rules, matcher, files.",
)
UNREADABLE = Text(
    "TIDAK DAPAT MELIHAT folder pos: {why}. Coba lagi dengan: sudo -u kentongan kentongan doctor",
    "CANNOT LOOK into the post's folder: {why}. Try again with: sudo -u kentongan kentongan doctor",
)


def _word(text: Text, **values: object) -> str:
    return text.render(language(), values)


def lines(look: Look, found: Sequence[Finding]) -> list[str]:
    """Return the report, in sixty columns."""
    told = [*_wrapped(_summary(look, found), "")]
    for number, finding in enumerate(found, 1):
        told += ["", *_finding(number, finding)]
    if look.unreadable:
        told += ["", *_wrapped(_word(UNREADABLE, why=look.unreadable), "")]
    return [_printable(line) for line in told]


def _summary(look: Look, found: Sequence[Finding]) -> str:
    post, standing = look.settings.post, look.standing
    if found:
        text = COUNT if standing is None or standing.running else FROM_FOLDER
        return _word(text, post=post, count=len(found), folder=look.settings.data_dir)
    looked = "" if standing is None else " " + _word(LOOKED, devices=len(standing.devices), rules=standing.rules.count)
    return f"{_word(NOTHING, post=post)}.{looked}"


def _finding(number: int, finding: Finding) -> Iterator[str]:
    case = CASES[finding.code]
    head = f"{number}. {_word(WEIGHTS[case.weight])}  {finding.code}"
    when = _when(finding)
    if len(head) + len(when) < WIDTH:
        head = f"{head}{when:>{WIDTH - len(head)}}"
    yield head.rstrip()
    yield from _wrapped(_sentence(case.what, finding), INDENT)
    yield from _wrapped(_word(MEANS, said=_sentence(case.means, finding)), INDENT)
    yield INDENT + _word(DO)
    for step in case.do:
        yield from _wrapped(_sentence(step, finding), INDENT + "  ", f"{INDENT}- ")


def _sentence(text: Text, finding: Finding) -> str:
    return text.render(language(), finding.values)


def _when(finding: Finding) -> str:
    if finding.since_s is not None:
        return _word(SINCE, span=brief(finding.since_s))
    return "" if finding.last_s is None else _word(LAST, span=brief(finding.last_s))


def _wrapped(text: str, indent: str, first: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def _printable(line: str) -> str:
    return line if line.isprintable() else "".join(one if one.isprintable() else "?" for one in line)


def plain(look: Look, found: Iterable[Finding]) -> dict[str, Any]:
    """Return the same as JSON values; sentences in the reader's language."""
    return {
        "post": look.settings.post,
        "running": look.running is not None,
        "unreadable": look.unreadable,
        "findings": [_plain(finding) for finding in found],
    }


def _plain(finding: Finding) -> dict[str, Any]:
    case = CASES[finding.code]
    return {
        "code": finding.code,
        "weight": case.weight.name.lower(),
        "what": _sentence(case.what, finding),
        "means": _sentence(case.means, finding),
        "do": [_sentence(step, finding) for step in case.do],
        "since_s": finding.since_s,
        "last_s": finding.last_s,
        "about": list(finding.about),
    }
