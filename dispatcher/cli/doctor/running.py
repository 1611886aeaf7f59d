"""Whether the post runs, and how it last ended."""

from collections.abc import Iterator

from dispatcher.cli.asking import NoAnswer, Silence
from dispatcher.cli.doctor.model import Cases, Finding, Look, Weight, case
from dispatcher.post.ending import Ending
from dispatcher.post.exits import BAD_CONFIG, GOOD, IO_ERROR
from dispatcher.post.standing import Standing

MANY_STARTS, A_DAY_S = 5, 86_400
QUICK_ENDS = 2
STUCK_MS = 5_000
BEHIND_MS = 30_000

START = ("sudo systemctl start kentongan-post", "sudo systemctl start kentongan-post")
LOG = ("journalctl -u kentongan-post -n 30", "journalctl -u kentongan-post -n 30")
NO_HELP = (
    "tombol tidak dijawab dan lampu padam: pakai radio sampai pos berjalan",
    "buttons get no answer and the lamp is dark: use the radio until the post runs",
)

CASES: Cases = {
    "post.stopped": case(
        Weight.URGENT,
        ("pos tidak berjalan: dihentikan orang", "the post is not running: somebody stopped it"),
        NO_HELP,
        START,
    ),
    "post.died": case(
        Weight.URGENT,
        (
            "pos tidak berjalan, dan berakhir tanpa pesan: listrik putus, dimatikan paksa, atau belum pernah mulai",
            "the post is not running and ended without a word: a power cut, a kill, or it never started",
        ),
        NO_HELP,
        ("systemctl status kentongan-post", "systemctl status kentongan-post"),
        START,
        LOG,
    ),
    "post.config": case(
        Weight.URGENT,
        ("pos tidak mau mulai (78): {why}", "the post does not start (78): {why}"),
        NO_HELP,
        ("perbaiki berkas yang disebut, lalu: kentongan check", "mend the file that is named, then: kentongan check"),
        START,
    ),
    "post.storage": case(
        Weight.URGENT,
        ("pos berakhir karena simpanan gagal (74): {why}", "the post ended because storage failed (74): {why}"),
        NO_HELP,
        (
            "periksa kartu dan hak atas data_dir: ls -ld {data_dir}; dmesg | tail -20",
            "look at the card and who may write data_dir: ls -ld {data_dir}; dmesg | tail -20",
        ),
        START,
    ),
    "post.retry": case(
        Weight.URGENT,
        ("pos berakhir dan harus dicoba lagi (75): {why}", "the post ended and must be tried again (75): {why}"),
        NO_HELP,
        ("port atau data dipakai program lain? ss -ltnp", "does another program use the port or the data? ss -ltnp"),
        START,
        LOG,
    ),
    "post.stuck": case(
        Weight.URGENT,
        ("{silence}", "{silence}"),
        (
            "tekanan mungkin belum disimpan; systemd memulai ulang pos yang macet lebih dari setengah menit",
            "a press may not be saved; systemd restarts a post that is stuck for more than half a minute",
        ),
        ("sudo systemctl restart kentongan-post", "sudo systemctl restart kentongan-post"),
        LOG,
    ),
    "post.other": case(
        Weight.WRONG,
        ("{silence}", "{silence}"),
        (
            "yang di bawah dibaca dari folder pos ini, bukan dari pos yang berjalan",
            "what stands below was read off this post's folder, not from a running post",
        ),
        ("sudo systemctl restart kentongan-post", "sudo systemctl restart kentongan-post"),
    ),
    "post.elsewhere": case(
        Weight.WRONG,
        (
            "pos berjalan (proses {process}), tetapi tidak menjawab di {where}: baru mulai, atau http.listen diubah",
            "the post runs (process {process}) and does not answer at {where}: just begun, or http.listen changed",
        ),
        (
            "yang di bawah dibaca dari folder pos ini, bukan dari pos yang berjalan",
            "what stands below was read off this post's folder, not from a running post",
        ),
        ("tunggu sebentar, lalu: kentongan doctor", "wait a moment, then: kentongan doctor"),
        ("sudo systemctl restart kentongan-post", "sudo systemctl restart kentongan-post"),
    ),
    "post.safe-mode": case(
        Weight.URGENT,
        (
            "mode aman: program berakhir cepat {count} kali berturut-turut, kini berjalan tanpa aturan",
            "safe mode: the program ended soon {count} times in a row and runs without rules now",
        ),
        (
            "tombol panik tetap sampai ke Polsek; sensor tidak memberi tahu siapa pun",
            "panic buttons reach the precinct; sensors tell nobody",
        ),
        LOG,
        (
            "perbaiki sebabnya, lalu: sudo systemctl restart kentongan-post",
            "mend the cause, then: sudo systemctl restart kentongan-post",
        ),
    ),
    "post.quick-ends": case(
        Weight.WRONG,
        (
            "program berakhir cepat {count} kali berturut-turut; tiga kali berarti mode aman",
            "the program ended soon {count} times in a row; three times mean safe mode",
        ),
        ("setiap kali beberapa detik tanpa jawaban", "each time some seconds without an answer"),
        LOG,
    ),
    "post.restarts": case(
        Weight.WRONG,
        ("pos mulai {count} kali dalam sehari", "the post started {count} times within a day"),
        (
            "selama mati tombol tidak dijawab; yang sudah dikonfirmasi tetap tersimpan",
            "while it is off buttons get no answer; what was confirmed is kept",
        ),
        (
            "listrik putus-putus? Periksa adaptor, kabel dan baterai: vcgencmd get_throttled",
            "does the power fail? Look at adapter, cable and battery: vcgencmd get_throttled",
        ),
        LOG,
    ),
    "post.panic-waits": case(
        Weight.URGENT,
        (
            "{count} pesan menunggu di jalur panik selama {ms} ms",
            "{count} messages wait in the panic lane, for {ms} ms",
        ),
        ("konfirmasi tombol terlambat", "a button's confirmation is late"),
        ("kartu lambat? Lihat temuan disk di daftar ini", "a slow card? See the findings on the disk in this list"),
        LOG,
    ),
    "post.behind": case(
        Weight.WRONG,
        ("{lanes} tertinggal {seconds} dtk", "{lanes}: {seconds} s behind"),
        (
            "sensor dan aturan terlambat; tombol panik tidak menunggu mereka",
            "sensors and rules are late; panic buttons do not wait for them",
        ),
        (
            "sensor yang terlalu ramai? kentongan status --watch; mosquitto_sub -v -t '#'",
            "a sensor that talks too much? kentongan status --watch; mosquitto_sub -v -t '#'",
        ),
    ),
}
_OF_CODE = {GOOD: "post.stopped", BAD_CONFIG: "post.config", IO_ERROR: "post.storage"}


