"""Every key of a test file in a sentence: what editors show beside it, and what the reference lists."""

from collections.abc import Mapping

from dispatcher.domain.faults import Text

Words = Mapping[str, Text]

FILE: Words = {
    "version": Text("versi berkas, 1", "version of the file, 1"),
    "site": Text("alamat site.yaml dari berkas ini, atau isinya", "path of site.yaml from this file, or its content"),
    "rules": Text("berkas aturan dari berkas ini, atau aturannya", "rule files from this file, or rules"),
    "tests": Text("daftar uji", "list of tests"),
}
CASE: Words = {
    "name": Text("apa yang dijanjikan uji ini", "what this test promises"),
    "start": Text(
        "tanggal dan jam mulai, 2026-11-24T00:58:00+07:00", "date and time of the start, 2026-11-24T00:58:00+07:00"
    ),
    "given": Text("keadaan pada awalnya", "states at the start"),
    "steps": Text("apa yang terjadi, berurutan", "what happens, in order"),
    "expect": Text(
        "seluruh hasilnya: peringatan yang tidak ditulis di sini menggagalkan uji",
        "the whole timeline: an alert that is not listed fails the test",
    ),
    "strict": Text(
        "true: juga clear, throttled dan lainnya harus lengkap",
        "true: clear, throttled and others must be complete, too",
    ),
    "notes": Text("catatan Anda", "your notes"),
}
GIVEN: Words = {"state": Text("{nama: nilai} atau {nama: {pos: nilai}}", "{name: value} or {name: {post: value}}")}
STEP: Words = {
    "at": Text("berapa lama sesudah start: 0s, 70s, 5m", "how long after start: 0s, 70s, 5m"),
    "event": Text("jenis kejadian; kunci lain adalah isiannya", "kind of event; every other key is a field of it"),
    "device": Text(
        "alat; pos, zona dan perannya dari site.yaml", "device; its post, zone and role come from site.yaml"
    ),
    "post": Text("pos", "post"),
    "zone": Text("zona", "zone"),
    "happened": Text("kapan sebenarnya terjadi, bila kabarnya terlambat", "when it happened, if word came late"),
    "power_cut": Text("listrik padam selama ini", "the power is off for so long"),
    "restart": Text("program dimulai ulang, mati selama ini", "the program restarts, off for so long"),
    "clock_step": Text("jam dinding melompat: 2h atau -2h", "the wall clock jumps: 2h or -2h"),
    "clock_untrusted": Text(
        "true: jam belum dipercaya; false: dipercaya lagi", "true: the clock is not believed; false: it is again"
    ),
    "duplicate": Text("kejadian terakhir datang lagi sekian kali", "the last event arrives so many times more"),
    "reload": Text("ganti aturan dengan berkas ini", "change to the rules of this file"),
    "advance": Text("biarkan waktu lewat", "let time pass"),
    "set_state": Text(
        "keadaan berubah: {nama: nilai} atau {nama: {pos: nilai}}",
        "states change: {name: value} or {name: {post: value}}",
    ),
    "watch": Text("Polsek membuka siaga", "the precinct opens a watch"),
    "broker_down": Text("pos terputus dari Polsek selama ini", "the post is cut off from the precinct for so long"),
}
WATCH: Words = {
    "kind": Text("siaga untuk apa", "what the watch is for"),
    "kelurahan": Text("di kelurahan mana", "in which kelurahan"),
    "until": Text("sampai kapan, sesudah start", "until when, after start"),
}
EXPECT: Words = {
    "at": Text("kapan, tepat sampai milidetik", "when, exact to the millisecond"),
    "alert": Text("aturan ini memberi peringatan", "this rule alerts"),
    "unknown": Text(
        "kesunyian yang tidak dapat dinilai: program sedang mati", "a silence that cannot be judged: we were off"
    ),
    "clear": Text("keadaan bahaya aturan ini berakhir", "this rule's condition ends"),
    "throttled": Text("diredam: masuk ke kejadian yang terbuka", "throttled: joins the open incident"),
    "suppressed": Text("ditahan oleh aturan lain", "held back by another rule"),
    "command": Text("perintah ini ke alat", "this command to a device"),
}
