"""Every key of a device profile in a sentence, for editors."""

from collections.abc import Mapping

from dispatcher.domain.faults import Text

Words = Mapping[str, Text]

_FIELD = Text("nama isian di pesan; titik masuk ke dalam objek", "name of a field in the message; dots go into objects")
_TOPIC = Text("topik MQTT", "an MQTT topic")
_USE = Text("nama di bawah readings", "a name below readings")
_ALARM = Text("kata yang berarti: ya", "words that mean: it is so")
_NORMAL = Text("kata yang berarti: tidak", "words that mean: it is not so")
_BIT = Text("bit ke berapa dari angka ini", "which bit of the number")
_GRAMMAR = Text("nama di bawah grammars", "a name below grammars")
_ATTRS = Text("isian tetap untuk kejadiannya", "constant fields for the event")
_VERB = Text(
    "kata untuk ini; {button} di mana nomor tombol berdiri", "words for this; {button} where a button's number stands"
)

PROFILE: Words = {
    "profile": Text("nama yang dipakai di site.yaml", "the name used in site.yaml"),
    "name": Text("yang dibaca orang", "what people read"),
    "notes": Text("catatan", "notes"),
    "trust": Text("seberapa pengirimnya dapat dipastikan", "how sure the sender is"),
    "subscribe": Text("saringan MQTT jalur biasa", "MQTT filters of the rest lane"),
    "press_topics": Text(
        "topik tempat alat yang dapat ditekan terdengar; {device} id-nya",
        "topics on which a device that can press is heard; {device} is its id",
    ),
    "redact": Text("isian yang tidak pernah disimpan (kode)", "fields that are never stored (codes)"),
    "grammars": Text("cara menyebut tekan, tahan, dua kali", "how words say press, hold, double"),
    "readings": Text("kumpulan hal yang dibaca di satu objek JSON", "sets of things to read in one JSON object"),
    "messages": Text("topik, dicoba berurutan, dan isinya", "topics, tried in order, and what they hold"),
    "commands": Text("yang dikirim untuk siren.on dan lainnya", "what to publish for siren.on and others"),
}
READINGS: Words = {
    "levels": Text("ya atau tidak; menyala ketika berubah", "so or not so; fires on the edge"),
    "words": Text("kata yang masing-masing satu kejadian", "words that are happenings"),
    "battery": Text("isi baterai", "how full a battery is"),
    "inputs": Text("masukan yang artinya ada di site.yaml", "inputs whose meaning site.yaml knows"),
    "codes": Text("kode radio, berarti bila didaftarkan", "radio codes, which mean what they were enrolled for"),
    "unless": Text("tanda bahwa ini hanya uji coba", "a sign that this is only a test"),
    "alive": Text("pesan lain adalah tanda hidup", "any other message is a sign of life"),
}
LEVEL: Words = {
    "field": _FIELD,
    "alarm": _ALARM,
    "normal": _NORMAL,
    "kind": Text("jenis kejadian", "kind of event"),
    "attrs": _ATTRS,
    "clear": Text("jenis kejadian ketika kembali", "kind of the way back"),
    "clear_first": Text("kembali adalah kabar walau belum diketahui", "the way back is news even if nothing was known"),
    "bit": _BIT,
    "models": Text("hanya model-model ini", "only these models"),
}
EFFECT: Words = {"kind": LEVEL["kind"], "attrs": _ATTRS}
WORDS: Words = {
    "field": _FIELD,
    "kinds": Text("kata ke jenis kejadian", "word to kind of event"),
    "grammar": _GRAMMAR,
    "button_field": Text("isian di sebelahnya yang menomori tombol", "a field beside it that numbers the button"),
}
BATTERY: Words = {
    "field": _FIELD,
    "unit": Text("satuan", "unit"),
    "low_below": Text("lemah bila kurang dari ini", "low below this"),
}
INPUT: Words = {
    "field": _FIELD,
    "name": Text("namanya di site.yaml", "its name in site.yaml"),
    "alarm": _ALARM,
    "normal": _NORMAL,
    "grammar": _GRAMMAR,
    "by_role": Text("mengikuti peran alat", "follows the device's role"),
    "each": Text("setiap pesan satu kejadian", "each message is an event"),
    "bit": _BIT,
}
CODE: Words = {"field": _FIELD, "prefix": Text("awalan kode pendek", "tells short codes apart")}
UNLESS: Words = {"field": _FIELD, "is": Text("kata yang berarti uji coba", "words that mean a test")}
MESSAGE: Words = {
    "topics": Text("pola topik; {device} nama alat", "topic patterns; {device} is the device's name"),
    "payload": Text("bentuk isinya", "what the payload looks like"),
    "wrap": Text("kunci tempat isi ditaruh", "the key under which the payload is put"),
    "device": Text("nama alat yang tetap", "a fixed device name"),
    "retained": Text("arti pesan yang disimpan broker", "what a retained message means"),
    "use": _USE,
    "parts": Text("bagian-bagian pesan dan milik siapa", "parts of the message, and whose they are"),
    "ignore": Text("true: pesan ini dilewati", "true: this message is passed over"),
}
PART: Words = {
    "at": Text("letaknya di dalam pesan", "where in the message"),
    "device_field": Text("isian yang menyebut alatnya", "a field that names the device"),
    "use": _USE,
}
GRAMMAR: Words = {
    **dict.fromkeys(("press", "hold", "double", "triple", "quadruple", "quintuple"), _VERB),
    "buttons": Text("nama tombol", "names of buttons"),
}
COMMAND: Words = {
    "for": Text("perintah ini, misalnya siren.on", "this command, such as siren.on"),
    "models": Text("untuk model-model ini", "for these models"),
    "unknown_model": Text("juga bila site.yaml tidak menyebut model", "also where site.yaml names no model"),
    "needs": Text("yang harus ada", "what must be there"),
    "where": Text("pengaturan yang harus bernilai ini", "settings that must be one of these"),
    "defaults": Text("nilai bila tidak disebut", "values where none is given"),
    "limits": Text("batas atas", "upper limits"),
    "maps": Text("kata ke nilai", "words to values"),
    "send": Text("yang dikirim", "what is published"),
}
SEND: Words = {
    "topic": _TOPIC,
    "text": Text("isi sebagai teks", "payload as text"),
    "json": Text("isi sebagai JSON", "payload as JSON"),
}
