"""The event catalogue: every kind of event there is, what it says, and in which unit. The one list of kinds.

Rule checks, device profiles, the documentation and our own device convention all read it; nothing else names kinds.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from dispatcher.domain.faults import Text


class Sort(StrEnum):
    """What an attribute's value is."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute that events carry. ``unit`` is empty where the value has none.

    ``words`` are those that are usual; other words are no fault.
    """

    name: str
    sort: Sort
    title: Text
    unit: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event. ``from_device`` says whether a device may report it itself."""

    name: str
    title: Text
    attributes: tuple[str, ...] = field(default=())
    from_device: bool = True


def _attribute(name: str, sort: Sort, id_: str, en: str, unit: str = "", words: tuple[str, ...] = ()) -> Attribute:
    return Attribute(name, sort, Text(id_, en), unit, words)


CHANNELS = ("whatsapp", "phone", "radio", "cyber", "walk_in")  # how people's word reaches the precinct
CERTAINTIES = ("observed", "likely", "possible")

ATTRIBUTES = {
    attribute.name: attribute
    for attribute in (
        _attribute("battery", Sort.NUMBER, "isi baterai seperti dilaporkan alat", "battery as the device reports it"),
        _attribute("button", Sort.TEXT, "tombol yang mana", "which button"),
        _attribute("input", Sort.TEXT, "masukan yang mana", "which input"),
        _attribute("clicks", Sort.INTEGER, "berapa kali ditekan", "how many clicks"),
        _attribute("agent", Sort.TEXT, "zat yang terdeteksi (co)", "what was detected (co)"),
        _attribute("level", Sort.TEXT, "kata tingkat bahaya gas", "the word of a gas alarm"),
        _attribute("text", Sort.TEXT, "isi pesan", "a message"),
        _attribute("lat", Sort.NUMBER, "lintang", "latitude", "degrees"),
        _attribute("lon", Sort.NUMBER, "bujur", "longitude", "degrees"),
        _attribute("zone", Sort.TEXT, "zona", "zone"),
        _attribute("service", Sort.TEXT, "layanan yang dipanggil (police, fire)", "the service called (police, fire)"),
        _attribute("source", Sort.TEXT, "sumber yang memicu panel", "what tripped a panel"),
        _attribute("id", Sort.TEXT, "nomor objek pada kamera", "the camera's object id"),
        _attribute("severity", Sort.TEXT, "tingkat kegawatan", "severity"),
        _attribute("value", Sort.NUMBER, "nilai ukur", "measured value"),
        _attribute("unit", Sort.TEXT, "satuan", "unit"),
        _attribute("by", Sort.TEXT, "nomor lencana atau peran", "badge or role id"),
        _attribute("present", Sort.INTEGER, "jumlah yang hadir", "how many are present", "people"),
        _attribute("expected", Sort.INTEGER, "jumlah yang seharusnya hadir", "how many should be", "people"),
        _attribute("kind", Sort.TEXT, "jenis pantauan", "what the watch is for"),
        _attribute("kelurahan", Sort.TEXT, "kelurahan", "kelurahan"),
        _attribute("until", Sort.TEXT, "berlaku sampai", "valid until", "ISO 8601"),
        _attribute("via", Sort.TEXT, "penerima yang meneruskan", "the receiver that passed it on"),
        # Whoever reports is a keyed hash, made where the word came in: enough to tell two people apart, and no more.
        _attribute("reporter", Sort.TEXT, "hash berkunci pelapor, tanpa nama atau nomor", "keyed hash, not a name"),
        _attribute("channel", Sort.TEXT, "lewat apa kabar itu datang", "how the word came", words=CHANNELS),
        _attribute("certainty", Sort.TEXT, "seberapa pasti penerimanya", "how sure its taker is", words=CERTAINTIES),
        _attribute("confirmed", Sort.BOOLEAN, "sudah dipastikan petugas", "an officer has made sure of it"),
    )
}

_PRESS = ("button", "input", "clicks", "service", "lat", "lon", "text")
_PLACE = ("input", "zone")
_WORD = ("reporter", "channel", "certainty", "confirmed", "severity", "kelurahan", "zone", "lat", "lon")


def _kind(name: str, id_: str, en: str, *attributes: str, from_device: bool = True) -> Kind:
    return Kind(name, Text(id_, en), attributes, from_device)


def _reading(quantity: str, id_: str, unit: str) -> Kind:
    return _kind(f"reading.{quantity}", f"{id_} ({unit})", f"{quantity.replace('_', ' ')} ({unit})", "value", "unit")


def _report(word: str, id_: str, en: str) -> Kind:
    """Return the kind of people's word about one sort of trouble: place, time and trouble, never persons."""
    return _kind(f"report.{word}", f"laporan {id_}", f"report of {en}", *_WORD)


