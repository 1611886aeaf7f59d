"""What the view says, in both languages."""

from dispatcher.cli.say import language
from dispatcher.domain.faults import Text
from dispatcher.mqtt import Phase

PHASES = {
    Phase.CONNECTING: Text("menyambung", "connecting"),
    Phase.CONNECTED: Text("tersambung, belum mendengar", "connected, not listening yet"),
    Phase.SUBSCRIBED: Text("tersambung", "connected"),
    Phase.REFUSED: Text("DITOLAK", "REFUSED"),
    Phase.UNREACHABLE: Text("TAK TERJANGKAU", "UNREACHABLE"),
    Phase.STOPPED: Text("berhenti", "stopped"),
}
MATCHERS = {
    "engine": Text("durable_rules", "durable_rules"),
    "twin": Text("pengganti Python", "the Python twin"),
    "restarting": Text("pengganti Python, mesin mulai ulang", "the Python twin, engine restarting"),
}
DISKS = {
    "good": Text("baik", "good"),
    "slow": Text("LAMBAT", "SLOW"),
    "low": Text("HAMPIR PENUH", "NEARLY FULL"),
    "failed": Text("TIDAK MENYIMPAN", "SAVES NOTHING"),
}
SAID = {
    "fired": Text("menyala", "fired"),
    "shadow": Text("menyala (bayangan)", "fired (shadow)"),
    "repeated": Text("ulangan", "again"),
    "cleared": Text("selesai", "cleared"),
}

LAMP = Text("lampu", "lamp")
BROKER = Text("broker pos", "broker")
PRECINCT = Text("Polsek", "precinct")
OUTBOX = Text("terkirim", "outbox")
LANES = Text("antrean", "waiting")
MATCHER = Text("penilai", "matcher")
DISK = Text("kartu", "disk")
CLOCK = Text("jam", "clock")
RULES = Text("aturan", "rules")
DEVICES = Text("alat", "devices")
OPEN = Text("kejadian", "incidents")
LATELY = Text("baru saja", "just now")

UP = Text("hidup {span}", "up {span}")
SINCE = Text("{what} {span}", "{what} {span}")
ALL_SENT = Text("semua sudah diterima Polsek", "the precinct has everything")
WAITING = Text("{count} BELUM diterima Polsek, tertua {span}", "{count} NOT at the precinct yet, oldest {span}")
FREE = Text(
    "{state}, bebas {free}, simpan {mean} ms, 99% <{p99} ms",
    "{state}, {free} free, a save {mean} ms, 99% <{p99} ms",
)
FREE_YET = Text("{state}, bebas {free}", "{state}, {free} free")
TRUSTED = Text("dipercaya sejak {span}", "trusted for {span}")
DOUBTED = Text("BELUM dipercaya, {span}", "NOT trusted, {span}")
SAME = Text("{count} berjalan, versi {version}", "{count} run, version {version}")
DIFFERENT = Text(
    "{count} berjalan; BERKASNYA LAIN: kentongan doctor", "{count} run; THE FILES DIFFER: kentongan doctor"
)
FAULTY = Text(
    "{count} berjalan; BERKASNYA SALAH: kentongan check", "{count} run; THE FILES ARE FAULTY: kentongan check"
)
SAFE = Text("TIDAK ADA: mode aman, kentongan doctor", "NONE: safe mode, kentongan doctor")
HEARD = Text("{heard} dari {count} pernah terdengar", "{heard} of {count} were heard so far")
SILENT = Text(
    "{heard} dari {count} pernah terdengar; belum: {silent}", "{heard} of {count} were heard so far; not yet: {silent}"
)
NONE_OPEN = Text("tidak ada yang terbuka", "none is open")
COUNT_OPEN = Text("{count} terbuka", "{count} open")

HEAD = (
    Text("aturan", "rule"),
    Text("isi", "filled"),
    Text("habis", "over in"),
    Text("hari ini", "today"),
    Text("terakhir", "last"),
)
TIMERS = Text("{count} menanti", "{count} wait")
OFF = Text("mati", "off")
SHADOW = Text("bayangan", "shadow")
NEVER = Text("belum", "never")
MORE = Text("... dan {count} aturan lain", "... and {count} more rules")
LAMP_NEWS = Text("lampu: {what}", "lamp: {what}")
LINK_NEWS = Text("{what}: {phase}", "{what}: {phase}")
RULE_NEWS = Text("{rule} {said}", "{rule} {said}")
QUIT = Text("Ctrl-C: selesai", "Ctrl-C ends this")


def word(text: Text, **values: object) -> str:
    """Return a sentence in the reader's language."""
    return text.render(language(), values)


def named(table: dict[str, Text], key: str) -> str:
    """Return the word of a table, or the key itself where a newer post has one that we do not know."""
    return word(table[key]) if key in table else key


def phase(key: str) -> str:
    """Return where a connection stands."""
    return word(PHASES[Phase(key)]) if key in set(Phase) else key
