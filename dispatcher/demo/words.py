"""What the page says, in the two languages of its readers. Indonesian first."""

from __future__ import annotations

from dataclasses import dataclass

from dispatcher.demo.things import DARK, IDLE
from dispatcher.domain.faults import Language, Text

LANGUAGES: tuple[Language, ...] = ("id", "en")


@dataclass(frozen=True, slots=True)
class StageWords:
    """A lamp stage for people: its word, how it blinks, and what it means for the guard."""

    word: Text
    blink: Text
    meaning: Text


def _stage(word: tuple[str, str], blink: tuple[str, str], meaning: tuple[str, str]) -> StageWords:
    return StageWords(Text(*word), Text(*blink), Text(*meaning))


# What a lamp may say of the post beside its stage.
TROUBLES = {
    "disk_low": Text(
        "Kartu memori hampir penuh: panggil teknisi.", "The memory card is nearly full: call a technician."
    ),
    "disk_slow": Text("Kartu memori lambat: panggil teknisi.", "The memory card is slow: call a technician."),
    "unsaved": Text("Pos tidak dapat menyimpan: panggil teknisi.", "The post cannot save: call a technician."),
    "config_fault": Text("Berkas aturan rusak: panggil teknisi.", "A rule file is broken: call a technician."),
    "safe_mode": Text("Pos berjalan tanpa aturan: panggil teknisi.", "The post runs without rules: call a technician."),
}

STAGES = {
    DARK: _stage(
        ("Padam", "Dark"),
        ("tidak menyala", "no light"),
        ("Komputer pos tidak menjawab. Pakai radio.", "The post's computer does not answer. Use the radio."),
    ),
    IDLE: _stage(
        ("Siaga", "Standing by"),
        ("denyut pelan", "slow pulse"),
        ("Pos siap. Tekan tombol merah bila butuh bantuan.", "The post is ready. Press the red button for help."),
    ),
    "saved": _stage(
        ("Tersimpan", "Saved"),
        ("satu kedip", "one blink"),
        ("Panggilan tercatat di pos. Belum sampai di Polsek.", "Your call is kept here. Not yet at the precinct."),
    ),
    "sent": _stage(
        ("Terkirim", "Sent"),
        ("dua kedip", "two blinks"),
        ("Sedang menuju Polsek. Belum ada tanda terima.", "On its way to the precinct. No receipt yet."),
    ),
    "delivered": _stage(
        ("Diterima Polsek", "At the precinct"),
        ("tiga kedip", "three blinks"),
        ("Polsek sudah menerima. Menunggu petugas menjawab.", "The precinct has it. Waiting for an officer to answer."),
    ),
    "acknowledged": _stage(
        ("Dijawab petugas", "Answered"),
        ("menyala tetap", "steady light"),
        ("Petugas sudah membaca dan menjawab.", "An officer has read it and answered."),
    ),
    "dispatched": _stage(
        ("Petugas berangkat", "On the way"),
        ("cincin berputar", "turning ring"),
        ("Bantuan sedang menuju ke sini. Tetap di tempat aman.", "Help is coming here. Stay where it is safe."),
    ),
    "arrived": _stage(
        ("Petugas tiba", "Arrived"),
        ("cincin ganda tetap", "steady double ring"),
        ("Petugas sudah di lokasi.", "Officers are on the scene."),
    ),
    "closed": _stage(
        ("Selesai", "Closed"),
        ("menyala redup", "dim light"),
        ("Polsek menutup kejadian ini.", "The precinct has closed this incident."),
    ),
    "undelivered": _stage(
        ("Belum sampai", "Not delivered"),
        ("kedip cepat", "fast blink"),
        ("Polsek belum menerima. Pakai radio sekarang.", "The precinct does not have it. Use the radio now."),
    ),
    "unattended": _stage(
        ("Belum dilihat", "Not seen"),
        ("panjang, pendek", "long, short"),
        ("Sampai di Polsek, tetapi tak ada layar jaga yang hidup. Pakai radio.",
         "It is at the precinct, but no board is alive there. Use the radio."),
    ),
    "refused": _stage(
        ("Ditolak", "Refused"),
        ("dua kedip, jeda panjang", "two blinks, long pause"),
        ("Pos tidak mengenal tombol ini. Pakai radio, lalu hubungi teknisi.",
         "The post does not know this button. Use the radio, then call the technician."),
    ),
}  # fmt: skip

