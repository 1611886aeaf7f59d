"""What `check` refuses and what it must not, one after the other through the text of the language."""

import pytest

from dispatcher.cli.rulesets import examine
from dispatcher.cli.surroundings import SiteRead, Surroundings
from dispatcher.domain.faults import Fault
from dispatcher.rules.names import names_of
from dispatcher.settings.salvage import salvage
from dispatcher.settings.sitefile import parse_site
from dispatcher.settings.yamlfile import read_text

SITE = parse_site(
    read_text(
        "timezone: Asia/Jakarta\nprecinct: {id: p}\n"
        "kelurahan: [{id: krendang, neighbours: [angke]}, {id: angke, neighbours: [krendang]}]\n"
        "posts: [{id: pos-1, kelurahan: krendang, zones: [a, b]}, {id: pos-2, kelurahan: angke}]\n"
        "devices: [{id: btn-1, role: panic_button, post: pos-1, zone: a}, {id: pir-1, role: motion, post: pos-1}]\n",
        "site.yaml",
    )
)
THEN = "then: {escalate: precinct, incident: x, severity: low}"
PANIC = "then: {escalate: precinct, incident: panic, severity: critical}"


def rule(*lines: str, id_: str = "r") -> str:
    return "\n".join(["version: 1", "rules:", f"- id: {id_}", *(f"  {line}" for line in lines), ""])


def when(text: str) -> str:
    return rule(f"when: {text}", THEN)


def where(text: str) -> str:
    return when(f"{{event: motion, where: {text}}}")


def then(text: str) -> str:
    return rule("when: {event: motion}", f"then: {text}")


def file(*rules: str) -> str:
    return "version: 1\nrules:\n" + "".join(f"- {one}\n" for one in rules)


def faults_of(data: str | bytes) -> list[Fault]:
    found = salvage(data.encode() if isinstance(data, str) else data, "r.yaml")
    return [*examine([found], Surroundings(), SiteRead(names_of(SITE), SITE)).faults]


