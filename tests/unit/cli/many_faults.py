"""Faults for files that have none: a line of theirs is replaced, and what must be told of it is known."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
SHIPPED = {
    f"{folder}/{name}": ROOT / folder / name
    for folder, names in {
        "rules": (
            *("panic.yaml", "kebakaran.yaml", "tawuran.yaml", "ranmor.yaml", "laporan.yaml", "alat.yaml"),
            *("panic.test.yaml", "kebakaran.test.yaml", "ranmor.test.yaml"),
        ),
        "devices": ("tasmota.yaml", "zigbee2mqtt.yaml"),
        "config": ("post.yaml", "precinct.yaml", "site.yaml"),
    }.items()
    for name in names
}

# Every form of the language once, which the shipped rules do not need.
FORMS = """\
version: 1
rules:
- id: ramai
  when: {count: {event: motion, at_least: 3, where: {zone: gang}, distinct: device}, within: 60s, group_by: [post]}
  then: {escalate: precinct, incident: kerumunan, severity: medium, message: "Ramai di {zone}"}
  only_if: [{between: ["22:00", "05:00"]}, {days: [fri, sat]}]
  clear_when: {event: roll_call, group_by: [post]}
- id: prowler
  when:
    sequence:
    - {event: motion, as: first, where: {role: motion}}
    - {unless: {event: check_in}}
    - {event: door.open, where: {zone: {same_as: first.zone}, device: {not_in: [btn-1]}}}
    within: 5m
  then: {escalate: [precinct, coordinator], incident: penyusup, severity: high, certainty: likely}
  suppressed_by: [ramai]
- id: hot
  when: {all: [{event: heat, as: h}, {event: smoke, at_least: 2}, {unless: {event: roll_call}}], within: 2m}
  then: {escalate: fire, incident: panas, severity: high, avs: 2}
- id: silent-post
  when: {absent: {event: heartbeat}, for: 3m, expect_from: posts}
  then: {escalate: technician, incident: diam, severity: low}
  mode: shadow
- id: no-answer
  when: {absent: {event: check_in}, after: {event: door.open, where: {zone: gerbang}}, within: 5m}
  then: {escalate: none, set: {gate: unwatched}, actions: [lamp.on]}
- id: late-shift
  when: {absent: {event: check_in}, between: ["00:50", "01:10"], expect_from: [pos-01, pos-03]}
  then: {escalate: coordinator, incident: apel, severity: low}
- id: gate-left
  when: {state: {gate: unwatched}, for: 5m}
  then: {escalate: precinct, incident: gerbang_terbuka, severity: low}
  enabled: false
- id: evening
  when: {schedule: {at: "22:00", days: [mon, tue]}}
  then: {escalate: coordinator, incident: apel_malam, severity: info}
- id: reports
  when: {count: {event: report.tawuran, at_least: 2}, within: 10m, neighbours: kelurahan}
  then: {escalate: precinct, incident: tawuran_luas, severity: high}
  runs_at: precinct
- id: quake
  when: {any: [{event: vibration, where: {value: {above: 5}}}, {event: glass.break, where: {post: pos-07}}]}
  then: {escalate: precinct, incident: guncangan, severity: low}
  throttle: {once_within: 10m, group_by: [post]}
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A line of a file that becomes another one, and the code that must be told, in that line.

    Of one ``group`` a set of files can have one fault only: of two, neither could be told for certain.
    """

    file: str
    line: int
    text: str
    code: str
    entry: int
    group: str = ""

    @property
    def place(self) -> tuple[str, int, str]:
        """Return where it must be told, and as what."""
        return self.file, self.line, self.code


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of fault: in lines of these files that match, ``new`` replaces what is found."""

    files: str
    old: str
    new: str
    code: str
    group: str = ""

    def of(self, file: str, number: int, line: str, entry: int) -> Iterator[Fault]:
        """Yield the fault of a line, if it can have it."""
        if re.search(self.files, file) and re.search(self.old, line):
            yield Fault(file, number, re.sub(self.old, self.new, line, count=1), self.code, entry, self.group)


