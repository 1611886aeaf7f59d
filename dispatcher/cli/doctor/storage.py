"""The card and the clock: what a Raspberry Pi fails by."""

from collections.abc import Iterator

from dispatcher.cli.doctor.model import Cases, Finding, Look, Weight, case
from dispatcher.cli.quantities import number, size
from dispatcher.post.standing import DiskLine

SLOW_MS, SOME_SAVES = 250, 20
WORN = 80  # percent of its life
SOON_FULL = 4  # times `limits.disk_low`
STEPS = 1
FRESH_S = 120  # a clock that has just been started may still be setting itself
NOT_KEPT = (
    "tekanan tetap diteruskan, tetapi hilang bila listrik putus sebelum Polsek menerimanya; lampu tidak berkata saved",
    "presses are relayed, but lost if the power fails before the precinct has them; the lamp does not say saved",
)
NEW_CARD = (
    "ganti kartu memori: salin /etc/kentongan, pasang lagi, data_dir boleh kosong",
    "replace the memory card: copy /etc/kentongan, install anew, data_dir may be empty",
)

CASES: Cases = {
    "disk.unsaved": case(
        Weight.URGENT,
        ("kartu gagal, tidak ada yang disimpan: {trouble}", "the card failed, nothing is saved: {trouble}"),
        NOT_KEPT,
        ("dmesg | tail -20",) * 2,
        NEW_CARD,
    ),
    "disk.read-only": case(
        Weight.URGENT,
        ("kartu hanya dapat dibaca", "the card can only be read"),
        NOT_KEPT,
        ("dmesg | grep -i -e ext4 -e mmc | tail -20",) * 2,
        NEW_CARD,
    ),
    "disk.errors": case(
        Weight.URGENT,
        ("sistem berkas {name} mencatat {count} kesalahan", "the file system on {name} has counted {count} errors"),
        ("kartu mulai rusak; yang baru disimpan bisa hilang", "the card is failing; what was saved lately may be lost"),
        ("dmesg | grep -i -e ext4 -e mmc | tail -20",) * 2,
        NEW_CARD,
    ),
    "disk.worn": case(
        Weight.NOTE,
        ("kartu {name} sudah {percent}% umurnya", "the card {name} has used {percent}% of its life"),
        ("masih bekerja; akan gagal", "it still works; it will fail"),
        NEW_CARD,
    ),
    "disk.slow": case(
        Weight.WRONG,
        (
            "menyimpan lambat: rata-rata {mean} ms, 1 dari 100 lebih dari {p99} ms",
            "saving is slow: {mean} ms on average, 1 in 100 above {p99} ms",
        ),
        ("konfirmasi tombol terlambat sebanyak itu", "a button's confirmation is late by as much"),
        ("program lain menulis terus? sudo iotop -oa", "does another program write all the time? sudo iotop -oa"),
        NEW_CARD,
    ),
    "disk.low": case(
        Weight.WRONG,
        ("ruang hampir habis: {free} bebas, batasnya {low}", "little room is left: {free} free, the limit is {low}"),
        (
            "dari sensor hanya kata terbaru yang disimpan; tekanan masuk ke cadangan",
            "of sensors only the newest word is kept; presses go to a reserve",
        ),
        ("sudo du -xh / | sort -h | tail -20",) * 2,
        ("sudo journalctl --vacuum-size=100M; sudo apt clean",) * 2,
    ),
    "disk.soon-full": case(
        Weight.NOTE,
        ("{free} bebas; di bawah {low} sensor dibuang", "{free} free; below {low} sensors are shed"),
        ("masih baik", "still good"),
        ("sudo du -xh / | sort -h | tail -20",) * 2,
        ("perkecil journal.max_bytes di post.yaml", "make journal.max_bytes in post.yaml smaller"),
    ),
    "disk.damaged": case(
        Weight.WRONG,
        ("{count} catatan jurnal rusak", "{count} records of the journal are damaged"),
        (
            "yang rusak mungkin sebuah tekanan lama; yang lain utuh",
            "a damaged one may be an old press; the others are whole",
        ),
        ("kentongan journal verify --data {data_dir}",) * 2,
        NEW_CARD,
    ),
    "clock.untrusted": case(
        Weight.WRONG,
        ("jam belum disetel layanan waktu", "no time service has set the clock"),
        (
            "tekanan tetap sampai; waktunya di papan diragukan, dan aturan dengan jam atau hari menunggu",
            "presses arrive all the same; their time on the board is doubtful, and rules with hours or days wait",
        ),
        ("timedatectl; sudo timedatectl set-ntp true",) * 2,
        (
            "tanpa internet: pasang jam baterai (RTC) pada Pi",
            "without internet: give the Pi a clock with a battery (RTC)",
        ),
        (
            "mesin virtual atau kontainer: clock: {trust: always} di post.yaml",
            "a virtual machine or container: clock: {trust: always} in post.yaml",
        ),
    ),
    "clock.believed": case(
        Weight.NOTE,
        (
            "clock.trust: always, tetapi tidak ada layanan waktu di mesin ini",
            "clock.trust is always, but no time service sets this machine's clock",
        ),
        ("jam yang salah tidak akan ketahuan", "a wrong clock will go unnoticed"),
        (
            "di Pi: sudo timedatectl set-ntp true, lalu clock: {trust: kernel} di post.yaml",
            "on a Pi: sudo timedatectl set-ntp true, then clock: {trust: kernel} in post.yaml",
        ),
    ),
    "clock.stepped": case(
        Weight.NOTE,
        ("jam melompat {count} kali, terakhir {seconds} dtk", "the clock jumped {count} times, last by {seconds} s"),
        (
            "lama waktu tidak terpengaruh; jam di laporan sebelum itu bisa salah",
            "durations are not affected; times in alerts before it may be wrong",
        ),
        ("timedatectl; jam disetel orang atau program lain?", "timedatectl; is it set by a person or another program?"),
    ),
}


