"""Who judges the rules: the engine, or the Python twin in its stead."""

from collections.abc import Iterator

from dispatcher.cli.doctor.model import Cases, Finding, Look, Weight, case
from dispatcher.post.standing import MatcherLine

MANY_RESTARTS = 3
STARTING_S = 60  # the engine's process needs a moment
UNAFFECTED = ("tombol panik tidak bergantung padanya", "panic buttons do not depend on it")

CASES: Cases = {
    "matcher.down": case(
        Weight.WRONG,
        (
            "mesin aturan (durable_rules) tidak menjawab; pengganti Python yang menilai",
            "the rule engine (durable_rules) does not answer; the Python twin judges",
        ),
        (
            "aturan tetap bekerja, lebih lambat bila ramai. " + UNAFFECTED[0].capitalize(),
            "rules work, slower when much comes. " + UNAFFECTED[1].capitalize(),
        ),
        ("journalctl -u kentongan-post | grep matcher | tail",) * 2,
        (
            "mesinnya terpasang? /opt/kentongan/bin/python -c 'import durable_rules_engine'",
            "is the engine installed? /opt/kentongan/bin/python -c 'import durable_rules_engine'",
        ),
    ),
    "matcher.restarts": case(
        Weight.WRONG,
        (
            "mesin aturan mulai ulang {count} kali, terlambat {late} kali",
            "the rule engine restarted {count} times, was late {late} times",
        ),
        (
            "pengganti Python menjawab sementara itu. " + UNAFFECTED[0].capitalize(),
            "the Python twin answers meanwhile. " + UNAFFECTED[1].capitalize(),
        ),
        ("journalctl -u kentongan-post | grep matcher | tail",) * 2,
    ),
    "matcher.differences": case(
        Weight.WRONG,
        (
            "mesin aturan dan pengganti Python berbeda jawaban {count} kali",
            "engine and Python twin gave different answers {count} times",
        ),
        (
            "jawaban pengganti Python yang dipakai. " + UNAFFECTED[0].capitalize(),
            "the Python twin's answer counts. " + UNAFFECTED[1].capitalize(),
        ),
        (
            "mohon laporkan, dengan baris 'matcher' dari log; sementara itu: matcher: python di post.yaml",
            "please report it, with the log's lines 'matcher'; meanwhile: matcher: python in post.yaml",
        ),
    ),
    "matcher.quarantined": case(
        Weight.WRONG,
        (
            "{count} kejadian dijauhkan dari mesin aturan: ia mati karenanya",
            "{count} events are kept from the rule engine: it died of them",
        ),
        (
            "pengganti Python menilainya. " + UNAFFECTED[0].capitalize(),
            "the Python twin judges them. " + UNAFFECTED[1].capitalize(),
        ),
        ("mohon laporkan, dengan baris 'matcher' dari log", "please report it, with the log's lines 'matcher'"),
    ),
}


def find(look: Look) -> Iterator[Finding]:
    """Yield what is wrong with the matcher."""
    standing = look.running
    if standing is not None and standing.matcher is not None and not standing.rules.safe_mode:
        yield from _matcher(standing.matcher, standing.up_s)


def _matcher(matcher: MatcherLine, up_s: int) -> Iterator[Finding]:
    if matcher.wanted == "durable_rules" and matcher.answers != "engine" and up_s >= STARTING_S:
        yield Finding("matcher.down")
    if matcher.restarts >= MANY_RESTARTS:
        yield Finding("matcher.restarts", {"count": matcher.restarts, "late": matcher.late}, up_s)
    if matcher.differences:
        yield Finding("matcher.differences", {"count": matcher.differences}, up_s)
    if matcher.quarantined:
        yield Finding("matcher.quarantined", {"count": matcher.quarantined}, up_s)