RULES = r"^rules/\w+\.yaml$"
TESTS = r"\.test\.yaml$"
PROFILES = r"^devices/"
SETTINGS = r"^config/p"
SITE = r"^config/site"
SORTS = (
    # --- words of rules
    Sort(RULES, r"severity: (\w)(\w)(\w+)", r"severity: \2\1\3", "unknown-word"),
    Sort(RULES, r"severity: medium|severity: info", "severity: true", "wrong-type"),
    Sort(RULES, r"certainty: l(\w+)", r"certainty: \1", "unknown-word"),
    Sort(RULES, r"escalate: precinct", "escalate: precint", "unknown-word"),
    Sort(RULES, r"escalate: \[precinct", "escalate: [precinct, 5", "wrong-type"),
    Sort(RULES, r"escalate: (technician|coordinator)", r"escalate: [\1, none]", "escalate-none"),
    Sort(RULES, r"incident: ([\w-]+)", r'incident: "! \1"', "bad-incident"),
    Sort(RULES, r"\{device\}", "{devcie}", "field-slip"),
    Sort(RULES, r"\{zone\}", "{zone.name}", "bad-placeholder"),
    Sort(RULES, r"once_within: (\d+)[ms]", r"once_within: \1x", "bad-duration"),
    Sort(RULES, r"once_within: \w+", "once_within: 5m, once_within: 6m", "yaml-duplicate-key"),
    Sort(RULES, r"group_by: \[device\]", "group_by: [devcie]", "field-slip"),
    Sort(RULES, r"group_by: \[zone\]", "group_by: [zone, 5]", "wrong-type"),
    Sort(RULES, r"\[siren\.on\]", "[siren on]", "bad-action"),
    Sort(RULES, r"avs: 2", "avs: 9", "wrong-type"),
    Sort(RULES, r"mode: shadow", "mode: shadwo", "unknown-word"),
    Sort(RULES, r"enabled: false", "enabled: no", "wrong-type"),
    Sort(RULES, r"runs_at: precinct", "runs_at: precnct", "unknown-word"),
    Sort(RULES, r"name: \{id: [^,\"]*,", "name: {id: 5,", "wrong-type"),
    Sort(RULES, r"^version: 1", 'version: "1"', "file-version"),
    Sort(RULES, r"^( +)severity: (medium|low|info)$", r"\1severity: !!str \2", "yaml-tag"),
    # --- keys of rules
    Sort(RULES, r"^  throttle:", "  throtle:", "unknown-key"),
    Sort(RULES, r"^  when:", "  wehn:", "unknown-key"),
    Sort(RULES, r"incident:", "incidnet:", "unknown-key"),
    Sort(RULES, r"^  name:", "  nama_panjang:", "unknown-key"),
    # --- when and where
    Sort(RULES, r"event: (smok|tampe|moti|hea)(\w)(\b)", r"event: \1x\2", "unknown-kind"),
    Sort(RULES, r"panic\.press", "panic.prses", "unknown-kind"),
    Sort(RULES, r"door\.open", "door.opn", "unknown-kind"),
    Sort(RULES, r"report\.tawuran", "report.tawurn", "kind-slip"),
    Sort(RULES, r"report\.tawuran", "door.open", "not-at-precinct"),
    Sort(RULES, r"at_least: 3", 'at_least: "3"', "wrong-type"),
    Sort(RULES, r"at_least: 3", "at_least: 1000000", "beyond-window"),
    Sort(RULES, r"within: 60s", "within: 31d", "beyond-retention"),
    Sort(RULES, r", within: 60s", "", "missing-key"),
    Sort(RULES, r"within: 2m", "within: 2menit", "bad-duration"),
    Sort(RULES, r"zone: gang", "zone: gangg", "unknown-name"),
    Sort(RULES, r"zone: gerbang", "zone: {iss: gerbang}", "unknown-operator"),
    Sort(RULES, r"zone: gerbang", "zoen: gerbang", "field-slip"),
    Sort(RULES, r"btn-1", "btn-l", "unknown-name"),
    Sort(RULES, r"post: pos-07", "post: pos-70", "unknown-name"),
    Sort(RULES, r"role: motion", "role: moton", "unknown-name"),
    Sort(RULES, r"first\.zone", "frist.zone", "unknown-name"),
    Sort(RULES, r"above: 5", "above: five", "wrong-type"),
    Sort(RULES, r"above: 5", 'matches: "(a+)+b"', "bad-pattern"),
    Sort(RULES, r"pos-01, pos-03", "pos-01, pos-99", "unknown-name"),
    Sort(RULES, r", expect_from: posts", "", "absent-no-roster"),
    Sort(RULES, r'"00:50", ', '"24:50", ', "bad-time"),
    Sort(RULES, r'"22:00", "05', '"22:00", "22:00"]}, {between: ["01:00", "05', "empty-span"),
    Sort(RULES, r"days: \[mon", "days: [monday", "unknown-word"),
    Sort(RULES, r'at: "22:00"', "at: 2200", "bad-time"),
    Sort(RULES, r"suppressed_by: \[ramai\]", "suppressed_by: [ramaii]", "unknown-name"),
    Sort(RULES, r"suppressed_by: \[ramai\]", "suppressed_by: [prowler]", "suppress-loop"),
    Sort(RULES, r"roll_call, group_by: \[post\]", "roll_call, group_by: [zone]", "clear-group"),
    Sort(r"forms.yaml", r"neighbours: kelurahan", "neighbours: kelurahan, group_by: [kelurahan]", "neighbours-group"),
    # --- ids
    Sort(RULES, r"^- id: (\w)", r"- id: \1! ", "bad-id", "id"),
    Sort(r"forms.yaml", r"^- id: (hot|evening|quake)$", "- id: ramai", "duplicate-id", "id"),
    Sort(r"alat.yaml", r"^- id: (mains-lost|blackout)$", "- id: tamper", "duplicate-id", "id"),
    # --- the floor
    Sort(r"panic.yaml", r"severity: critical", "severity: high", "floor-severity"),
    Sort(r"panic.yaml", r"escalate: precinct", "escalate: none", "floor-escalate"),
    Sort(r"panic.yaml", r"group_by: \[device\]", "group_by: [zone]", "floor-throttle"),
    # --- tests
    Sort(TESTS, r"at: 5m,", "at: 5x,", "bad-duration"),
    Sort(TESTS, r"event: (pani|moti|tampe)", r"event: \1q", "unknown-kind"),
    Sort(TESTS, r"- \{at: (\w+), event:", r"- {at: \1, evnt:", "step"),
    Sort(TESTS, r"^  steps:", "  setps:", "unknown-key"),
    Sort(TESTS, r"start: \S+", "start: kemarin", "bad-start"),
    Sort(TESTS, r"- \{at: (\w+), throttled:", r"- {at: \1, trottled:", "expect"),
    Sort(TESTS, r"alert: (panic-press|smoke)([,}])", r"alert: \1s\2", "unknown-name", "id"),
    # --- profiles
    Sort(PROFILES, r"kind: (\w)(\w)", r"kind: \2\1", "profile.unknown-kind"),
    Sort(PROFILES, r"grammar: button", "grammar: buton", "profile.unknown-grammar"),
    Sort(PROFILES, r"by_role: false", "by_role: no", "profile.wrong-type"),
    Sort(PROFILES, r"^subscribe: \[", "subscribe: [[], ", "profile.wrong-type"),
    # --- site.yaml
    Sort(SITE, r"^timezone: .*", "timezone: WIB", "wrong-value"),
    Sort(SITE, r"lat: \S+,", "lat: selatan,", "wrong-value"),
    Sort(SITE, r"kelurahan: krendang", "kelurahan: krendnag", "unknown-name"),
    Sort(SITE, r"post: pos-03", "post: pos-30", "unknown-name"),
    Sort(SITE, r"profile: kentongan", "profile: kentongn", "unknown-profile"),
    Sort(SITE, r"role: panic_button", "role: panic_buton", "wrong-value"),
    Sort(SITE, r"zone: parkir", "zone: 7", "wrong-value"),
    Sort(SITE, r"code: \S+,", "cdoe: x,", "unknown-key"),
    Sort(SITE, r"id: (roa-malaka), code", r"id: Roa Malaka!, code", "wrong-value"),
    Sort(SITE, r"neighbours: \[duri-utara, kali", "neighbours: [duri-utara, pekojan, kali", "neighbours"),
    Sort(SITE, r"id: siren-1", "id: lamp-1", "duplicate-id", "device"),
    # --- post.yaml, precinct.yaml
    Sort(SETTINGS, r"port: 1884", "port: 70000", "wrong-value"),
    Sort(SETTINGS, r"^http:", "htpt:", "unknown-key"),
    Sort(SETTINGS, r"retain: 30d", "retain: 30", "wrong-value"),
    Sort(SETTINGS, r"^matcher: durable_rules", "matcher: durable", "wrong-value"),
    Sort(SETTINGS, r"^post: pos-03", "post: pos-30", "unknown-post"),
    Sort(SETTINGS, r"min: 500ms", "mim: 500ms", "unknown-key"),
    Sort(SETTINGS, r"^data_dir:", "datadir:", "unknown-key"),
    # --- YAML itself: the rest of the entry cannot be read then
    Sort(RULES, r"\[zone\]\}$", "[zone}", "yaml-syntax", "entry"),
    Sort(RULES, r"^  (then: \{.*)\}$", r"  \1]", "yaml-syntax", "entry"),
    Sort(RULES, r"^  (name|mode|runs_at):", r"\t\1:", "yaml-syntax", "entry"),
    Sort(RULES, r'message: "(.*)"$', r'message: "\1\\q"', "yaml-syntax", "entry"),
    Sort(SITE, r"^- (\{id: btn-2.*)\}$", r"- \1]", "yaml-syntax", "entry"),
    Sort(SITE, r"^- (\{id: duri-selatan.*)\]\}$", r"- \1}", "yaml-syntax", "entry"),
    Sort(SETTINGS, r"^(retry|http|clock): \{(.*)\}", r"\1: {\2]", "yaml-syntax", "entry"),
)


def files() -> dict[str, list[str]]:
    """Return the lines of files without any fault, by name."""
    shipped = {name: path.read_text(encoding="utf-8").split("\n") for name, path in SHIPPED.items()}
    return {**shipped, "rules/forms.yaml": FORMS.split("\n")}


def faults(lines: Mapping[str, list[str]]) -> list[Fault]:
    """Return every fault that these files can have."""
    return [fault for file, each in lines.items() for fault in _of_file(file, each)]


def _of_file(file: str, lines: list[str]) -> Iterator[Fault]:
    entry = 0
    for number, line in enumerate(lines, start=1):
        entry = number if re.match(r"- |\w", line) else entry
        if not line.lstrip().startswith("#"):
            for sort in SORTS:
                yield from sort.of(file, number, line, entry)


def goes_with(one: Fault, other: Fault) -> bool:
    """Return whether two faults are independent of each other: other lines, and neither hides the other."""
    if one.file == other.file and one.line == other.line:
        return False
    if "entry" in (one.group, other.group) and (one.file, one.entry) == (other.file, other.entry):
        return False
    if {one.group, other.group} == {"entry", "id"}:
        return False  # an id is written twice only where the first of the two can be read
    return one.group == "entry" or not one.group or one.group != other.group
