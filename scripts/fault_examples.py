"""For each code of `kentongan check` a small file that raises it; the handbook's page of examples is made from them."""

THEN = "  then: {escalate: precinct, incident: x, severity: low}\n"
SITE = "timezone: Asia/Jakarta\nprecinct: {id: polsek}\n"


def _rule(when: str, then: str = THEN, id_: str = "contoh") -> str:
    return f"version: 1\nrules:\n- id: {id_}\n  when: {when}\n{then}"


def _then(then: str) -> str:
    return _rule("{event: smoke}", f"  then: {then}\n")


def _with(*lines: str, event: str = "smoke", then: str = THEN) -> str:
    return _rule(f"{{event: {event}}}", then + "".join(f"  {line}\n" for line in lines))


_PANIC = "  then: {escalate: precinct, incident: panic, severity: critical}\n"
_TWO = _rule("{event: smoke}", id_="a")
_HEARTBEAT = "absent: {event: heartbeat}"


def _profile(messages: str = "", more: str = "") -> str:
    return f"profile: contoh\n{more}" + (f"messages:\n- {messages}\n" if messages else "")


def _levels(level: str) -> str:
    return f"profile: contoh\nreadings:\n  a: {{levels: [{level}]}}\n"


EXAMPLES: dict[str, str] = {
    # --- the file itself
    "file-empty": "# belum ada apa-apa\n",
    "file-version": "version: 2\nrules: []\n",
    "unknown-file": "aturan: []\n",
    "yaml-syntax": "version: 1\nrules:\n- id: a: b\n",
    "yaml-duplicate-key": "version: 1\nversion: 1\nrules: []\n",
    "yaml-key": "version: 1\nrules: []\n[a]: 1\n",
    "yaml-alias": "version: 1\nrules: *semua\n",
    "yaml-tag": "version: 1\nrules: !!python/list []\n",
    "yaml-documents": "version: 1\nrules: []\n---\nversion: 1\nrules: []\n",
    "yaml-depth": f"version: 1\nrules: {'[' * 40}{']' * 40}\n",
    # --- keys and values
    "missing-key": "version: 1\nrules:\n- {id: a, when: {event: smoke}}\n",
    "unknown-key": _with("throtle: {once_within: 5m}"),
    "unknown-word": _then("{escalate: precint, incident: x, severity: low}"),
    "unknown-name": _rule("{event: smoke, where: {zone: gerbnag}}"),
    "unknown-profile": f"{SITE}devices: [{{id: a, profile: zigbe2mqtt}}]\n",
    "wrong-type": _with("enabled: yes"),
    "wrong-value": "timezone: WIB\nprecinct: {id: polsek}\n",
    "bad-duration": _with("throttle: {once_within: 10 menit}"),
    "bad-id": _rule("{event: smoke}", id_="Asap_Malam"),
    "duplicate-id": _TWO + "- id: a\n  when: {event: heat}\n" + THEN,
    "neighbours": f"{SITE}kelurahan: [{{id: a, neighbours: [b]}}, {{id: b}}]\n",
    # --- rules
    "unknown-kind": _rule("{event: door.opn}"),
    "unknown-operator": _rule("{event: reading.temperature, where: {value: {abov: 57}}}"),
    "field-slip": _rule("{event: smoke, where: {zoen: gang}}"),
    "where-one-event": _rule("{event: smoke, where: {zone: {same_as: a.zone}}}"),
    "bad-pattern": _rule('{event: smoke, where: {input: {matches: "(a+)+"}}}'),
    "empty-list": _rule("{event: smoke, where: {zone: []}}"),
    "bad-incident": _then("{escalate: precinct, incident: Kebakaran Besar, severity: low}"),
    "bad-action": _then("{escalate: none, actions: [sirene]}"),
    "escalate-none": _then("{escalate: [precinct, none], incident: x, severity: low}"),
    "bad-placeholder": _then('{escalate: precinct, incident: x, severity: low, message: "{zone.upper()}"}'),
    "kind-slip": _rule("{event: report.tawurn}", "  runs_at: precinct\n" + THEN),
    "floor-suppressed": _with("suppressed_by: [a]", event="panic.press", then=_PANIC)
    + "- {id: a, when: {event: smoke}, then: {escalate: precinct, incident: y, severity: low}}\n",
    "floor-escalate": _rule("{event: panic.press}", "  then: {escalate: none}\n"),
    "floor-severity": _rule("{event: panic.press}"),
    "floor-throttle": _with("throttle: {once_within: 5m, group_by: [post]}", event="panic.press", then=_PANIC),
    # --- several events, and time
    "two-forms": _rule('{event: smoke, schedule: {at: "22:00"}}'),
    "needless-key": _rule("{event: smoke, within: 60s}"),
    "zero-duration": _rule(f"{{{_HEARTBEAT}, for: 0s, expect_from: posts}}"),
    "bad-time": _rule('{schedule: {at: "24:00"}}'),
    "empty-span": _with('only_if: [{between: ["22:00", "22:00"]}]'),
    "bad-name": _rule("{sequence: [{event: smoke, as: a.b}, {event: heat}], within: 5m}"),
    "duplicate-name": _rule("{sequence: [{event: smoke, as: a}, {event: heat, as: a}], within: 5m}"),
    "too-many-clauses": _rule(f"{{sequence: [{', '.join(['{event: smoke}'] * 101)}], within: 5m}}"),
    "beyond-window": _rule("{count: {event: smoke, at_least: 100001}, within: 5m}"),
    "unless-place": _rule("{sequence: [{unless: {event: heat}}, {event: smoke}], within: 5m}"),
    "lonely-since": _rule(
        "{sequence: [{event: heat, as: a}, {event: heat, where: {value: {above: 5, since: a}}}], within: 5m}"
    ),
    "absent-way": _rule(f"{{{_HEARTBEAT}, expect_from: posts}}"),
    "absent-no-roster": _rule(f"{{{_HEARTBEAT}, for: 10m}}"),
    "after-within": _rule("{absent: {event: check_in}, after: {count: {event: smoke, at_least: 2}}, within: 5m}"),
    "neighbours-group": _rule(
        "{count: {event: alert.tawuran, at_least: 2}, within: 5m, neighbours: kelurahan, group_by: [kelurahan]}"
    ),
    "only-if": _with("only_if: [{state: post_status}]"),
    "clear-group": _rule(
        "{count: {event: smoke, at_least: 2}, within: 5m, group_by: [zone]}",
        THEN + "  clear_when: {count: {event: heat, at_least: 2}, within: 5m, group_by: [device]}\n",
    ),
    "beyond-retention": _rule("{count: {event: smoke, at_least: 2}, within: 90d}"),
    "not-at-post": _rule("{event: alert.tawuran}", "  runs_at: post\n" + THEN),
    "not-at-precinct": _rule("{event: smoke}", "  runs_at: precinct\n" + THEN),
    "alert-loop": _rule("{event: alert.x}"),
    "suppress-loop": _with("suppressed_by: [contoh]"),
    # --- legal, and most likely a mistake
    "lint-never": _rule("{event: reading.temperature, where: {value: {above: 60, below: 50}}}"),
    "lint-always": _rule("{count: {event: smoke, at_least: 1}, within: 5m}"),
    "lint-nothing": _then("{escalate: none}"),
    "lint-elsewhere": _with("runs_at: precinct", "suppressed_by: [a]", event="report.sajam")
    + "- {id: a, when: {event: smoke}, then: {escalate: precinct, incident: y, severity: low}}\n",
    "lint-duplicate": _TWO + "- id: b\n  when: {event: smoke}\n" + THEN,
    "lint-covered": _TWO + "- id: b\n  when: {event: smoke, where: {zone: gang}}\n" + THEN,
    "lint-state": _with("only_if: [{state: post_status, is: unmaned}]")
    + "- {id: a, when: {event: check_in}, then: {escalate: none, set: {post_status: unmanned}}}\n",
    "lint-word": _rule("{event: report.sajam, where: {channel: wa}}", "  runs_at: precinct\n" + THEN),
    "lint-throttled": _rule(
        "{event: smoke}",
        "  then: {escalate: precinct, incident: x, severity: critical}\n  throttle: {once_within: 2h}\n",
    ),
    "lint-memory": _rule("{count: {event: motion, at_least: 100000, distinct: input}, within: 30d, group_by: [zone]}"),
    # --- profiles
    "profile.missing-key": _profile('{topics: "rumah/{device}"}'),
    "profile.wrong-type": _profile(more="messages: rumah\n"),
    "profile.bad-pattern": _profile('{topics: "{a}{b}", ignore: true}'),
    "profile.unknown-key": _profile(more="mesages: []\n"),
    "profile.unknown-kind": _levels("{field: a, kind: smok}"),
    "profile.unknown-grammar": "profile: contoh\nreadings:\n  a: {words: [{field: a, grammar: tidak_ada}]}\n",
    "profile.unknown-use": _profile('{topics: "rumah/{device}", use: tidak_ada}'),
    "profile.unknown-trust": _profile(more="trust: percaya\n"),
    "profile.unknown-unit": "profile: contoh\nreadings:\n  a: {battery: [{field: a, unit: volt}]}\n",
    "profile.unknown-payload": _profile('{topics: "rumah/{device}", ignore: true, payload: xml}'),
    "profile.unknown-retained": _profile('{topics: "rumah/{device}", ignore: true, retained: maybe}'),
}

# What no small text can show: it needs many files, damaged bytes, a second file, or a fault of the program itself.
WITHOUT_EXAMPLE = frozenset({
    "internal", "rules-lost", "file-missing", "file-unreadable", "file-nul", "file-encoding", "file-too-large",
    "too-many-files", "too-many-rules", "yaml-size", "unknown-post", "profile.unknown-profile",
})  # fmt: skip