def find(look: Look) -> Iterator[Finding]:
    """Yield what is wrong with the card and the clock."""
    yield from _card(look)
    if look.running is not None:
        yield from _saves(look, look.running.disk)
        yield from _clock(look)
    if look.standing is not None and look.standing.disk.corrupt:
        values = {"count": look.standing.disk.corrupt, "data_dir": look.settings.data_dir}
        yield Finding("disk.damaged", values)


def _card(look: Look) -> Iterator[Finding]:
    card, low = look.card, look.settings.limits.disk_low
    saves = look.running is None or look.running.disk.state != "failed"  # else that is told, with its reason
    if card.read_only and saves:
        yield Finding("disk.read-only")
    if card.errors:
        yield Finding("disk.errors", {"name": card.name, "count": card.errors})
    if card.worn is not None and card.worn >= WORN:
        yield Finding("disk.worn", {"name": card.name, "percent": card.worn})
    free = card.free_bytes
    if free is not None and free < SOON_FULL * low and not card.read_only:
        code = "disk.low" if free < low else "disk.soon-full"
        yield Finding(code, {"free": size(free), "low": size(low)})


def _saves(look: Look, disk: DiskLine) -> Iterator[Finding]:
    if disk.state == "failed" or disk.trouble:
        up_s = look.running.up_s if look.running else None
        yield Finding("disk.unsaved", {"trouble": disk.trouble or "?"}, up_s)
    if disk.save_ms is None or disk.save_p99_ms is None:
        return
    often = disk.saves >= SOME_SAVES and (disk.save_ms >= SLOW_MS / 2 or disk.save_p99_ms > SLOW_MS)
    if often or disk.state == "slow":
        yield Finding("disk.slow", {"mean": number(disk.save_ms), "p99": number(disk.save_p99_ms)})


def _clock(look: Look) -> Iterator[Finding]:
    assert look.running is not None
    clock = look.running.clock
    if not clock.trusted and clock.since_s >= FRESH_S:
        yield Finding("clock.untrusted", {}, clock.since_s)
    elif clock.trust == "always" and look.synchronised is False and "Raspberry" in look.machine:
        yield Finding("clock.believed")
    if clock.steps >= STEPS:
        values = {"count": clock.steps, "seconds": number(clock.step_ms / 1000)}
        yield Finding("clock.stepped", values, last_s=clock.step_s)
