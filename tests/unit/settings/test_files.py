"""post.yaml, precinct.yaml and site.yaml, and the last good copy of files that went bad."""

from pathlib import Path

import pytest

from dispatcher.domain.faults import FaultsFound
from dispatcher.settings.sitefile import load_site, parse_site
from dispatcher.settings.sources import collect, keep_good, read_good
from dispatcher.settings.station import PostSettings, load_post, load_precinct
from dispatcher.settings.validate import validate
from dispatcher.settings.yamlfile import read_text

CONFIG = Path(__file__).parents[3] / "config"


def refused(text: str) -> list[str]:
    with pytest.raises(FaultsFound) as found:
        validate(read_text(text, "post.yaml"), PostSettings)
    return [fault.render("en") for fault in found.value.faults]


def site_faults(text: str) -> list[str]:
    with pytest.raises(FaultsFound) as found:
        parse_site(read_text("timezone: Asia/Jakarta\nprecinct: {id: p}\n" + text, "site.yaml"))
    return [fault.render("en") for fault in found.value.faults]


def test_the_example_files_work_and_their_paths_start_at_the_file() -> None:
    post = load_post(CONFIG / "post.yaml")
    assert (post.post, post.precinct.id, post.http.listen) == ("pos-03", "polsek-tambora", ("127.0.0.1", 9310))
    assert post.site == CONFIG / "site.yaml"
    assert post.data_dir == CONFIG / "data" / "pos-03"
    assert (post.journal.retain, post.journal.max_bytes) == (30 * 86_400_000, 2 * 2**30)
    assert load_precinct(CONFIG / "precinct.yaml").precinct == "polsek-tambora"


def test_the_example_site_holds_tamboras_eleven_kelurahan() -> None:
    site = load_site(CONFIG / "site.yaml")
    assert len(site.kelurahan) == 11
    assert site.kelurahan["krendang"].code == "31.73.04.1005"
    assert site.posts["pos-03"].kelurahan == "krendang"
    assert site.devices["btn-1"].role == "panic_button"


def test_every_fault_of_a_configuration_is_told_at_its_place() -> None:
    told = refused(
        "post: pos 3\ndatadir: x\nsite: s\nbroker: {host: h, port: 70000, pasword_file: x}\n"
        "precinct: {id: p, broker: {host: h}}\nretry: {min: 10s, max: 1s}\njournal: {retain: 30}\nhttp: {listen: 8}\n"
    )
    assert any(line.startswith("post.yaml:1:1: wrong-value: post is wrong") for line in told)
    assert any("post.yaml:2:1: unknown-key: unknown key datadir here (did you mean data_dir?)" in line for line in told)
    assert not any("data_dir is required" in line for line in told)
    assert any("post.yaml:4:19: wrong-value: broker.port is wrong" in line for line in told)
    assert any("(did you mean password_file?)" in line for line in told)
    assert any("post.yaml:6:1" in line and "min is larger than max" in line for line in told)
    assert any("post.yaml:7:11" in line and "30d" in line for line in told)
    assert any("post.yaml:8:8" in line and "127.0.0.1:9310" in line for line in told)


