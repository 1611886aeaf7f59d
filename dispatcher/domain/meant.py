"""Which known word somebody meant: who thinks in Indonesian writes ``tinggi`` where the language says ``high``.

Only a hint comes of it: nothing is read as anything else than it says.
"""

import difflib
from collections.abc import Iterable

CLOSE = 0.6  # of difflib's ratio

# What a word of a technician's own may stand for, the likelier first; only a word of the closed list at hand counts.
_OWN: dict[str, tuple[str, ...]] = {
    # severity and certainty
    "rendah": ("low",), "ringan": ("low",), "sedang": ("medium",), "menengah": ("medium",), "tinggi": ("high",),
    "gawat": ("critical",), "kritis": ("critical",), "darurat": ("critical",), "biasa": ("info", "low"),
    "mungkin": ("possible",), "pasti": ("observed",), "terlihat": ("observed",), "diduga": ("likely", "possible"),
    # people, and where a rule runs
    "polsek": ("precinct",), "polisi": ("precinct",), "petugas": ("precinct",), "koordinator": ("coordinator",),
    "damkar": ("fire",), "pemadam": ("fire",), "teknisi": ("technician",), "pos": ("post", "posts"),
    "pospos": ("posts",), "alat": ("devices", "device"), "perangkat": ("devices", "device"),
    # days
    "senin": ("mon",), "selasa": ("tue",), "rabu": ("wed",), "kamis": ("thu",), "jumat": ("fri",), "jum'at": ("fri",),
    "sabtu": ("sat",), "minggu": ("sun",), "ahad": ("sun",),
    "monday": ("mon",), "tuesday": ("tue",), "wednesday": ("wed",), "thursday": ("thu",), "friday": ("fri",),
    "saturday": ("sat",), "sunday": ("sun",),
    # keys
    "nama": ("name",), "bila": ("when",), "jika": ("when",), "kalau": ("when",), "maka": ("then",),
    "lalu": ("then", "after"), "kejadian": ("event",), "jenis": ("event", "kind"), "syarat": ("where", "only_if"),
    "dimana": ("where",), "hitung": ("count",), "jumlah": ("count", "at_least"), "semua": ("all",),
    "salah_satu": ("any",), "urutan": ("sequence",), "berurutan": ("sequence",), "tidak_ada": ("absent",),
    "keadaan": ("state",), "jadwal": ("schedule",), "jam": ("at", "between"), "pukul": ("at", "between"),
    "hari": ("days",), "dalam": ("within",), "selama": ("for", "within"), "antara": ("between",),
    "sesudah": ("after",), "setelah": ("after",), "minimal": ("at_least",), "paling_sedikit": ("at_least",),
    "sekurangnya": ("at_least",), "min": ("at_least",), "maksimal": ("at_most",), "max": ("at_most",),
    "paling_banyak": ("at_most",), "lebih_dari": ("above",), "diatas": ("above",), "kurang_dari": ("below",),
    "dibawah": ("below",), "bukan": ("not", "is_not"), "adalah": ("is",), "berisi": ("contains",),
    "awalan": ("starts_with",), "diawali": ("starts_with",), "berbeda": ("distinct",), "unik": ("distinct",),
    "kelompok": ("group_by",), "per": ("group_by",), "tetangga": ("neighbours",), "neighbors": ("neighbours",),
    "siaga": ("watch",), "pantauan": ("watch",), "kecuali": ("unless",), "pesan": ("message",), "judul": ("message",),
    "tingkat": ("severity",), "kepada": ("escalate",), "kirim": ("escalate",), "perintah": ("actions",),
    "aksi": ("actions",), "redam": ("throttle",), "sekali_dalam": ("once_within",), "catatan": ("notes",),
    "selesai": ("clear_when",), "ditahan": ("suppressed_by",), "aktif": ("enabled",), "dijalankan_di": ("runs_at",),
    "zona": ("zone",), "peran": ("role",), "sumber": ("source",), "tempat": ("zone", "kelurahan"),
    # words
    "percobaan": ("shadow",), "uji": ("shadow",), "coba": ("shadow",), "bayangan": ("shadow",), "jalan": ("live",),
    # kinds
    "gerak": ("motion",), "gerakan": ("motion",), "asap": ("smoke",), "panas": ("heat",), "getar": ("vibration",),
    "getaran": ("vibration",), "kaca": ("glass.break",), "kaca_pecah": ("glass.break",), "pintu": ("door.open", "door"),
    "gerbang": ("door.open", "door"), "pintu_dibuka": ("door.open",), "pintu_ditutup": ("door.closed",),
    "banjir": ("report.banjir", "flood"), "air": ("flood",), "panik": ("panic.press",), "tombol": ("panic.press",),
    "orang": ("camera.person",), "kendaraan": ("camera.vehicle",), "baterai": ("battery.low",),
    "lapor": ("check_in",), "absen": ("check_in",), "hadir": ("check_in",), "apel": ("roll_call",),
    "padam": ("mains.lost",), "listrik_padam": ("mains.lost",), "mati_listrik": ("mains.lost",),
    "listrik": ("mains.lost", "mains"), "suhu": ("reading.temperature",), "rusak": ("tamper",),
    "tawuran": ("report.tawuran",), "kerumunan": ("report.kerumunan",), "kebakaran": ("report.kebakaran",),
    "ranmor": ("report.ranmor",), "sajam": ("report.sajam",), "perkelahian": ("report.perkelahian",),
    # roles and channels
    "sirine": ("siren",), "sirene": ("siren",), "lampu": ("lamp",), "kamera": ("camera",),
    "warga": ("citizen",), "siber": ("cyber",), "wa": ("whatsapp",), "telepon": ("phone",), "telpon": ("phone",),
    "hp": ("phone",), "datang": ("walk_in",),
}  # fmt: skip


def meant(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, None where that would be a guess."""
    choices = sorted(known)
    written = word.strip().casefold().replace(" ", "_").replace("-", "_")
    same = next((one for one in choices if one.casefold().replace("-", "_") == written), None)
    own = next((one for one in _OWN.get(written, ()) if one in choices), None)
    return same or own or next(iter(difflib.get_close_matches(word, choices, 1, CLOSE)), None)
