"""Rules that never came to anything, and what rules had no room or no time for."""

from collections.abc import Iterable, Iterator

from dispatcher.cli.doctor.model import Cases, Finding, Look, Weight, case, listed
from dispatcher.post.standing import RuleLine, RuleSet, Standing

WATCHED_S = 7 * 86_400  # a rule that never fired for so long is worth a look

CASES: Cases = {
    "rules.never-fired": case(
        Weight.NOTE,
        (
            "belum pernah menyala, dan tidak satu kejadian pun pernah cocok: {rules}",
            "never fired, and not one event ever matched: {rules}",
        ),
        (
            "aturan itu mungkin salah tulis, atau alatnya tidak berbicara",
            "they may be mistaken, or their devices are silent",
        ),
        (
            "bandingkan dengan yang datang: kentongan why-not ATURAN --at 3h; mosquitto_sub -v -t '#'",
            "compare with what comes: kentongan why-not RULE --at 3h; mosquitto_sub -v -t '#'",
        ),
        ("tulis ujinya: kentongan test --cov", "write a test for it: kentongan test --cov"),
    ),
    "rules.never-complete": case(
        Weight.NOTE,
        (
            "kejadiannya datang, tetapi belum pernah lengkap: {rules}",
            "events match, but it was never complete: {rules}",
        ),
        (
            "batasnya mungkin terlalu tinggi, atau only_if menahannya",
            "its limit may be too high, or only_if holds it back",
        ),
        ("lihat jendelanya terisi: kentongan status --watch", "see its window fill: kentongan status --watch"),
        ("coba angka lain pada minggu lalu: kentongan replay", "try other numbers on the last week: kentongan replay"),
    ),
    "rules.ungrouped": case(
        Weight.WRONG,
        (
            "kejadian tanpa isian group_by tidak dihitung: {rules}",
            "events that lack a field of group_by are not counted: {rules}",
        ),
        ("aturan itu tidak melihat alat-alat tersebut", "those rules do not see these devices"),
        (
            "beri alatnya zone di site.yaml, atau ubah group_by",
            "give the devices a zone in site.yaml, or change group_by",
        ),
    ),
    "rules.overflow": case(
        Weight.WRONG,
        ("jendela penuh, kejadian lama dilepas: {rules}", "windows are full, older events were let go: {rules}"),
        ("aturan itu bisa terlambat atau tidak menyala", "those rules may fire late or not at all"),
        (
            "perkecil within, tambahkan where atau group_by; lihat catatan kentongan check",
            "make within smaller, add where or group_by; see the notes of kentongan check",
        ),
    ),
    "rules.too-late": case(
        Weight.NOTE,
        ("{count} kejadian datang terlambat dari max_lateness", "{count} events came later than max_lateness"),
        (
            "tidak dihitung di jendela; lantai dan aturan satu kejadian tetap menyala",
            "they count in no window; the floor and rules of one event fire all the same",
        ),
        (
            "jam alat salah? clock: trusted hanya untuk alat yang jamnya disetel",
            "is the device's clock wrong? clock: trusted is for devices whose clock is set",
        ),
    ),
    "rules.gave-up": case(
        Weight.WRONG,
        (
            "{count} pencarian jendela dihentikan karena terlalu lama",
            "{count} searches of windows were given up as too long",
        ),
        (
            "aturan 'all' atau 'sequence' dengan same_as bisa tidak menyala",
            "an 'all' or 'sequence' with same_as may not fire",
        ),
        ("perkecil within, atau tambahkan where", "make within smaller, or add where"),
    ),
}


def find(look: Look) -> Iterator[Finding]:
    """Yield what is wrong with single rules."""
    if look.standing is not None:
        yield from _lines(look.standing)
        yield from _losses(look.standing.rules)


def _lines(standing: Standing) -> Iterator[Finding]:
    on = [line for line in standing.rules.lines if line.mode != "off"]
    idle = [line for line in on if line.known_s >= WATCHED_S and not _within(line.fired_s, line)]
    for code, some in (
        ("rules.never-fired", [line for line in idle if not _within(line.matched_s, line) and not line.have]),
        ("rules.never-complete", [line for line in idle if _within(line.matched_s, line)]),
    ):
        if some:
            yield Finding(code, *_about(some), about=tuple(line.id for line in some))
    ungrouped = [line for line in on if line.ungrouped]
    if ungrouped:
        yield Finding("rules.ungrouped", _counted(ungrouped, "ungrouped"), about=tuple(line.id for line in ungrouped))
    dropped = [line for line in on if line.dropped]
    if dropped:
        yield Finding("rules.overflow", _counted(dropped, "dropped"), about=tuple(line.id for line in dropped))


def _within(age_s: int | None, line: RuleLine) -> bool:
    """Return whether something happened since the rule has meant what it means."""
    return age_s is not None and age_s <= line.known_s


def _about(lines: Iterable[RuleLine]) -> tuple[dict[str, object], float]:
    lines = list(lines)
    return {"rules": listed(line.id for line in lines)}, min(line.known_s for line in lines)


def _counted(lines: Iterable[RuleLine], what: str) -> dict[str, object]:
    return {"rules": listed(f"{line.id} ({getattr(line, what)})" for line in lines)}


def _losses(rules: RuleSet) -> Iterator[Finding]:
    if rules.too_late:
        yield Finding("rules.too-late", {"count": rules.too_late})
    if rules.gave_up:
        yield Finding("rules.gave-up", {"count": rules.gave_up})
