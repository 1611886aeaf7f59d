"""Every text of the board, Indonesian first. Templates and scripts name them; nothing else writes words on a screen."""

from collections.abc import Mapping

from dispatcher.domain.faults import Text

LANGUAGES = ("id", "en")
DEFAULT = "id"

_TEXTS: dict[str, tuple[str, str]] = {
    # the page
    "board": ("Papan jaga", "Duty board"),
    "waiting": ("Menunggu jawaban", "Waiting for an answer"),
    "in_hand": ("Sedang ditangani", "In hand"),
    "calm": ("Tidak ada kejadian terbuka", "No open incidents"),
    "calm_more": ("Papan ini terhubung.", "This board is connected."),
    "calm_sounds": ("Akan berbunyi bila ada panggilan.", "It will sound when a call comes."),
    "more": ("dan {n} kejadian lain; lihat API", "and {n} more; see the API"),
    "closed_recently": ("Baru ditutup", "Closed recently"),
    "posts": ("Pos", "Posts"),
    "posts_silent": ("{n} pos diam", "{n} posts silent"),
    "posts_all_on": ("{n} pos terhubung", "{n} connected"),
    "posts_some_on": ("{n} dari {total} terhubung", "{n} of {total} connected"),
    "posts_none": ("Belum ada pos", "No posts yet"),
    "others_online": ("{n} pos lain terhubung", "{n} more posts connected"),
    "back": ("Kembali ke papan", "Back to the board"),
    "language": ("English", "Bahasa Indonesia"),
    "officer": ("Nomor petugas", "Officer id"),
    "officer_hint": ("mis. 4021", "e.g. 4021"),
    "officer_why": (
        "Nomor lencana atau jabatan, bukan nama. Disimpan di peramban ini.",
        "Badge or role, not a name. Kept in this browser.",
    ),
    "keys": ("pilih · A terima · O buka · S diamkan", "choose · A acknowledge · O open · S silence"),
    "not_found": ("Tidak ditemukan", "Not found"),
    "no_script": (
        "Tanpa JavaScript papan ini tidak berbunyi dan hanya dimuat ulang tiap 10 detik.",
        "Without JavaScript this board makes no sound and only reloads every 10 seconds.",
    ),
    # connection and sound
    "connected": ("Terhubung", "Connected"),
    "connecting": ("Menyambung…", "Connecting…"),
    "lost": (
        "SERVER TERPUTUS. Papan ini tidak menerima panggilan. Pakai radio.",
        "SERVER LOST. This board receives no calls. Use the radio.",
    ),
    "lost_short": ("Terputus", "Lost"),
    "since": ("Terputus sejak {time}.", "Lost since {time}."),
    "config_fault": (
        "Berkas aturan atau situs Polsek ada yang salah: dipakai salinan baik terakhir. Hubungi teknisi.",
        "The precinct's rules or site have a fault: the last good copy is used. Call the technician.",
    ),
    "rules_failed": (
        "ATURAN POLSEK BERHENTI. Panggilan dari pos tetap masuk. Hubungi teknisi.",
        "THE PRECINCT'S RULES HAVE STOPPED. Calls from posts still come in. Call the technician.",
    ),
    "broker_down": (
        "BROKER TERPUTUS. Panggilan dari pos tidak sampai ke sini. Pakai radio.",
        "BROKER LOST. Calls from posts do not get here. Use the radio.",
    ),
    "sound_off": ("Suara belum menyala.", "Sound is off."),
    "sound_off_why": ("Peramban menunggu satu sentuhan.", "The browser waits for one touch."),
    "sound_enable": ("Nyalakan suara", "Turn sound on"),
    "sound_on": ("Suara menyala", "Sound on"),
    "sound_muted": ("Suara mati", "Sound off"),
    "sound_silenced": ("Didiamkan", "Silenced"),
    "sound_silenced_more": (
        "Bunyi didiamkan sampai panggilan berikutnya. Panggilan di bawah tetap menunggu.",
        "Silenced until the next call. The calls below still wait.",
    ),
    "silence": ("Diamkan", "Silence"),
    "twins": (
        "{post}: dua perangkat memakai nama pos ini. Hubungi teknisi.",
        "{post}: two devices use this post's name. Call the technician.",
    ),
    # an incident
    "place_unknown": ("Lokasi belum diketahui", "Place unknown"),
    "evidence": ("Bukti", "Evidence"),
    "evidence_n": ("{n} bukti", "{n} pieces of evidence"),
    "evidence_1": ("1 bukti", "1 piece of evidence"),
    "clock_doubtful": ("jam pos diragukan", "post's clock is doubtful"),
    "at_least": ("paling sedikit", "at least"),
    "exercise": ("LATIHAN", "EXERCISE"),
    "conflict": (
        "dua isi berbeda untuk satu laporan: periksa",
        "two contents for one report: check",
    ),
    "gap": ("ada laporan yang belum tiba", "a report has not arrived yet"),
    "again": ("DITEKAN LAGI", "PRESSED AGAIN"),
    "certainty_possible": ("belum pasti", "possible"),
    "post_silent": ("pos diam", "post silent"),
    "has_it": ("Ditangani {officer}", "With {officer}"),
    "had_it": ("Sebelumnya {officer}", "Before: {officer}"),
    "ages": ("{n}+ hari", "{n}+ days"),
    "exact_time": ("mulai {time}", "since {time}"),
    # severities and stages
    "severity_critical": ("KRITIS", "CRITICAL"),
    "severity_high": ("TINGGI", "HIGH"),
    "severity_medium": ("SEDANG", "MEDIUM"),
    "severity_low": ("RENDAH", "LOW"),
    "severity_info": ("INFO", "INFO"),
    "stage_delivered": ("Menunggu", "Waiting"),
    "stage_acknowledged": ("Diterima", "Acknowledged"),
    "stage_dispatched": ("Unit dikirim", "Unit sent"),
    "stage_arrived": ("Unit tiba", "Unit arrived"),
    "stage_closed": ("Ditutup", "Closed"),
    # kinds of incident that ship with the rules; any other shows its own word
    "kind_panic": ("TOMBOL PANIK", "PANIC BUTTON"),
    "kind_panel": ("Panel alarm", "Alarm panel"),
    "kind_tawuran": ("Tawuran", "Street brawl"),
    "kind_ranmor": ("Pencurian kendaraan", "Vehicle theft"),
    "kind_fire": ("Kebakaran", "Fire"),
    "kind_kebakaran": ("Kebakaran", "Fire"),
    "kind_gas": ("Kebocoran gas", "Gas leak"),
    "kind_intrusion": ("Penyusupan", "Intrusion"),
    "kind_intruder": ("Penyusupan", "Intrusion"),
    "kind_gathering": ("Kerumunan", "Gathering"),
    "kind_flood": ("Banjir", "Flood"),
    "kind_tamper": ("Perangkat dirusak", "Tampering"),
    "kind_perusakan": ("Perusakan", "Vandalism"),
    "kind_gerbang": ("Gerbang", "Gate"),
    "kind_baterai": ("Baterai lemah", "Battery low"),
    "kind_matcher_fault": ("Mesin aturan pos bermasalah", "Post's rule engine is in trouble"),
    "kind_config_fault": ("Konfigurasi pos salah", "Post's configuration is faulty"),
    "kind_config_unapplied": ("Aturan pos belum dipakai", "Post's rules are not applied yet"),
    "kind_device_unknown": ("Perangkat tak dikenal", "Unknown device"),
    # what an officer does
    "do_acknowledge": ("Terima", "Acknowledge"),
    "do_dispatch": ("Kirim", "Send"),
    "do_arrive": ("Unit tiba", "Unit arrived"),
    "do_close": ("Tutup", "Close"),
    "do_note": ("Catat", "Note"),
    "do_more": ("Langkah lain", "Other steps"),
    "unit": ("Unit", "Unit"),
    "unit_hint": ("mis. Patroli 2", "e.g. Patrol 2"),
    "note": ("Catatan", "Note"),
    "note_hint": ("Tempat, waktu, jenis; tanpa nama orang", "Place, time, kind; no names of people"),
    "disposition": ("Hasil", "Outcome"),
    "disposition_real": ("nyata", "real"),
    "disposition_false": ("palsu", "false"),
    "disposition_drill": ("latihan", "drill"),
    "disposition_unclear": ("tidak jelas", "unclear"),
    # answers
    "said_acknowledge": ("Diterima. Lampu {post} diberi tahu.", "Acknowledged. The lamp at {post} is told."),
    "said_dispatch": ("Unit dikirim. Lampu {post} diberi tahu.", "Unit sent. The lamp at {post} is told."),
    "said_arrive": ("Unit tiba. Lampu {post} diberi tahu.", "Unit arrived. The lamp at {post} is told."),
    "said_close": ("Ditutup. Lampu {post} diberi tahu.", "Closed. The lamp at {post} is told."),
    "said_acknowledge_own": ("Diterima.", "Acknowledged."),
    "said_dispatch_own": ("Unit dikirim.", "Unit sent."),
    "said_arrive_own": ("Unit tiba.", "Unit arrived."),
    "said_close_own": ("Ditutup.", "Closed."),
    "said_note": ("Catatan disimpan.", "The note is kept."),
    "said_still": (
        "Ada tekanan baru sejak layar terakhir: masih menunggu jawaban.",
        "There is a new press since this screen: it still waits.",
    ),
    "no_already": ("Sudah ditangani {officer}: {stage}.", "{officer} already has it: {stage}."),
    "no_closed": ("Sudah ditutup oleh {officer}.", "Already closed by {officer}."),
    "no_unknown_incident": ("Kejadian tidak ditemukan.", "No such incident."),
    "no_bad_rev": ("Layar tidak cocok dengan data. Muat ulang.", "The screen does not match. Reload."),
    "no_no_officer": (
        "Isi nomor petugas dahulu (huruf dan angka, tanpa spasi).",
        "Fill in the officer id first (letters and digits, no spaces).",
    ),
    "no_bad_unit": ("Nama unit: huruf, angka, spasi; paling banyak 32.", "Unit: letters, digits, spaces; 32 at most."),
    "no_bad_disposition": ("Pilih hasilnya dahulu.", "Choose the outcome first."),
    "no_bad_text": ("Catatan kosong atau terlalu panjang (500).", "The note is empty or too long (500)."),
    "no_store": (
        "TIDAK TERSIMPAN. Simpanan precinct bermasalah; pakai radio.",
        "NOT SAVED. The precinct's store has failed; use the radio.",
    ),
    "no_send": ("TIDAK TERKIRIM: server tidak menjawab.", "NOT SENT: the server does not answer."),
    # the timeline
    "timeline": ("Urutan kejadian", "Timeline"),
    "at_post": ("di pos", "at the post"),
    "what_opened": ("Mulai, menurut jam pos", "Began, by the post's clock"),
    "what_received": ("Laporan {rev} tersimpan di sini", "Report {rev} stored here"),
    "what_gap": ("Laporan {rev} tiba sebelum yang mendahuluinya", "Report {rev} came before the one ahead of it"),
    "what_conflict": ("Isi kedua untuk laporan {rev}, disimpan", "A second content for report {rev}, kept"),
    "what_sounds_again": ("Berbunyi lagi karena laporan {rev}", "Sounds again because of report {rev}"),
    "what_reopened": ("Dibuka lagi oleh laporan {rev}", "Reopened by report {rev}"),
    "what_unattended": ("Tidak ada petugas di papan; lampu diberi tahu", "Nobody at a board; the lamp is told"),
    "what_restored": (
        "Jawaban petugas dipulihkan dari ingatan pos",
        "An officer's answer, restored from the post's memory",
    ),
    "what_unattended_own": ("Tidak ada petugas di papan", "Nobody at a board"),
    "what_cleared": ("Keadaannya sudah berakhir, menurut aturan", "The condition has ended, says the rule"),
    "what_attended": ("Petugas kembali di papan", "An officer is back at a board"),
    "what_acknowledged": ("Diterima", "Acknowledged"),
    "what_dispatched": ("Unit dikirim", "Unit sent"),
    "what_arrived": ("Unit tiba", "Unit arrived"),
    "what_closed": ("Ditutup", "Closed"),
    "what_note": ("Catatan", "Note"),
    "after": ("+{age}", "+{age}"),
    "device": ("Perangkat", "Device"),
    "time": ("Waktu", "Time"),
    "report": ("Laporan", "Report"),
    "details": ("Rincian", "Details"),
    "rule": ("Aturan", "Rule"),
    "post": ("Pos", "Post"),
    "position": ("Posisi", "Position"),
    "incident_id": ("Nomor kejadian", "Incident id"),
    # posts
    "post_online": ("terhubung", "connected"),
    "post_offline": ("TERPUTUS", "OFFLINE"),
    "post_unsaved": ("TIDAK MENYIMPAN", "NOT SAVING"),
    "post_quiet": ("DIAM", "SILENT"),
    "post_never": ("BELUM TERDENGAR", "NEVER HEARD"),
    "post_twins": ("DUA PERANGKAT", "TWO DEVICES"),
    "post_backlog": ("{n} belum terkirim", "{n} not delivered"),
    "post_disk_low": ("kartu hampir penuh", "card nearly full"),
    "post_disk_slow": ("kartu lambat", "card slow"),
}

_SCRIPT = (
    "connected", "connecting", "lost", "lost_short", "since", "sound_off", "sound_on", "sound_muted", "sound_silenced",
    "silence", "no_send", "no_no_officer", "waiting", "board", "ages",
)  # fmt: skip


class Texts:
    """The texts in one language."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else DEFAULT
        self.other = "en" if self.language == "id" else "id"

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its places filled. Raises KeyError for a text that is not in the catalogue."""
        return Text(*_TEXTS[key]).render(self.language, values)

    def kind(self, kind: str) -> str:
        """Return the name of a kind of incident; an unknown one is its own name."""
        key = f"kind_{kind.replace('.', '_')}"
        return self(key) if key in _TEXTS else kind.replace("_", " ").replace(".", " ").capitalize()

    def for_script(self) -> Mapping[str, str]:
        """Return what the script on the page says by itself."""
        return {key: self(key) for key in _SCRIPT}
