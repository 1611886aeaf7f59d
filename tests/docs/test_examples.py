"""Every example works: YAML passes the check, messages of devices become events, our own messages are what we say."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from dispatcher.cli.app import main
from dispatcher.demo import messages
from dispatcher.devices import Normalised, Normaliser, parse_profiles
from dispatcher.devices.state import DeviceStates
from dispatcher.domain.events import Lane, RawMessage
from dispatcher.domain.incident import Stage
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.domain.tree import plain
from dispatcher.settings.sitefile import parse_site
from dispatcher.settings.sources import collect
from dispatcher.settings.yamlfile import read_text
from tests.docs import facts
from tests.docs.pages import ROOT, Block, blocks
from tests.support.schemas import sort_of, underlined

NOW = Stamp(0, 1_764_000_000_000, True)


def of(sort: str) -> list[Block]:
    """Return the blocks whose info begins with these words."""
    return [block for block in blocks() if block.info == sort or block.info.startswith(f"{sort} ")]


def named(found: Iterable[Block]) -> list[object]:
    """Return blocks as parameters with readable names."""
    return [pytest.param(block, id=block.name) for block in found]


def site_with(pieces: Iterable[str]) -> str:
    """Return the shipped site.yaml with the devices of some pieces added; a piece wins over a device of that id."""
    whole = yaml.safe_load((ROOT / "config" / "site.yaml").read_text(encoding="utf-8"))
    added = {line["id"]: line for piece in pieces for line in yaml.safe_load(piece)["devices"]}
    kept = [line for line in whole["devices"] if line["id"] not in added]
    whole["devices"] = [*kept, *added.values()]
    return yaml.safe_dump(whole, allow_unicode=True)


def check(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["check", "--site", str(ROOT / "config" / "site.yaml"), str(path)])
    assert code == 0, capsys.readouterr().err


@pytest.mark.parametrize("block", named(block for block in of("yaml") if block.info == "yaml"))
def test_a_yaml_example_passes_the_check(block: Block, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "example.yaml").write_text(block.body, encoding="utf-8")
    check(tmp_path / "example.yaml", capsys)


@pytest.mark.parametrize("block", named(block for block in of("yaml") if block.info == "yaml"))
def test_an_editor_underlines_nothing_in_a_yaml_example(block: Block) -> None:
    node = read_text(block.body, block.name)
    assert underlined(sort_of(node), plain(node)) == []


@pytest.mark.parametrize("block", named(of("yaml site")))
def test_an_editor_underlines_nothing_in_a_piece_of_a_site(block: Block) -> None:
    assert underlined("site", plain(read_text(site_with([block.body]), block.name))) == []


@pytest.mark.parametrize("block", named(of("yaml site")))
def test_a_piece_of_a_site_passes_the_check_in_its_place(
    block: Block, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "site.yaml").write_text(site_with([block.body]), encoding="utf-8")
    check(tmp_path / "site.yaml", capsys)


def site_of(file: str) -> Site:
    """Return the site that a page describes."""
    return parse_site(read_text(site_with(block.body for block in of("yaml site") if block.file == file), file))


@pytest.mark.parametrize("block", named(block for block in of("json") if "topic=" in block.info))
def test_a_message_of_a_device_becomes_an_event(block: Block) -> None:
    topic = block.info.partition("topic=")[2]
    profiles, faults = parse_profiles(collect([ROOT / "devices"]).trees()[0])
    assert not faults
    raw = RawMessage(Lane.PANIC, topic, block.body.strip().encode(), 1, False, False, NOW)
    outcome = Normaliser(profiles, site_of(block.file), "pos-03").normalise(DeviceStates(), raw)
    assert isinstance(outcome, Normalised)
    assert outcome.readings


@pytest.mark.parametrize("block", named(of("json confirm")))
def test_a_confirm_is_one_that_a_button_understands(block: Block) -> None:
    answer = messages.confirm(block.body.encode())
    assert answer is not None
    assert answer.stage in set(Stage)


@pytest.mark.parametrize("block", named(of("json command")))
def test_a_command_is_one_that_a_device_understands(block: Block) -> None:
    order = messages.command(block.body.encode())
    assert order is not None
    if order.name == "lamp.stage":
        assert order.args["stage"] in {"idle", *Stage}
        assert isinstance(order.args["ttl_s"], int)


def test_every_block_of_json_and_yaml_is_put_to_the_test() -> None:
    known = {"yaml", "yaml site", "yaml test", "json confirm", "json command", "sh", "ini", "past", ""}
    known |= {"text status", "text plan"}
    followed = ("json topic=", "yaml shows=", "yaml raises=", "talk", "said")  # tests of their own follow these
    odd = [block.name for block in blocks() if block.info not in known and not block.info.startswith(followed)]
    assert not odd


@pytest.mark.parametrize("block", named(of("sh")))
def test_a_shell_example_uses_commands_and_options_that_exist(block: Block) -> None:
    commands = facts.commands()
    for line in block.body.replace("\\\n", " ").splitlines():
        arguments = shlex.split(line, comments=True)
        for place, word in enumerate(arguments):
            is_user = place > 0 and arguments[place - 1] in ("-u", "-g", "--group")
            after = arguments[place + 1 : place + 2]
            if word == "kentongan" and not is_user and after and not after[0].startswith(("-", "/")):
                exists(arguments[place:], commands)


def exists(arguments: list[str], commands: dict[str, list[str]]) -> None:
    name = next((known for known in commands if arguments[: len(known.split())] == known.split()), None)
    assert name is not None, arguments
    used = [word for word in arguments if word.startswith("--")]
    assert not [word for word in used if word not in commands[name]]


def test_an_event_in_the_handbook_is_json_that_fits_one_line() -> None:
    for block in of("json"):
        json.loads(block.body)
        assert block.body.count("\n") == 1