TRAIL = ("saved", "sent", "delivered", "acknowledged", "dispatched", "arrived")
"""The way of a press, as the row of dots under the button shows it."""

PAGE = {
    "title": Text("Pos pantau", "Guard post"),
    "tagline": Text("pos pantau virtual", "a virtual guard post"),
    "board": Text("Papan Polsek", "Precinct board"),
    "switch": Text("English", "Bahasa Indonesia"),
    "press": Text("Tekan", "Press"),
    "panic": Text("PANIK", "PANIC"),
    "panic_hint": Text("Satu tekan cukup. Tombol mengulang sendiri sampai pos menjawab.",
                       "One press is enough. The button repeats until the post answers."),
    "lamp": Text("Lampu pos", "The post's lamp"),
    "others": Text("Panggilan Anda sudah dijawab{by}. Lampu menunggu panggilan lain di pos ini.",
                   "Your call is answered{by}. The lamp waits for another call from this post."),
    "answered_by": Text("Dijawab oleh", "Answered by"),
    "waiting": Text("Tekanan ke-{seq}: dikirim {sent} kali, pos belum menjawab",
                    "Press {seq}: said {sent} times, the post has not answered yet"),
    "silent": Text("Tekanan ke-{seq}: pos diam. Pakai radio sekarang.",
                   "Press {seq}: the post is silent. Use the radio now."),
    "kept": Text("Tekanan ke-{seq}: {word}", "Press {seq}: {word}"),
    "devices": Text("Perangkat lain di pos ini", "Other devices of this post"),
    "traffic": Text("Lalu lintas MQTT", "MQTT traffic"),
    "traffic_hint": Text("pesan sungguhan, 30 terakhir", "real messages, the last 30"),
    "quiet": Text("Belum ada pesan.", "No message yet."),
    "evening": Text("Malam ini di Tambora", "Tonight in Tambora"),
    "evening_off": Text("Skenario malam dimatikan. Semua kejadian dari Anda.",
                        "The scripted evening is off. Whatever happens is yours."),
    "evening_soon": Text("Malam baru mulai…", "The evening begins…"),
    "lost": Text("Halaman terputus dari demo", "This page has lost the demo"),
    "failed": Text("Tidak terkirim: perangkat tidak tersambung ke broker.",
                   "Not sent: the devices have lost their broker."),
    "hop_post": Text("pos", "post"),
    "hop_precinct": Text("polsek", "precinct"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CardWords:
    """A device card: its name, and what it is called while quiet and while active."""

    name: Text
    quiet: Text
    active: Text
    acts: tuple[tuple[str, Text], ...]


CARDS = {
    "pintu-pos": CardWords(
        Text("Pintu pos", "Post door"),
        Text("tertutup", "closed"),
        Text("terbuka", "open"),
        (("open", Text("Buka", "Open")), ("close", Text("Tutup", "Close"))),
    ),
    "gerak-gang": CardWords(
        Text("Sensor gerak, gang", "Motion, alley"),
        Text("sepi", "quiet"),
        Text("ada gerakan", "motion"),
        (("trigger", Text("Lewat di depannya", "Walk past")),),
    ),
    "asap-pos": CardWords(
        Text("Detektor asap", "Smoke detector"),
        Text("udara bersih", "clear"),
        Text("asap!", "smoke!"),
        (("trigger", Text("Beri asap", "Blow smoke")),),
    ),
    "sirene-pos": CardWords(
        Text("Sirene", "Siren"),
        Text("diam", "silent"),
        Text("meraung", "howling"),
        (("off", Text("Matikan", "Switch off")),),
    ),
}


def say(key: str, language: Language, **values: object) -> str:
    """Return a sentence of the page."""
    return PAGE[key].render(language, values)
