"""The questions, in order: each is asked only if its answer was not given with the command."""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from dispatcher.cli.newrule import answers
from dispatcher.cli.newrule.answers import NotUnderstood, Options
from dispatcher.cli.newrule.model import Draft, Form, incident_of, is_floor, is_reading, is_report, role_of
from dispatcher.cli.say import language, say
from dispatcher.domain.catalogue import KINDS
from dispatcher.domain.faults import Text
from dispatcher.domain.incident import Severity
from dispatcher.domain.site import ROLES, Site
from dispatcher.rules.glossary import CHANNELS, SEVERITIES

Answer = TypeVar("Answer")
WIDTH = 60

WHAT = Text("Apa yang terjadi? (nomor, atau kata seperti: asap)", "What happens? (a number, or a word as: smoke)")
HOW = Text("Kapan aturan ini menyala?", "When does the rule fire?")
TIMES = Text("Berapa kali?", "How many times?")
WITHIN = Text("Dalam berapa lama?", "Within how long?")
THEN = Text("Lalu apa?", "And then what?")
SILENT_FOR = Text("Berapa lama tanpa kabar?", "For how long without word?")
FROM = Text("Kabar dari siapa?", "Word from whom?")
LIMIT = Text("Batasnya? (> 57 di atas, < 5 di bawah)", "The limit? (> 57 above, < 5 below)")
WHERE = Text("Di zona mana?", "In which zone?")
PER = Text("Dihitung per apa?", "Counted for each what?")
HOURS = Text("Jam berapa saja? (atau tulis 21:30-04:00)", "At what hours? (or write 21:30-04:00)")
SEVERITY = Text("Seberapa gawat?", "How grave?")
WHOM = Text("Siapa diberi tahu? (boleh beberapa: 1,3)", "Who is told? (several: 1,3)")
NAME = Text("Nama aturan ini, seperti dibaca petugas?", "The rule's name, as the officer reads it?")

FORMS: Options = {
    "each": Text("setiap kali", "each time"),
    "count": Text("beberapa kali dalam waktu singkat", "several times in a short time"),
    "then": Text("bila diikuti kejadian lain", "when something else follows"),
    "silent": Text("bila tidak ada kabar", "when no word comes"),
}
ANYWHERE, ANY_TIME, NIGHT = "*", "selalu", "malam"
_ANYWHERE = Text("di mana saja", "anywhere")
_HOURS: Options = {
    ANY_TIME: Text("kapan saja", "at any time"),
    NIGHT: Text("malam, 22:00-05:00", "at night, 22:00-05:00"),
}
NIGHT_HOURS = ("22:00", "05:00")
_PER: Options = {
    "device": Text("per alat", "for each device"),
    "zone": Text("per zona", "for each zone"),
    "post": Text("per pos", "for each post"),
    "kelurahan": Text("per kelurahan", "for each kelurahan"),
}
OFTEN = (
    "smoke", "heat", "gas", "motion", "door.open", "glass.break", "vibration", "camera.person", "reading.temperature",
    "panic.press", "report.tawuran", "check_in",
)  # fmt: skip

NO_FLOOR = Text(
    "setiap tekanan sudah diteruskan; pilih: setiap kali", "each press is relayed anyway; choose: each time"
)
FLOOR_TOLD = Text("tombol panik selalu critical, dan selalu ke Polsek", "a panic is critical, and goes to the precinct")
NO_READING = Text("ukuran terus-menerus datang; pilih kejadian", "readings come all the time; choose an event")
NOT_MIXED = Text("keduanya laporan orang, atau keduanya dari alat", "both from people, or both from devices")
NEEDED = Text("--{option} harus ada di sini", "--{option} is needed here")
_EVERY_POST = Text("setiap pos", "every post")
_EVERY_DEVICE = Text("setiap alat seperti ini", "every such device")
_SPOKEN = (
    Text("info", "info"),
    Text("rendah", "low"),
    Text("sedang", "medium"),
    Text("tinggi", "high"),
    Text("gawat", "critical"),
)
_GRADES: Options = {
    str(one): Text(f"{said.id}: {SEVERITIES[one].id}", SEVERITIES[one].en)
    for one, said in zip(Severity, _SPOKEN, strict=True)
}
NO_ROOM = Text("di antara keduanya tidak ada angka", "there is no number between the two")
BAD_LIMIT = Text("tulis > 57 atau < 5", "write > 57 or < 5")
UNKNOWN_ZONE = Text("zona ini tidak ada di site.yaml: {zones}", "this zone is not in site.yaml: {zones}")


