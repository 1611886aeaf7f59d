"""Receipts, sync, status and topics."""

import json

import pytest

from dispatcher.domain.events import RejectReason
from dispatcher.domain.incident import RECEIPT_STAGES, Receipt, Stage
from dispatcher.wire import receipt, status, sync
from dispatcher.wire.fields import Malformed, iso
from dispatcher.wire.topics import address, topic


@pytest.mark.parametrize("stage", sorted(RECEIPT_STAGES))
def test_a_receipt_is_read_as_it_was_written(stage: Stage) -> None:
    one = Receipt("ab12", 3, stage, "4021", "2026-11-24T02:40:00.000Z", "real", "store")
    assert receipt.decode(receipt.encode(one)) == one


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"v": 2}, RejectReason.UNKNOWN_VERSION),
        ({"stage": "saved"}, RejectReason.UNKNOWN_STAGE),
        ({"stage": "done"}, RejectReason.UNKNOWN_STAGE),
        ({"rev": "1"}, RejectReason.WRONG_TYPE),
        ({"rev": 1.5}, RejectReason.WRONG_TYPE),
        ({"rev": None}, RejectReason.MISSING_FIELD),
        ({"id": 7}, RejectReason.WRONG_TYPE),
    ],
)
def test_a_receipt_that_is_none_is_refused_with_its_reason(change: dict[str, object], reason: RejectReason) -> None:
    body = json.loads(receipt.encode(Receipt("ab12", 3, Stage.DELIVERED)))
    read = receipt.decode(json.dumps({**body, **change}).encode())
    assert isinstance(read, Malformed)
    assert read.reason is reason


def test_sync_is_a_list_of_id_revision_and_stage() -> None:
    known = (sync.Known("ab12", 3, Stage.DELIVERED), sync.Known("cd34", 1, Stage.SAVED))
    assert json.loads(sync.encode(known)) == [["ab12", 3, "delivered"], ["cd34", 1, "saved"]]
    assert sync.decode(sync.encode(known)) == known


def test_status_is_read_as_it_was_written() -> None:
    one = status.Status("online", "cd34", "0.1.0", "abc", "trusted", 3, 12, disk="low")
    assert status.decode(status.encode(one)) == one


def test_a_status_that_says_nothing_of_its_disk_is_one_all_the_same() -> None:
    body = json.loads(status.encode(status.Status("online", "cd34", "0.1.0", "abc", "trusted")))
    del body["disk"]
    read = status.decode(json.dumps(body).encode())
    assert isinstance(read, status.Status)
    assert read.disk == ""


def test_a_topic_names_precinct_post_and_channel() -> None:
    name = topic("polsek-tambora", "pos-03", "alert")
    assert name == "kentongan/v1/polsek-tambora/pos-03/alert"
    found = address(name)
    assert found is not None
    assert (found.precinct, found.post, found.channel) == ("polsek-tambora", "pos-03", "alert")


@pytest.mark.parametrize(
    "name",
    ["", "kentongan/v1/p/q", "kentongan/v1/p/q/alert/x", "kentongan/v2/p/q/alert", "kentongan/v1/+/q/alert",
     "kentongan/v1//q/alert", "kentongan/v1/p/q/secret", "kentongan/v1/p/" + "q" * 65 + "/alert"],
)  # fmt: skip
def test_any_other_topic_is_not_ours(name: str) -> None:
    assert address(name) is None


def test_instants_are_written_in_utc_to_the_millisecond() -> None:
    assert iso(1_795_545_600_007) == "2026-11-24T18:40:00.007Z"
