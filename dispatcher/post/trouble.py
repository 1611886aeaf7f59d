"""What the matcher says of itself: all of it is journaled, and what a technician has to see to is told."""

from dispatcher.domain.faults import Text
from dispatcher.incidents.model import MATCHER_RULE
from dispatcher.matcher.port import Report, ReportReason
from dispatcher.post import records

_ALARMS = {
    ReportReason.DIFFERENCE: Text(
        "jawaban mesin aturan berbeda dari pembandingnya pada {clause}; jawaban pembanding yang dipakai",
        "the rule engine answered otherwise than its twin about {clause}; the twin's answer is used",
    ),
    ReportReason.QUARANTINED: Text(
        "satu pesan dua kali mematikan mesin aturan dan tidak dikirim lagi kepadanya; aturan tetap dinilai",
        "one message ended the rule engine twice and is not given to it again; rules are judged all the same",
    ),
    ReportReason.CHILD_DIED: Text(
        "mesin aturan mati dan dimulai lagi; aturan tetap dinilai", "the rule engine died and is started again"
    ),
    ReportReason.CHILD_HUNG: Text(
        "mesin aturan macet dan dimulai lagi; aturan tetap dinilai", "the rule engine hung and is started again"
    ),
    ReportReason.CHILD_FAILED: Text(
        "mesin aturan tidak dapat dimulai; aturan tetap dinilai oleh pembandingnya: {detail}",
        "the rule engine cannot be started; its twin judges the rules: {detail}",
    ),
    ReportReason.CHILD_BABBLED: Text(
        "mesin aturan menjawab kacau dan dimulai lagi; aturan tetap dinilai",
        "the rule engine answered nonsense and is started again",
    ),
    ReportReason.CANARY_FAILED: Text(
        "mesin aturan tidak mengenali kejadian percobaan; aturan tetap dinilai oleh pembandingnya",
        "the rule engine does not know the trial event; its twin judges the rules",
    ),
}


def trouble_body(report: Report) -> bytes:
    """Return a report as the body of a record."""
    named = {"c": report.clause, "e": report.event}
    known = {key: value for key, value in named.items() if value is not None}
    return records.dump({"r": str(report.reason), "d": report.detail[:200], **known})


def alarm_of(report: Report) -> tuple[str, str, str] | None:
    """Return kind, key and words of what the technician is told; None for what takes care of itself.

    The key tells one trouble from another: a child that dies again and again is told once, until somebody closes it.
    """
    text = _ALARMS.get(report.reason)
    if text is None:
        return None
    key = f"{report.reason} {report.clause or ''}"
    return MATCHER_RULE, key, text.render("id", {"clause": report.clause or "-", "detail": report.detail[:120]})


_FAILED = Text(
    "program gagal menilai satu kejadian untuk aturan; tombol panik tetap diteruskan: {failure}",
    "the program failed to judge one event for the rules; panic buttons are relayed all the same: {failure}",
)


def failed(failure: str) -> tuple[str, str, str]:
    """Return kind, key and words of what the technician is told when a step of the rules failed."""
    return MATCHER_RULE, f"engine {failure.split(':', 1)[0]}", _FAILED.render("id", {"failure": failure})