REFUSED = [
    # --- bytes and YAML
    (b"version: 1\nrules: []\n#" + b"x" * 1_000_000, "1:1: file-too-large"),
    (b"version: 1\nrules: []\n# \xff\n", "3:3: file-encoding"),
    ("version: 1\nrules: []\n".encode("utf-16"), "file-nul"),
    (b"version: 1\nrules: [\0]\n", "2:9: file-nul"),
    (b"version: 1\n# \x07\nrules: []\n", "2:3: yaml-syntax"),
    ("", "1:1: file-empty"),
    ("# nothing but words\n", "1:1: file-empty"),
    ("version: 1\nrules: []\n---\nversion: 1\nrules: []\n", "3:1: yaml-documents"),
    ("version: 1\nrules:\n\t- id: a\n", "3:1: yaml-syntax"),
    ("version: 1\nrules: " + "[" * 500 + "]" * 500, "yaml-depth"),
    (where("{not: " * 40 + "{v: 1}" + "}" * 40), "yaml-depth"),
    ("version: 1\nrules: !!python/object/apply:os.system [id]\n", "2:8: yaml-tag"),
    ("version: 1\nrules: &a [*a]\n", "yaml-alias"),
    (
        "version: 1\na: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)),
        "yaml-size",
    ),
    ("version: 1\n? [a]\n: 1\nrules: []\n", "yaml-key"),
    (file("{id: a, <<: {when: {event: motion}}, " + THEN + "}"), "unknown key <<"),
    # --- a file and a rule
    ("rules: []\n", "key version is required"),
    ('version: "1"\nrules: []\n', "file-version"),
    ("version: 1\nruls: []\n", "did you mean rules?"),
    ("version: 1\nrules: {id: a}\n", "wrong-type"),
    ("- id: a\n", "wrong-type"),
    (rule("when: {event: motion}", THEN, id_="Panik"), "bad-id"),
    (rule("when: {event: motion}", THEN, id_="12"), "wrong-type"),
    (rule("when: {event: motion}", THEN, "enabled: yes"), "expected true / false here, not 'yes'"),
    (rule("when: {event: motion}", THEN, "enabled: off"), "expected true / false here, not 'off'"),
    (rule("when: {event: motion}", THEN, "mode: shadwo"), "did you mean shadow?"),
    (rule("when: {event: motion}", THEN, "runs_at: precinc"), "did you mean precinct?"),
    (rule("when: {event: motion}", THEN, "throtle: {once_within: 5m}"), "did you mean throttle?"),
    (file("{id: a, when: {event: motion}, " + THEN + "}", "{id: a, when: {event: moton}}"), "duplicate-id"),
    # --- when
    (when("{event: [panic.pres]}"), "did you mean panic.press?"),
    (when("{event: banan.*}"), "unknown-kind"),
    (when('{event: "*"}'), "unknown-kind"),
    (when("{event: report.tawurn}"), "report.tawuran"),
    (when("{event: alert.pani}"), "alert.panic"),
    (when("{event: motion, count: {event: motion, at_least: 2}, within: 5s}"), "two-forms"),
    (when("{within: 5s}"), "when needs one of"),
    *(
        (when(f"{{count: {{event: motion, at_least: 2}}, within: {text}}}"), told)
        for text, told in (
            ("60", "bad-duration"),
            ("60sec", "bad-duration"),
            ("1.5h", "bad-duration"),
            ("-60s", "bad-duration"),
            ("1w", "bad-duration"),
            ('"60 s"', "bad-duration"),
            ('"\u0666\u0660s"', "bad-duration"),
            ("31d", "beyond-retention"),
            ("2592000001ms", "beyond-retention"),
        )
    ),
    *(
        (when(f"{{count: {{event: motion, at_least: {text}}}, within: 5s}}"), "wrong-type")
        for text in ("0", '"3"', "2.5", "true")
    ),
    (when("{count: {event: motion, at_least: 99999999999999999999999}, within: 5s}"), "beyond-window"),
    (when("{count: {event: motion, at_least: 2}, within: 5s, reuse: yes}"), "wrong-type"),
    (when("{count: {event: motion, at_least: 2}, within: 5s, group_by: [zoen]}"), "away from zone"),
    (when("{sequence: [{event: motion}, {event: smoke}]}"), "sequence needs within"),
    (when("{sequence: [{unless: {event: gas}}, {event: smoke}], within: 5s}"), "unless-place"),
    (
        when(
            "{sequence: [{event: motion, as: first}, {event: gas, where: {zone: {same_as: frist.zone}}}], within: 5s}"
        ),
        "did you mean first?",
    ),
    (when("{sequence: [{event: gas, where: {zone: {same_as: b.zone}}}, {event: gas, as: b}], within: 5s}"), "named b"),
    (when("{absent: {event: heartbeat}, for: 5m}"), "expect_from"),
    (when("{absent: {event: heartbeat}, for: 5m, expect_from: [pos-3]}"), "did you mean pos-"),
    (when("{absent: {event: heartbeat}, for: 5m, expect_from: {role: smok}}"), "did you mean smoke?"),
    (
        when("{absent: {event: heartbeat}, after: {sequence: [{event: gas}]}, within: 5m}"),
        "after: sequence needs within",
    ),
    (when('{schedule: {at: "24:00"}}'), "bad-time"),
    (when("{schedule: {at: 2200}}"), "bad-time"),
    (when('{schedule: {at: "9:00"}}'), "bad-time"),
    (when('{schedule: {at: "09:00", days: [monday]}}'), "mon"),
    (
        when("{count: {event: report.x, at_least: 2}, within: 5s, neighbours: kelurahan, group_by: [kelurahan]}"),
        "neighbours-group",
    ),
    (when("{absent: {event: heartbeat}, for: 5m, within: 3m, expect_from: posts}"), "within means nothing beside"),
    (when('{absent: {event: heartbeat}, between: ["00:50", "01:10"], within: 3m, expect_from: posts}'), "needless-key"),
    # --- where
    (where("{v: {abov: 5}}"), "did you mean above?"),
    (where("{v: {above: five}}"), "expected number"),
    (where("{v: {between: [5]}}"), "wrong-type"),
    (where("{v: {exists: yes}}"), "wrong-type"),
    (where("{v: {above: {field: zoen}}}"), "away from zone"),
    (where("{device: btn-l}"), "did you mean btn-1?"),
    (where("{kelurahan: {not_in: [angek]}}"), "did you mean angke?"),
    (where('{v: {matches: "(a|aa)*b"}}'), "bad-pattern"),
    # --- then and what stands beside it
    (then("{escalate: precint, incident: x, severity: low}"), "did you mean precinct?"),
    (then("{escalate: precinct, severity: low}"), "then needs incident"),
    (then("{escalate: precinct, incident: x}"), "then needs severity"),
    (then("{escalate: precinct, incident: x, severity: low, avs: 5}"), "expected 0..4"),
    (then('{escalate: precinct, incident: x, severity: low, message: "{device.__class__}"}'), "bad-placeholder"),
    (rule("when: {event: motion}", THEN, "suppressed_by: [r]"), "suppress-loop"),
    (rule("when: {event: motion}", THEN, "suppressed_by: [rr]"), "there is no rule rr"),
    (rule("when: {event: motion}", THEN, "only_if: [{state: a}]"), "only-if"),
    (rule("when: {event: alert.x}", THEN), "alert-loop"),
    (rule("when: {event: alert.*}", THEN), "alert-loop"),
    (rule("runs_at: precinct", "when: {event: panic.press}", PANIC), "not-at-precinct"),
    # --- the floor
    (rule("when: {event: panic.*}", "then: {escalate: none}"), "floor-escalate"),
    (rule("when: {any: [{event: motion}, {event: panel.alarm}]}", THEN), "floor-severity"),
    (rule("when: {event: panic.press}", PANIC, "throttle: {once_within: 30s, group_by: [zone]}"), "floor-throttle"),
    (rule("when: {event: report.ranmor, where: {severity: critical}}", THEN), "floor-severity"),
]


