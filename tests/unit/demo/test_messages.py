from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.demo import messages
from dispatcher.demo.messages import Command, Confirm

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_a_confirm_is_read_with_its_stage_incident_and_badge() -> None:
    payload = b'{"boot": 7, "seq": 42, "incident": "abc", "stage": "acknowledged", "by": "aiptu-114", "new": 1}'
    assert messages.confirm(payload) == Confirm(7, 42, "acknowledged", "abc", "aiptu-114")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"boot": "7", "seq": 42, "stage": "saved"}',
        b'{"boot": true, "seq": 42, "stage": "saved"}',
        b'{"boot": 7, "seq": 42}',
        b'{"boot": 7, "seq": 42, "stage": "' + b"x" * 65 + b'"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_confirm_is_nothing(payload: bytes) -> None:
    assert messages.confirm(payload) is None


def test_a_command_without_arguments_has_none() -> None:
    assert messages.command(b'{"id": "x", "command": "siren.off"}') == Command("siren.off", {})
    assert messages.command(b'{"id": "x", "command": "siren.off", "args": 3}') == Command("siren.off", {})


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_make_a_device_fail(payload: bytes) -> None:
    messages.confirm(payload)
    messages.command(payload)
