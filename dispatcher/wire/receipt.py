"""``receipt``: the precinct's word on an incident, on its way down to the lamp."""

from typing import Any

from dispatcher.domain.events import RejectReason
from dispatcher.domain.incident import RECEIPT_STAGES, Receipt, Stage
from dispatcher.wire import fields
from dispatcher.wire.fields import Malformed


def encode(receipt: Receipt) -> bytes:
    """Return the receipt as it goes over the wire."""
    return fields.dump(
        {
            "v": fields.VERSION,
            "id": receipt.id,
            "rev": receipt.rev,
            "stage": str(receipt.stage),
            "by": receipt.by,
            "at": receipt.at,
            "disposition": receipt.disposition,
            "store": receipt.store,
        }
    )


def decode(payload: bytes) -> Receipt | Malformed:
    """Read a receipt; unknown keys are ignored, an unknown stage changes nothing and is counted by its reason."""
    try:
        return _decode(fields.load_object(payload))
    except Malformed as malformed:
        return malformed


def _decode(body: dict[str, Any]) -> Receipt:
    stage = fields.text(body, "stage", 32)
    if stage not in RECEIPT_STAGES:
        raise Malformed(RejectReason.UNKNOWN_STAGE, stage)
    return Receipt(
        id=fields.identity(body, "id"),
        rev=fields.integer(body, "rev"),
        stage=Stage(stage),
        by=fields.optional_text(body, "by", 64),
        at=fields.optional_text(body, "at", 40),
        disposition=fields.optional_text(body, "disposition", 32),
        store=fields.optional_text(body, "store", 64),
    )
