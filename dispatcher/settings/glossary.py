"""Every key of post.yaml, precinct.yaml and site.yaml in a sentence, for editors. Keys are ``Model.field``."""

from collections.abc import Mapping

from dispatcher.domain.faults import Text

_RULES = Text("berkas atau folder aturan", "files or folders of rules")
_DEVICES = Text("berkas atau folder profil alat", "files or folders of device profiles")
_MATCHER = Text("siapa yang menilai aturan", "who evaluates the rules")
_CHANNELS = Text("kata tambahan untuk escalate", "further words for escalate")
_HTTP = Text("tempat program menjawab HTTP", "where the program answers HTTP")
_SITE = Text("alamat site.yaml, dihitung dari berkas ini", "path of site.yaml, relative to this file")
_DATA = Text("tempat semua data, dihitung dari berkas ini", "where everything is kept, relative to this file")

WORDS: Mapping[str, Text] = {
    "Tls.ca": Text(
        "sertifikat CA yang menandatangani sertifikat broker", "certificate of the CA that signed the broker's"
    ),
    "Tls.cert": Text("sertifikat sendiri, bila broker memintanya", "own certificate, where the broker asks for one"),
    "Tls.key": Text("kunci sertifikat sendiri", "the key of the own certificate"),
    "Broker.host": Text("nama atau alamat broker", "name or address of the broker"),
    "Broker.port": Text(
        "port broker; bawaan 1883, TLS biasanya 8883", "port of the broker; default 1883, TLS usually 8883"
    ),
    "Broker.username": Text("nama pengguna di broker", "user name at the broker"),
    "Broker.password_file": Text(
        "berkas yang isinya kata sandi saja", "a file that holds the password and nothing else"
    ),
    "Broker.tls": Text("TLS ke broker; tanpa ini tanpa TLS", "TLS towards the broker; without it none"),
    "Broker.protocol": Text('versi MQTT, "5" (bawaan) atau "3.1.1"', 'MQTT version, "5" (default) or "3.1.1"'),
    "PrecinctAddress.id": Text("id Polsek", "the precinct's id"),
    "PrecinctAddress.broker": Text("broker Polsek", "the precinct's broker"),
    "Http.listen": Text("alamat:port", "address:port"),
    "JournalSettings.segment_bytes": Text(
        "ukuran satu berkas jurnal; bawaan 8MiB", "size of one journal file; default 8MiB"
    ),
    "JournalSettings.retain": Text("berapa lama riwayat disimpan; bawaan 30d", "how long history is kept; default 30d"),
    "JournalSettings.max_bytes": Text("paling banyak sebesar ini; bawaan 2GiB", "how much of it at most; default 2GiB"),
    "Retry.min": Text(
        "jeda pertama sebelum dikirim lagi; bawaan 500ms", "first wait before sending again; default 500ms"
    ),
    "Retry.max": Text("jeda paling lama; bawaan 30s", "longest wait; default 30s"),
    "Clock.trust": Text(
        "kernel: jam dipercaya setelah layanan waktu menyetelnya; always: selalu",
        "kernel: the clock is believed once a time service has set it; always: always",
    ),
    "Limits.disk_low": Text(
        "bila ruang kosong kurang dari ini sensor dibuang, tekanan tidak; bawaan 64MiB",
        "with less free space sensors are shed, presses are not; default 64MiB",
    ),
    "PostSettings.post": Text("id pos ini, seperti di site.yaml", "this post's id, as in site.yaml"),
    "PostSettings.data_dir": _DATA,
    "PostSettings.site": _SITE,
    "PostSettings.rules": _RULES,
    "PostSettings.devices": _DEVICES,
    "PostSettings.broker": Text("broker di pos", "the broker at the post"),
    "PostSettings.precinct": Text("Polsek dan brokernya", "the precinct and its broker"),
    "PostSettings.http": _HTTP,
    "PostSettings.journal": Text("ukuran dan umur jurnal", "size and age of the journal"),
    "PostSettings.retry": Text("jeda antara kiriman ulang", "waits between repeats"),
    "PostSettings.clock": Text("kapan jam dipercaya", "when the clock is believed"),
    "PostSettings.limits": Text("batas-batas", "limits"),
    "PostSettings.matcher": _MATCHER,
    "PostSettings.channels": _CHANNELS,
    "PrecinctSettings.precinct": Text("id Polsek; sama di setiap post.yaml", "its id; the same in every post.yaml"),
    "PrecinctSettings.data_dir": _DATA,
    "PrecinctSettings.broker": Text("broker Polsek", "the precinct's broker"),
    "PrecinctSettings.http": _HTTP,
    "PrecinctSettings.site": _SITE,
    "PrecinctSettings.rules": _RULES,
    "PrecinctSettings.devices": _DEVICES,
    "PrecinctSettings.matcher": _MATCHER,
    "PrecinctSettings.channels": _CHANNELS,
    "PrecinctSettings.ladder": Text("untuk nanti; tidak dipakai", "kept for later; not used"),
    "PrecinctLine.id": Text("Polsek", "the precinct"),
    "KelurahanLine.id": Text("nama pendek yang dipakai di bawah", "short name used below"),
    "KelurahanLine.code": Text("kode kementerian, dalam tanda kutip", "the ministry's code, in quotes"),
    "KelurahanLine.name": Text("yang tampil di papan", "what the board shows"),
    "KelurahanLine.neighbours": Text("id tetangga; harus saling menyebut", "ids of neighbours; must be mutual"),
    "PostLine.id": Text("id pos", "the post's id"),
    "PostLine.name": Text("yang tampil di papan", "what the board shows"),
    "PostLine.kelurahan": Text("id kelurahan dari atas", "a kelurahan's id from above"),
    "PostLine.lat": Text("lintang, derajat", "latitude, degrees"),
    "PostLine.lon": Text("bujur, derajat", "longitude, degrees"),
    "PostLine.zones": Text("nama tempat di pos ini", "names of places at this post"),
    "DeviceLine.id": Text("nama alat di topik; tanpa + dan #", "the device's name in the topic; no + and no #"),
    "DeviceLine.profile": Text(
        "cara bicaranya: kentongan (bawaan), zigbee2mqtt, tasmota, ...",
        "how it speaks: kentongan (default), zigbee2mqtt, tasmota, ...",
    ),
    "DeviceLine.role": Text("untuk apa alat ini", "what the device is there for"),
    "DeviceLine.post": Text("milik pos mana", "which post it belongs to"),
    "DeviceLine.zone": Text("letaknya", "where it is"),
    "DeviceLine.model": Text(
        "seperti sebutan pembuatnya; sirene memerlukannya", "as its maker calls it; sirens need it"
    ),
    "DeviceLine.clock": Text("trusted: jam alat ini dipercaya", "trusted: its own clock is believed"),
    "DeviceLine.enrolled": Text("arti kode-kode radio penerima ini", "what the codes of this receiver mean"),
    "SiteFile.timezone": Text("zona waktu, misalnya Asia/Jakarta", "time zone, for example Asia/Jakarta"),
    "SiteFile.precinct": Text("Polsek", "the precinct"),
    "SiteFile.kelurahan": Text("kelurahan dan tetangganya", "the kelurahan and who is beside whom"),
    "SiteFile.posts": Text("pos pantau", "the posts"),
    "SiteFile.devices": Text("alat", "the devices"),
    "SiteFile.max_lateness": Text(
        "jenis kejadian: berapa lama ia boleh terlambat", "kind of event: how late it may be"
    ),
    "SiteFile.shifts": Text("siapa jaga kapan; catatan Anda", "who stands when; your notes"),
}

# What a device's line may tell its profile; profiles may ask for more.
DEVICE_SETTINGS: Mapping[str, Text] = {
    "inputs": Text("arti setiap masukan: {Switch1: door}", "what each input means: {Switch1: door}"),
    "battery": Text("batas baterai lemah: {low_below: 20}", "when its battery is low: {low_below: 20}"),
    "trigger": Text("kata yang berarti ditekan", "the word that means a press"),
    "sleepy": Text("true: sering tidur, diam bukan putus", "true: it sleeps, silence is no loss"),
    "profile_override": Text("arti lain untuk isian profil", "another meaning for fields of the profile"),
    "pins": Text("arti setiap pin: {1: smoke}", "what each pin means: {1: smoke}"),
    "gateway": Text("lewat penerima yang mana", "by which receiver"),
}
