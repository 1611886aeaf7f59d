"""What `check` says of files that stand beside a faulty one, and of rules with faults elsewhere in them."""

from pathlib import Path

import pytest

from dispatcher.cli.check import faults_of
from dispatcher.settings.sources import collect

SITE = (
    "timezone: Asia/Jakarta\nprecinct: {id: p}\n"
    "kelurahan: [{id: krendang}]\n"
    "posts:\n- {id: pos-1, kelurahan: krendang, zones: [gate]}\n- {id: pos-2, kelurahan: krendang}\n"
    "devices:\n- {id: btn-1, role: panic_button, post: pos-1}\n- {id: pir-1, role: motion, post: pos-1}\n"
)
POST = "post: pos-1\ndata_dir: d\nsite: site.yaml\nbroker: {host: h}\nprecinct: {id: p, broker: {host: h}}\n"
LOW = "then: {escalate: precinct, incident: x, severity: low}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rules(*bodies: str) -> str:
    return "version: 1\nrules:\n" + "".join(f"- {body}\n" for body in bodies)


def rule(id_: str, when: str = "{event: motion}", then: str = LOW, *more: str) -> str:
    return "\n  ".join([f"id: {id_}", f"when: {when}", then, *more])


def told(folder: Path, **files: str | bytes) -> list[str]:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    return [fault.render("en") for fault in faults_of(collect([folder], without=()))[0]]


def notes(folder: Path, *bodies: str) -> list[str]:
    (folder / "site.yaml").write_text(SITE)
    (folder / "a.yaml").write_text(rules(*bodies))
    return [note.code for note in faults_of(collect([folder], without=()))[1]]


# --- a name whose definition is faulty is a name


def test_a_rule_that_is_no_yaml_can_still_be_named(folder: Path) -> None:
    found = told(
        folder,
        a=rules(rule("one") + "\n  mode: [live}", rule("two", "{event: gas}", LOW, "suppressed_by: [one]")),
        b=rules(rule("three", "{event: gas}", LOW, "suppressed_by: [one, tow]")),
    )
    assert [line.split(" ")[1] for line in found] == ["yaml-syntax:", "unknown-name:"]
    assert "there is no rule tow (did you mean two?)" in found[1]


@pytest.mark.parametrize(
    "first", ["id: One\n  when: {event: motion}\n  " + LOW, rule("one", "{evnt: moton}"), "id: one"]
)
def test_a_rule_with_faults_can_still_be_named(folder: Path, first: str) -> None:
    found = told(folder, a=rules(first, rule("two", "{event: gas}", LOW, "suppressed_by: [one]")))
    assert found
    assert not any("there is no rule" in line for line in found)


def test_beside_a_file_that_is_not_read_at_all_no_rule_is_said_not_to_exist(folder: Path) -> None:
    found = told(
        folder,
        a=b"version: 1\nrules: []\n#" + b"x" * 1_000_000,
        b=rules(
            rule("two", "{event: gas}", "then: {escalate: precint, incident: x, severity: low}", "suppressed_by: [one]")
        ),
    )
    assert [line.split(" ")[1] for line in found] == ["file-too-large:", "unknown-word:"]


def test_a_profile_with_faults_is_a_profile(folder: Path) -> None:
    site = SITE + "- {id: x, profile: mine, role: motion}\n- {id: y, profile: mien, role: motion}\n"
    for profile in ("profile: mine\ntrsut: unknown\n", "profile: mine\ngrammars: {a: ]\n"):
        found = told(folder, site=site, mine=profile)
        assert [line.split(" ")[1] for line in found] == [
            "profile.unknown-key:" if "trsut" in profile else "yaml-syntax:",
            "unknown-profile:",
        ]
        assert "mien" in found[1]


def test_a_channel_of_a_configuration_that_is_no_yaml_is_not_unknown(folder: Path) -> None:
    then = "then: {escalate: satpam, incident: x, severity: low}"
    assert told(folder, site=SITE, post=POST + "channels: {satpam: {}}\n", a=rules(rule("one", then=then))) == []
    found = told(folder, post=POST + "channels: {satpam: {]}\n")
    assert [line.split(" ")[1] for line in found] == ["yaml-syntax:"]


# --- a faulty site


def test_the_names_of_a_faulty_site_are_names(folder: Path) -> None:
    site = SITE.replace("Asia/Jakarta", "WIB").replace("post: pos-1}\n- {id: pir", "post: pos-1]\n- {id: pir")
    found = told(folder, site=site, a=rules(rule("one", "{event: motion, where: {device: [btn-1, pir-1, pir-2]}}")))
    assert [line.split(": ")[1] for line in found] == ["unknown-name", "wrong-value", "yaml-syntax"]
    assert "unknown device pir-2 (did you mean pir-1?)" in found[0]