class Unanswered(Exception):
    """A question without an answer where nobody can be asked. ``option`` is what would answer it."""

    def __init__(self, option: str) -> None:
        super().__init__(option)
        self.option = option


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks what the command did not say. ``read`` is None where nobody can be asked: defaults are taken then."""

    given: Mapping[str, str]
    read: Callable[[str], str] | None

    def ask(
        self,
        option: str,
        question: Text,
        parse: Callable[[str], Answer],
        default: str | None,
        options: Options | None = None,
    ) -> Answer:
        """Return one answer. Raises NotUnderstood for an option that makes no sense, Unanswered without a default."""
        if option in self.given:
            return parse(self.given[option])
        if self.read is None:
            if default is None:
                raise Unanswered(option)
            return parse(default)
        show(question, options)
        while True:
            answer = self.read(f"[{default}] > " if default is not None else "> ").strip() or default or ""
            try:
                return parse(answer)
            except NotUnderstood as error:
                say(Text(f"  {error.text.id}", f"  {error.text.en}"), **error.values)


def show(question: Text, options: Options | None) -> None:
    """Print a question and its options, a line each, as wide as a narrow terminal."""
    print()
    print("\n".join(textwrap.wrap(question.render(language(), {}), WIDTH)))
    words = [word for word in options or {} if word != ANYWHERE]
    widest = max((len(word) for word in words), default=0)
    for number, (word, text) in enumerate((options or {}).items(), 1):
        label = text.render(language(), {})
        line = f"{number:>3} {word if word in words else '':<{widest}} {label if label != word else ''}".rstrip()
        print(line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…")


# --- the questions ---------------------------------------------------------------------------------------------------


def draft_of(asker: Asker, site: Site | None, channels: frozenset[str]) -> Draft:
    """Ask everything and return the draft.

    Raises NotUnderstood and Unanswered for what the command said or did not say, and what ``asker.read`` raises.
    """
    kind = asker.ask("event", WHAT, lambda answer: answers.kind(answer, OFTEN), None, _kinds(OFTEN))
    form = Form(asker.ask("how", HOW, lambda answer: _form(answer, kind), "each", FORMS))
    draft = _shaped(asker, Draft("", "", kind, form, incident=incident_of(kind)))
    draft = _limited(asker, draft)
    draft = draft if form is Form.SILENT else _placed(asker, draft, _zones(site))
    draft = replace(draft, hours=asker.ask("hours", HOURS, _hours, ANY_TIME, _HOURS))
    draft = _told(asker, draft, channels)
    draft = replace(draft, name=asker.ask("name", NAME, answers.line, _name(draft)))
    return _by_default(asker.given, draft)


def _by_default(given: Mapping[str, str], draft: Draft) -> Draft:
    """Return the draft with what is not asked, unless the command said it."""
    once = given.get("once-within", "0" if draft.form is Form.SILENT else "10m")
    return replace(
        draft,
        id=answers.slug(given.get("id", draft.name)),
        message=answers.line(given["message"]) if "message" in given else _message(draft),
        incident=answers.incident(given.get("incident", draft.incident)),
        once_within=answers.length_or_none(once),
        siren="siren" in given,
    )


def _kinds(names: tuple[str, ...]) -> Options:
    return {name: KINDS[name].title for name in names}


def _form(answer: str, kind: str) -> str:
    form = answers.chosen(answer, FORMS)
    if form != Form.EACH and is_floor(kind):
        raise NotUnderstood(NO_FLOOR)
    return form


def _shaped(asker: Asker, draft: Draft) -> Draft:
    """Ask what belongs to the form: how often, how long, what follows, from whom."""
    match draft.form:
        case Form.EACH:
            return draft
        case Form.COUNT:
            draft = replace(draft, times=asker.ask("times", TIMES, answers.times, "3"))
            return replace(draft, within=asker.ask("within", WITHIN, answers.length, "60s"))
        case Form.THEN:
            often = tuple(one for one in OFTEN if _may_follow(one, draft.kind))
            second = asker.ask("then", THEN, lambda answer: _second(answer, draft.kind, often), None, _kinds(often))
            return replace(draft, then_kind=second, within=asker.ask("within", WITHIN, answers.length, "3m"))
        case Form.SILENT:
            rosters = {"posts": _EVERY_POST, role_of(draft.kind): _EVERY_DEVICE}
            roster = asker.ask("from", FROM, lambda answer: _roster(answer, rosters), "posts", rosters)
            return replace(draft, roster=roster, within=asker.ask("within", SILENT_FOR, answers.length, "45m"))


def _may_follow(second: str, first: str) -> bool:
    return not is_floor(second) and not is_reading(second) and is_report(second) == is_report(first)


def _second(answer: str, first: str, often: tuple[str, ...]) -> str:
    second = answers.kind(answer, often)
    if is_floor(second):
        raise NotUnderstood(NO_FLOOR)
    if is_reading(second):
        raise NotUnderstood(NO_READING)
    if is_report(second) != is_report(first):
        raise NotUnderstood(NOT_MIXED)
    return second


def _roster(answer: str, rosters: Options) -> str:
    return answer if answer in ROLES else answers.chosen(answer, rosters)


def _limited(asker: Asker, draft: Draft) -> Draft:
    """Ask for the limit of a reading; heat has one that is usual."""
    if not is_reading(draft.kind) or draft.form is Form.SILENT:
        return draft
    given = {key: answers.number(asker.given[key]) for key in ("above", "below") if key in asker.given}
    if not given:
        usual = "> 57" if draft.kind == "reading.temperature" else None
        given = asker.ask("above", LIMIT, _limit, usual)
    if len(given) == 2 and given["above"] >= given["below"]:
        raise NotUnderstood(NO_ROOM)
    return replace(draft, above=given.get("above"), below=given.get("below"))


def _limit(answer: str) -> dict[str, float]:
    sign, value = answer[:1], answer[1:]
    if sign not in (">", "<"):
        raise NotUnderstood(BAD_LIMIT)
    return {"above" if sign == ">" else "below": answers.number(value)}


def _placed(asker: Asker, draft: Draft, zones: list[str]) -> Draft:
    if not is_report(draft.kind):
        options = {ANYWHERE: _ANYWHERE, **{zone: Text(zone, zone) for zone in zones}}
        draft = replace(draft, zone=asker.ask("zone", WHERE, lambda answer: _zone(answer, options), "1", options))
    if is_floor(draft.kind):
        return draft
    per = _per(draft.kind, draft.form)
    return replace(draft, per=asker.ask("per", PER, lambda answer: answers.chosen(answer, per), next(iter(per)), per))


def _per(kind: str, form: Form) -> Options:
    if is_report(kind):
        return {word: _PER[word] for word in ("kelurahan", "post")}
    words = ("device", "zone", "post") if form is Form.EACH else ("zone", "post", "device")
    return {word: _PER[word] for word in words if not (word == "device" and form is Form.THEN)}


def _zones(site: Site | None) -> list[str]:
    if site is None:
        return []
    listed = [*(zone for post in site.posts.values() for zone in post.zones)]
    return list(dict.fromkeys([*listed, *(one.zone for one in site.devices.values() if one.zone)]))


def _zone(answer: str, options: Options) -> str:
    """Return a zone, empty for all; without a site any name will do."""
    known = [zone for zone in options if zone != ANYWHERE]
    if answer in known:
        return answer
    if not known and answer not in ("1", ANYWHERE):
        return answers.line(answer)
    try:
        found = answers.chosen(answer, options)
    except NotUnderstood:
        raise NotUnderstood(UNKNOWN_ZONE, zones=", ".join(known[:8])) from None
    return "" if found == ANYWHERE else found


def _hours(answer: str) -> tuple[str, str] | None:
    try:
        found = answers.chosen(answer, _HOURS)
    except NotUnderstood:
        return answers.hours(answer)
    return None if found == ANY_TIME else NIGHT_HOURS


def _told(asker: Asker, draft: Draft, channels: frozenset[str]) -> Draft:
    known = {name: text for name, text in CHANNELS.items() if name != "none"}
    known |= {name: Text(name, name) for name in sorted(channels - known.keys() - {"none"})}
    if not is_floor(draft.kind):
        grade = asker.ask("severity", SEVERITY, lambda answer: answers.chosen(answer, _GRADES), "medium", _GRADES)
        whom = asker.ask("escalate", WHOM, lambda answer: answers.several(answer, known), "precinct", known)
        return replace(draft, severity=grade, escalate=whom)
    if asker.read is not None:
        say(Text(f"\n{FLOOR_TOLD.id}", f"\n{FLOOR_TOLD.en}"))
    whom = answers.several(asker.given.get("escalate", "precinct"), known)
    return replace(draft, severity="critical", escalate=tuple(dict.fromkeys(("precinct", *whom))))


# --- words -----------------------------------------------------------------------------------------------------------

_SUFFIX = {
    Form.EACH: Text("", ""),
    Form.COUNT: Text(" berulang", " again and again"),
    Form.THEN: Text(" diikuti kejadian lain", " and then something else"),
    Form.SILENT: Text(": tidak ada kabar", ": no word"),
}
_AT_NIGHT = Text(" malam hari", " at night")
_WITHOUT_WORD = Text("tidak ada kabar selama {within}", "no word for {within}")


def _name(draft: Draft) -> str:
    text = KINDS[draft.kind].title.render(language(), {}).partition(" (")[0]
    text = text.removeprefix("ada ") + _SUFFIX[draft.form].render(language(), {})
    text += _AT_NIGHT.render(language(), {}) if draft.hours == NIGHT_HOURS else ""
    return text[:1].upper() + text[1:]


def _message(draft: Draft) -> str:
    """Return the line on the board; braces in a name would be read as fields."""
    name = draft.name.replace("{", "(").replace("}", ")")
    if draft.form is Form.SILENT:
        return f"{name}: {{post}}, {_WITHOUT_WORD.render(language(), {'within': draft.within})}"
    return f"{name}: {{kelurahan}}" if is_report(draft.kind) else f"{name}: {{device}}, {{post}}"
