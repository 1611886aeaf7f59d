"""The files: what stands in them, and whether that is what runs."""

from collections.abc import Iterator

from dispatcher.cli.doctor.model import Cases, Finding, Look, Weight, case, listed
from dispatcher.cli.say import language
from dispatcher.post.standing import RuleSet, Standing

CHECK = ("kentongan check",) * 2
APPLY = (
    "kentongan plan, lalu: kentongan apply (menampilkan akibatnya dahulu)",
    "kentongan plan, then: kentongan apply (it shows first what it would mean)",
)

CASES: Cases = {
    "config.faults": case(
        Weight.WRONG,
        ("berkas salah ({count}): {first}", "faulty files ({count}): {first}"),
        (
            "pos memakai salinan baik terakhir; perubahan Anda belum berlaku. Tombol panik tetap bekerja",
            "the post uses the last good copy; your change is not in force. Panic buttons work",
        ),
        CHECK,
        APPLY,
    ),
    "config.fallback": case(
        Weight.WRONG,
        ("pos berjalan dengan salinan lama dari: {sorts}", "the post runs on an older copy of: {sorts}"),
        (
            "alat atau aturan yang baru ditambahkan belum didengar",
            "devices or rules that were added lately are not heard",
        ),
        CHECK,
        ("sudo systemctl restart kentongan-post",) * 2,
    ),
    "config.needs-restart": case(
        Weight.WRONG,
        ("{files} diubah; pos masih memakai yang lama", "{files} was changed; the post still uses the old one"),
        ("alat yang baru ditambahkan belum didengar", "devices that were added lately are not heard"),
        CHECK,
        ("sudo systemctl restart kentongan-post",) * 2,
    ),
    "rules.unapplied": case(
        Weight.WRONG,
        (
            "berkas aturan lain dari yang berjalan ({running} dan {files})",
            "rule files differ from what runs ({running} and {files})",
        ),
        ("perubahan Anda belum berlaku", "your change is not in force"),
        APPLY,
    ),
    "rules.none": case(
        Weight.WRONG,
        ("tidak ada satu aturan pun yang berjalan", "not a single rule runs"),
        (
            "tombol panik sampai ke Polsek; sensor tidak memberi tahu siapa pun",
            "panic buttons reach the precinct; sensors tell nobody",
        ),
        (
            "periksa rules: di post.yaml, dan runs_at di aturannya",
            "look at rules: in post.yaml, and runs_at in the rules",
        ),
        CHECK,
    ),
    "rules.lost": case(
        Weight.WRONG,
        ("{count} aturan berjalan, {wanted} tertulis di berkas", "{count} rules run, {wanted} stand in the files"),
        ("ada aturan yang tidak bekerja", "some rules do not work"),
        CHECK,
        ("mohon laporkan, dengan: kentongan status --json", "please report it, with: kentongan status --json"),
    ),
}


def find(look: Look) -> Iterator[Finding]:
    """Yield what is wrong with the files."""
    if look.faults:
        first = look.faults[0].render(language())
        yield Finding("config.faults", {"count": len(look.faults), "first": first}, look.changed_s)
    if look.running is not None and not look.running.rules.safe_mode:
        yield from _set(look, look.running)


def _set(look: Look, standing: Standing) -> Iterator[Finding]:
    rules = standing.rules
    changed = look.site_version and rules.site and look.site_version != rules.site
    restart = [sort for sort in rules.needs_restart if sort != "site"] + (["site.yaml"] if changed else [])
    if restart:
        yield Finding("config.needs-restart", {"files": listed(restart)})
    lasting = [sort for sort in rules.fallbacks if sort != "rules"]
    if lasting:
        yield Finding("config.fallback", {"sorts": listed(lasting)}, standing.up_s)
    if not look.faults and look.rules_version != rules.version:
        yield Finding("rules.unapplied", {"running": rules.version, "files": look.rules_version}, look.changed_s)
    elif rules.count == 0:
        yield Finding("rules.none")
    elif rules.version == rules.in_files and not rules.faults and _on(rules) < rules.wanted:
        yield Finding("rules.lost", {"count": _on(rules), "wanted": rules.wanted})


def _on(rules: RuleSet) -> int:
    """Return how many rules are switched on, as the files count them."""
    off = sum(line.mode == "off" for line in rules.lines)
    return rules.count - off