def test_a_section_whose_ids_cannot_all_be_read_says_of_no_name_that_it_is_unknown(folder: Path) -> None:
    site = SITE.replace("{id: pos-2,", "{id: 7,")
    found = told(folder, site=site, a=rules(rule("one", "{event: motion, where: {post: pos-7, device: btn-2}}")))
    assert [line.split(": ")[1] for line in found] == ["unknown-name", "wrong-value"]
    assert "unknown device btn-2" in found[0]


def test_a_post_is_looked_for_in_a_faulty_site_too_and_beside_faults_of_its_own(folder: Path) -> None:
    post = POST.replace("pos-1", "pos-9") + "matchr: python\n"
    found = told(folder, site=SITE.replace("Asia/Jakarta", "WIB"), post=post)
    assert sorted(line.split(": ")[1] for line in found) == ["unknown-key", "unknown-post", "wrong-value"]


def test_what_stands_below_a_slip_in_a_key_is_judged_and_nothing_is_missing(folder: Path) -> None:
    found = told(folder, site=SITE, post=POST.replace("broker: {host: h}\n", "brokr: {host: h, port: 99999}\n"))
    assert [line.split(": ", 1)[1] for line in found] == [
        "unknown-key: unknown key brokr here (did you mean broker?)",
        "wrong-value: broker.port is wrong: Input should be less than or equal to 65535",
    ]


def test_a_setting_that_is_no_yaml_is_not_said_to_be_missing(folder: Path) -> None:
    assert [
        line.split(": ")[1] for line in told(folder, site=SITE, post=POST.replace("{host: h}\np", "{host: h]\np"))
    ] == ["yaml-syntax"]


# --- tests


def test_the_faults_of_a_test_of_its_site_and_of_its_rules_come_together(folder: Path) -> None:
    (folder / "x.test.yaml").write_text(
        "site: {timezone: WIB, devices: [{id: a, rol: motion}]}\nrules: [a.yaml, none.yaml]\n"
        "tests:\n- name: x\n  steps: [{at: 0s, evnt: motion}]\n  expect: [{at: 5, alert: one}]\n"
    )
    found = told(folder, a=rules(rule("one", "{event: moton}")))
    assert sorted(line.split(": ")[1] for line in found) == [
        "bad-duration", "file-missing", "step", "unknown-key", "unknown-kind", "wrong-value",
    ]  # fmt: skip


def test_a_case_that_is_no_yaml_hides_no_other(folder: Path) -> None:
    (folder / "x.test.yaml").write_text(
        "rules: [a.yaml]\ntests:\n- name: x\n  steps: [{at: 0s}\n- name: y\n  steps: [{at: 0s, evnt: motion}]\n"
    )
    found = told(folder, site=SITE, a=rules(rule("one")))
    assert [line.split(": ")[1] for line in found] == ["yaml-syntax", "step"]


def test_a_rule_that_a_test_expects_and_that_is_not_there_is_told_with_the_nearest_that_is(folder: Path) -> None:
    (folder / "x.test.yaml").write_text(
        "rules: [a.yaml]\ntests:\n- name: x\n  steps: [{at: 0s, event: motion}]\n"
        "  expect:\n  - {at: 0s, alert: pintu}\n  - {at: 0s, throttled: floor}\n  - {at: 0s, command: siren.on}\n"
        "- name: y\n  steps: [{at: 0s, reload: b.yaml}]\n  expect: [{at: 0s, alert: later}]\n"
    )
    found = told(folder, site=SITE, a=rules(rule("pintuu")))
    assert found == ["x.test.yaml:6:5: unknown-name: there is no rule pintu (did you mean pintuu?)"]


# --- lints


def test_what_is_likely_a_mistake_is_told_of_rules_with_faults_elsewhere(folder: Path) -> None:
    never = "{event: motion, where: {value: {above: 5, below: 1}}}"
    bad = "then: {escalate: precint, incident: x, severity: low}"
    assert notes(
        folder, rule("one", never, bad), rule("two", "{count: {event: gas, at_least: 1}, within: 5m}", bad)
    ) == [
        "lint-never",
        "lint-always",
    ]
    assert notes(folder, rule("one", then="then: {escalate: none}"), rule("Two!", "{event: gas}")) == ["lint-nothing"]


def test_nothing_is_concluded_from_what_a_fault_left_out(folder: Path) -> None:
    assert notes(folder, rule("one", "{count: {event: gas, at_least: many}, within: 5m}")) == []
    assert notes(folder, rule("one", then="then: {escalate: none, actions: [siren on]}")) == []
    assert notes(folder, rule("one"), rule("two", "{event: motion, where: {zone: [gaet]}}")) == []
    assert notes(folder, rule("one"), rule("two", more_bad())) == []
    once = ("enabled: no",)
    assert notes(folder, rule("one", "{count: {event: gas, at_least: 1}, within: 5m}", LOW, *once)) == []


def more_bad() -> str:
    return "{event: motion}\n  only_if: [{between: [1, 2]}]"