KINDS = {
    kind.name: kind
    for kind in (
        _kind("panic.press", "tombol panik ditekan", "panic button pressed", *_PRESS),
        _kind("panic.hold", "tombol panik ditahan", "panic button held", *_PRESS),
        _kind("panic.double", "tombol panik ditekan dua kali", "panic button pressed twice", *_PRESS),
        _kind("panel.alarm", "panel alarm berbunyi", "alarm panel triggered", "source", "zone", "service"),
        _kind("tamper", "alat dibuka atau dirusak", "device opened or tampered with", *_PLACE),
        _kind("battery.low", "baterai lemah", "battery low", "battery"),
        _kind("motion", "ada gerakan", "motion", *_PLACE),
        _kind("door.open", "pintu terbuka", "door opened", *_PLACE),
        _kind("door.closed", "pintu tertutup", "door closed", *_PLACE),
        _kind("smoke", "ada asap", "smoke", *_PLACE),
        _kind("gas", "ada gas", "gas", "agent", "level", *_PLACE),
        _kind("heat", "panas berlebih", "heat", *_PLACE),
        _kind("flood", "air menggenang", "water", *_PLACE),
        _kind("glass.break", "kaca pecah", "glass broken", *_PLACE),
        _kind("vibration", "getaran", "vibration", *_PLACE),
        _kind("camera.person", "kamera melihat orang", "camera saw a person", "id", "zone"),
        _kind("camera.vehicle", "kamera melihat kendaraan", "camera saw a vehicle", "id", "zone"),
        _kind("device.online", "alat tersambung", "device online"),
        _kind("device.offline", "alat terputus", "device offline"),
        _kind("device.unknown", "alat tidak dikenal", "unknown device", from_device=False),
        _kind("heartbeat", "tanda hidup", "heartbeat"),
        _kind("mains.lost", "listrik padam", "mains power lost"),
        _kind("mains.restored", "listrik menyala lagi", "mains power restored"),
        _kind("check_in", "patroli melapor", "patrol checked in", "by", "zone", "lat", "lon"),
        _kind("roll_call", "apel", "roll call", "by", "present", "expected"),
        _kind("watch.opened", "pantauan dibuka", "watch opened", "kind", "kelurahan", "until", from_device=False),
        _kind("watch.closed", "pantauan ditutup", "watch closed", "kind", "kelurahan", from_device=False),
        _report("tawuran", "tawuran", "a street brawl"),
        _report("kerumunan", "anak muda berkumpul", "youths gathering"),
        _report("sajam", "senjata tajam", "sharp weapons"),
        _report("perkelahian", "perkelahian", "people fighting"),
        _report("ranmor", "motor atau mobil dicuri", "a stolen vehicle"),
        _report("pencurian", "pencurian", "theft"),
        _report("kebakaran", "kebakaran", "fire"),
        _report("medis", "orang sakit atau terluka", "somebody ill or hurt"),
        _report("tiang_listrik", "tiang listrik miring", "a leaning power pole"),
        _report("kabel", "kabel putus atau menjuntai", "a cable down"),
        _report("pohon_tumbang", "pohon tumbang", "a fallen tree"),
        _report("banjir", "banjir", "flooding"),
        _report("jalan_rusak", "jalan berlubang atau ambles", "a hole in the road"),
        _reading("temperature", "suhu", "°C"),
        _reading("humidity", "kelembapan", "%"),
        _reading("pressure", "tekanan udara", "hPa"),
        _reading("illuminance", "terang", "lx"),
        _reading("co", "karbon monoksida", "ppm"),
        _reading("co2", "karbon dioksida", "ppm"),
        _reading("gas", "gas mudah terbakar", "%LEL"),
        _reading("smoke_density", "kepekatan asap", "dB/m"),
        _reading("pm25", "debu halus PM2.5", "µg/m³"),
        _reading("pm10", "debu PM10", "µg/m³"),
        _reading("air_quality", "indeks mutu udara", "index"),
        _reading("noise", "kebisingan", "dB"),
        _reading("water_level", "tinggi air", "cm"),
        _reading("rain", "curah hujan", "mm"),
        _reading("wind_speed", "kecepatan angin", "m/s"),
        _reading("tilt", "kemiringan", "°"),
        _reading("distance", "jarak", "m"),
        _reading("battery", "isi baterai", "%"),
        _reading("voltage", "tegangan", "V"),
        _reading("current", "arus", "A"),
        _reading("power", "daya", "W"),
        _reading("energy", "energi", "kWh"),
        _reading("signal", "kuat sinyal", "dBm"),
    )
}

# Words that people and rules coin: what citizens report, what rules raise, what the precinct watches for.
OPEN_PREFIXES = ("report.", "alert.", "watch.")
_DEVICE_PREFIX = "report."
_MAX_WORD = 64


def is_kind(name: str) -> bool:
    """Return whether an event may have this kind."""
    return name in KINDS or any(_is_open(name, prefix) for prefix in OPEN_PREFIXES)


def is_device_kind(name: str) -> bool:
    """Return whether a device may report this kind: alerts, watches and our own verdicts are not for it to say."""
    kind = KINDS.get(name)
    return kind.from_device if kind is not None else _is_open(name, _DEVICE_PREFIX)


def _is_open(name: str, prefix: str) -> bool:
    if not name.startswith(prefix) or len(name) > _MAX_WORD:
        return False
    word = name[len(prefix) :].replace("_", "").replace("-", "")
    return word.isascii() and word.isalnum()