def find(look: Look) -> Iterator[Finding]:
    """Yield what is wrong with the program itself."""
    if look.silence is not None:
        yield from _silent(look, look.silence)
    if look.running is not None:
        yield from _of_starts(look.running)
        yield from _lanes(look.running)


def _silent(look: Look, silence: NoAnswer) -> Iterator[Finding]:
    if silence.why is Silence.STUCK:
        yield Finding("post.stuck", {"silence": silence.render()})
    elif look.process is not None:
        yield Finding("post.elsewhere", {"process": look.process or "?", "where": silence.where})
    else:
        yield _ended(look, look.ending)
    if silence.why in (Silence.OLD, Silence.OTHER):
        yield Finding("post.other", {"silence": silence.render()})


def _ended(look: Look, ending: Ending | None) -> Finding:
    if ending is None:
        return Finding("post.died", since_s=None)
    code = _OF_CODE.get(ending.code, "post.retry")
    at_ms = look.standing.at_ms if look.standing is not None else None
    since_s = None if at_ms is None or at_ms < ending.wall_ms else (at_ms - ending.wall_ms) / 1000
    return Finding(code, {"why": ending.why or "?", "data_dir": look.settings.data_dir}, since_s)


def _of_starts(standing: Standing) -> Iterator[Finding]:
    if standing.rules.safe_mode:
        yield Finding("post.safe-mode", {"count": standing.quick_ends}, standing.up_s)
    elif standing.quick_ends >= QUICK_ENDS:
        yield Finding("post.quick-ends", {"count": standing.quick_ends})
    lately = [start for start in standing.starts if start.ago_s < A_DAY_S]
    if len(lately) >= MANY_STARTS:
        yield Finding("post.restarts", {"count": len(lately)}, lately[-1].ago_s)


def _lanes(standing: Standing) -> Iterator[Finding]:
    for lane in standing.lanes:
        if lane.name == "panic" and lane.oldest_ms >= STUCK_MS:
            yield Finding("post.panic-waits", {"count": lane.waiting, "ms": lane.oldest_ms})
    behind = [lane for lane in standing.lanes if lane.name != "panic" and lane.oldest_ms >= BEHIND_MS]
    if behind:
        worst = max(lane.oldest_ms for lane in behind) // 1000
        yield Finding("post.behind", {"lanes": ", ".join(lane.name for lane in behind), "seconds": worst}, worst)