def test_a_password_never_stands_in_the_file() -> None:
    assert any("unknown key password here" in line for line in refused("broker: {host: h, password: geheim}"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "devices: [{id: a, profile: kentongan, role: panic_buton}]",
            "site.yaml:3:39: wrong-value: devices.0.role is wrong",
        ),
        ("devices: [{id: 'a/#', profile: kentongan, role: lamp}]", "no + or #"),
        ("devices: [{id: a, profile: k, role: lamp}, {id: a, profile: k, role: lamp}]", "id a is used twice"),
        ("devices: [{id: a, profile: k, role: lamp, post: pos-9}]", "there is no post pos-9 in this file"),
        ("posts: [{id: a, kelurahan: x}]", "there is no kelurahan x in this file"),
        ("kelurahan: [{id: a, neighbours: [b]}, {id: b}]", "a names b as neighbour, b does not name a"),
        ("kelurahan: [{id: a, neighbours: [z]}]", "there is no kelurahan z in this file"),
        ("posts: [{id: a, lat: 91}]", "posts.0.lat is wrong"),
        ("device: []", "unknown key device here (did you mean devices?)"),
        ("posts: [{id: a, zone: [x]}]", "unknown key zone here (did you mean zones?)"),
        (
            "posts: [{id: pos-1}]\ndevices: [{id: a, post: pos-2}]",
            "there is no post pos-2 in this file (did you mean pos-1?)",
        ),
        ("devices: [{id: a, zoen: x}]", "site.yaml:3:19: unknown-key: unknown key zoen here (did you mean zone?)"),
        (
            "posts: [{id: a, lat: 91}]\ndevices: [{id: b, post: aa}]",
            "there is no post aa in this file (did you mean a?)",
        ),
    ],
)
def test_a_fault_in_the_site_is_told(text: str, told: str) -> None:
    assert any(told in line for line in site_faults(text)), site_faults(text)


def test_a_timezone_must_be_one() -> None:
    with pytest.raises(FaultsFound, match="IANA"):
        parse_site(read_text("timezone: WIB\nprecinct: {id: p}", "site.yaml"))


def test_a_site_may_leave_sections_blank_and_keep_notes_of_its_own() -> None:
    site = parse_site(
        read_text(
            "timezone: Asia/Jakarta\nprecinct: {id: p}\nkelurahan: [{id: k, code: 3173041005, name: 7}]\nposts:\n"
            "devices: [{id: a, enrolled: 2026-11-01}, {id: b, enrolled: true}]\nmax_lateness:\n"
            'shifts: {malam: ["22:00", "05:00"]}\n',
            "site.yaml",
        )
    )
    assert site.kelurahan["k"].code == "3173041005"
    assert (site.posts, site.max_lateness_ms, site.devices["a"].enrolled) == ({}, {}, {})


def test_what_a_device_line_says_beyond_the_named_keys_is_for_its_profile() -> None:
    site = parse_site(
        read_text(
            "timezone: Asia/Jakarta\nprecinct: {id: p}\n"
            "devices: [{id: rf, profile: tasmota, role: gateway, enrolled: {'0x7028D5': {device: fob-31, kind: panic.press}}, "
            "inputs: {Switch1: door}}]",
            "site.yaml",
        )
    )
    assert site.devices["rf"].settings == {"inputs": {"Switch1": "door"}}
    assert site.devices["rf"].enrolled["0x7028D5"]["device"] == "fob-31"


# --- files of one sort


def test_a_folder_gives_its_files_without_its_tests(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml", "a.test.yaml", "notes.txt"):
        (tmp_path / name).write_text("x: 1")
    sources = collect([tmp_path])
    assert [Path(source.name).name for source in sources.files] == ["a.yaml", "b.yaml"]
    assert len(sources.version) == 12


def test_an_empty_folder_is_legal_and_a_missing_one_is_a_fault(tmp_path: Path) -> None:
    assert collect([tmp_path]).version == "empty"
    assert [fault.code for fault in collect([tmp_path / "none"]).faults] == ["file-missing"]


def test_the_version_changes_with_any_byte(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("x: 1")
    before = collect([tmp_path]).version
    (tmp_path / "a.yaml").write_text("x: 1 ")
    assert collect([tmp_path]).version != before


def test_the_last_good_files_are_kept_and_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.yaml").write_text("x: 1")
    sources = collect([folder])
    keep_good(tmp_path / "good", "rules", sources)
    kept = read_good(tmp_path / "good", "rules")
    assert kept is not None
    assert [source.data for source in kept.files] == [b"x: 1"]
    assert kept.version == sources.version


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b'[["a"]]', b'{"a": 1}', b"\xff"])
def test_a_damaged_good_copy_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "rules.json").write_bytes(data)
    assert read_good(tmp_path, "rules") is None