@pytest.mark.parametrize(("data", "told"), REFUSED)
def test_what_the_text_does_not_allow_is_told_at_its_place(data: str | bytes, told: str) -> None:
    faults = faults_of(data)
    assert any(told in fault.render("en") for fault in faults), [fault.render("en") for fault in faults]
    assert all(fault.place.line and fault.place.column for fault in faults)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (when("{event: {a: 1}}"), "wrong-type"),
        (when("{absent: {event: heartbeat}}"), "absent-way"),
        (when("{absent: {event: heartbeat}, after: {event: motion}, within: 3m, for: 2m}"), "two-forms"),
    ],
)
def test_one_mistake_is_one_fault(data: str, code: str) -> None:
    assert [fault.code for fault in faults_of(data)] == [code]


TAKEN = [
    b"\xef\xbb\xbf" + when("{event: motion}").encode(),
    when("{event: motion}").replace("\n", "\r\n"),
    when("{event: motion}").rstrip(),
    "%YAML 1.2\n---\n" + when("{event: motion}") + "...\n",
    '{"version": 1, "rules": [{"id": "a", "when": {"event": "motion"}, "then": {"escalate": "none"}}]}',
    "version: 1\nrules:\n",
    b"version: 1\nrules: []\n#" + b"x" * 999_000,
    file("{id: a, when: {event: motion}, then: &t {escalate: none}}", "{id: b, when: {event: gas}, then: *t}"),
    rule("when: {event: motion}", THEN, "notes: [any, {thing: 1}]", "name: {en: Motion}", id_='"007"'),
    rule("when: {event: motion}", THEN, id_="a" * 128),
    when("{count: {event: motion, at_least: 2}, within: 30d}"),
    when("{count: {event: motion, at_least: 2}, within: 0s, group_by: [post, zone, plate]}"),
    when("{schedule: {at: 22:00, days: mon}}"),
    when("{event: [report.pohon_tumbang, watch.opened, device.unknown]}"),
    when("{any: [" + ", ".join(f"{{event: motion, where: {{v: {n}}}}}" for n in range(40)) + "]}"),
    when("{sequence: [" + ", ".join("{event: motion}" for _ in range(40)) + "], within: 1h}"),
    when("{absent: {event: heartbeat}, for: 40d, expect_from: [pos-1, btn-1]}"),
    when("{absent: {event: check_in}, after: {event: motion, at_least: 3, as: m}, within: 1m}"),
    when(
        "{absent: {event: check_in, where: {zone: {same_as: b.zone}}}, after: {sequence: [{event: gas}, "
        "{event: gas, as: b}], within: 10s}, within: 1m}"
    ),
    where("{level: on, state: off, ok: yes, frobnicate: 010, clock: 22:30}"),
    where("{v: {above: {field: w}, is_not: 7}, x: {in: [{field: y}, 5]}, z: {between: [{field: a}, {field: b}]}}"),
    where('{v: {matches: "[a-z]+(-[a-z]+)*"}}'),
    where("{}"),
    then('{escalate: [precinct, fire], incident: x, severity: info, message: "", actions: siren.off}'),
    then("{escalate: none, incident: x, severity: low, set: {a: 1.5}}"),
    rule("when: {event: motion}", THEN, "only_if: []", "suppressed_by: []", "throttle: {once_within: 0s}"),
    rule("when: {event: heat}", THEN, 'clear_when: {schedule: {at: "06:00"}}'),
    rule("when: {event: heat}", THEN, "clear_when: {event: panic.press}"),
    rule("runs_at: precinct", "when: {event: [report.x, heartbeat, check_in, roll_call, device.offline]}", THEN),
    rule("when: {event: panic.*}", PANIC, "throttle: {once_within: 30s, group_by: [zone, device]}"),
    rule("when: {sequence: [{event: panic.press}, {event: motion}], within: 5s}", THEN),
    rule("when: {absent: {event: panic.press}, after: {event: motion}, within: 5s}", THEN),
    rule("when: {event: report.*}", THEN, "throttle: {once_within: 5m}"),
]


@pytest.mark.parametrize("data", TAKEN)
def test_what_the_text_allows_is_taken(data: str | bytes) -> None:
    assert [fault.render("en") for fault in faults_of(data)] == []


def test_a_fault_of_one_sort_hides_none_of_another() -> None:
    text = file(
        "{id: a, id: b, when: {event: moton}, then: {escalate: precint, incident: !x y, severity: low}}",
        "{id: c, wen: {}, suppressed_by: [a], " + THEN + "}",
        "{id: d, when: {event: gas}, suppressed_by: [c], " + THEN + "}",
        "5",
    )
    codes = [fault.code for fault in faults_of(text + "---\n1\n")]
    assert sorted(codes) == [
        "missing-key", "unknown-key", "unknown-kind", "unknown-word", "wrong-type", "yaml-documents",
        "yaml-duplicate-key", "yaml-tag",
    ]  # fmt: skip
