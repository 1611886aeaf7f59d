"""The connections: the broker at the post, the precinct's, and what waits to be delivered."""

from collections.abc import Iterator

from dispatcher.cli.doctor.model import Cases, Finding, Look, Weight, case, listed
from dispatcher.cli.quantities import span
from dispatcher.cli.say import language
from dispatcher.domain.faults import Text
from dispatcher.mqtt import Phase
from dispatcher.post.standing import Broker, Standing

SETTLE_S = 10  # a connection that was made anew so lately is no finding
RECEIPT_S = 60  # the precinct answers within a second; a broker that takes alerts and never brings an answer is odd
REFUSED_S = 86_400
BREAKS, AN_HOUR_S = 6, 3_600  # so often an hour
PRECINCT = "precinct"
UNDELIVERED = (
    "tekanan disimpan, tetapi Polsek belum tahu; lampu menunjukkan undelivered: pakai radio",
    "presses are saved, but the precinct does not know; the lamp shows undelivered: use the radio",
)
WAITS = Text("; {count} laporan menunggu, tertua {span}", "; {count} alerts wait, the oldest for {span}")
DEAF = (
    "pos tidak mendengar tombol dan sensor; lampu padam: pakai radio",
    "the post hears no button and no sensor; the lamp is dark: use the radio",
)

CASES: Cases = {
    "broker.away": case(
        Weight.URGENT,
        ("broker di pos tidak terjangkau: {detail}", "the broker at the post cannot be reached: {detail}"),
        DEAF,
        ("systemctl status mosquitto; sudo systemctl restart mosquitto",) * 2,
        ("sudo tail -20 /var/log/mosquitto/mosquitto.log",) * 2,
    ),
    "broker.refused": case(
        Weight.URGENT,
        ("broker di pos menolak program pos: {detail}", "the broker at the post refuses the post's program: {detail}"),
        DEAF,
        (
            "Not authorized: kata sandi {user} di broker.password_file salah; buat lagi dengan mosquitto_passwd",
            "Not authorized: the password of {user} in broker.password_file is wrong; make a new one: mosquitto_passwd",
        ),
        ("sudo systemctl reload mosquitto",) * 2,
    ),
    "broker.topic-refused": case(
        Weight.URGENT,
        (
            "broker di pos melarang pos menulis ke {topics} (post.acl)",
            "the broker at the post does not let the post write to {topics} (post.acl)",
        ),
        (
            "tombol dan lampu tidak mendapat kabar, walau tekanan sampai ke Polsek",
            "buttons and lamps are told nothing, though presses reach the precinct",
        ),
        (
            "pasang lagi config/mosquitto/post.acl, atau beri 'topic write' untuk {user}",
            "install config/mosquitto/post.acl anew, or give {user} 'topic write'",
        ),
        ("sudo systemctl reload mosquitto",) * 2,
    ),
    "broker.breaks": case(
        Weight.WRONG,
        (
            "sambungan ke broker di pos putus {count} kali",
            "the connection to the broker at the post broke {count} times",
        ),
        (
            "tekanan terlambat setiap kali; tombol mengulangnya",
            "a press is late each time; buttons repeat it",
        ),
        (
            "dua program dengan satu nama? Jangan pakai kentongan-post untuk alat. Lihat log mosquitto",
            "two programs of one name? Use kentongan-post for no device. See mosquitto's log",
        ),
    ),
    "precinct.away": case(
        Weight.URGENT,
        ("Polsek tidak terjangkau: {detail}{waits}", "the precinct cannot be reached: {detail}{waits}"),
        UNDELIVERED,
        ("4G atau Wi-Fi hidup? ping -c3 {host}", "is 4G or Wi-Fi up? ping -c3 {host}"),
        (
            "ping baik: telepon Polsek, server mereka mati atau port {port} tertutup",
            "ping is good: phone the precinct, their server is down or port {port} is closed",
        ),
    ),
    "precinct.refused": case(
        Weight.URGENT,
        ("broker Polsek menolak pos ini: {detail}{waits}", "the precinct's broker refuses this post: {detail}{waits}"),
        UNDELIVERED,
        (
            "Not authorized: minta Polsek membuat kata sandi {user} lagi; tulis ke precinct.broker.password_file",
            "Not authorized: ask the precinct for a new password of {user}; put it into precinct.broker.password_file",
        ),
        (
            "certificate: periksa tls.ca dan nama host {host}; jam salah juga menyebabkannya",
            "certificate: check tls.ca and the host name {host}; a wrong clock causes it, too",
        ),
        ("sudo systemctl restart kentongan-post",) * 2,
    ),
    "precinct.topic-refused": case(
        Weight.URGENT,
        (
            "broker Polsek melarang pos menulis ke {topics} (precinct.acl)",
            "the precinct's broker does not let the post write to {topics} (precinct.acl)",
        ),
        UNDELIVERED,
        (
            "minta Polsek: id Polsek di precinct.acl harus {precinct}, dan nama pengguna pos harus {post}",
            "ask the precinct: the id in precinct.acl must be {precinct}, and the post's user name {post}",
        ),
        (
            "di sini: precinct.id dan precinct.broker.username di post.yaml",
            "here: precinct.id and precinct.broker.username in post.yaml",
        ),
    ),
    "precinct.no-receipts": case(
        Weight.URGENT,
        (
            "broker Polsek menerima, tetapi tanda terima tidak datang; {count} menunggu",
            "the precinct's broker takes alerts, but no receipt comes; {count} wait",
        ),
        UNDELIVERED,
        (
            "telepon Polsek: program kentongan precinct berjalan?",
            "phone the precinct: does the program kentongan precinct run?",
        ),
        (
            "precinct.acl: pos harus boleh membaca kentongan/v1/{precinct}/{post}/receipt",
            "precinct.acl: the post must be allowed to read kentongan/v1/{precinct}/{post}/receipt",
        ),
    ),
    "precinct.breaks": case(
        Weight.WRONG,
        ("sambungan ke Polsek putus {count} kali", "the connection to the precinct broke {count} times"),
        (
            "laporan terlambat setiap kali; tidak ada yang hilang",
            "alerts are late each time; none is lost",
        ),
        ("sinyal 4G lemah? Pindahkan modem atau antena", "a weak 4G signal? Move the modem or its antenna"),
        (
            "dua perangkat dengan satu id pos? Papan Polsek menyebutnya",
            "two machines under one post id? The board at the precinct says so",
        ),
    ),
    "precinct.undelivered": case(
        Weight.URGENT,
        (
            "pos tidak berjalan, dan {count} laporan belum diterima Polsek",
            "the post does not run, and {count} alerts are not at the precinct yet",
        ),
        (
            "laporan itu tersimpan dan dikirim begitu pos berjalan; sampaikan lewat radio sekarang",
            "they are kept and sent as soon as the post runs; tell the precinct by radio now",
        ),
        ("jalankan pos (lihat temuan post di daftar ini)", "start the post (see the finding on the post in this list)"),
    ),
}


def find(look: Look) -> Iterator[Finding]:
    """Yield what is wrong between the post and its brokers."""
    standing = look.standing
    if standing is None:
        return
    if not standing.running:
        if standing.outbox.depth:
            yield Finding("precinct.undelivered", {"count": standing.outbox.depth}, standing.outbox.oldest_s)
        return
    local = [one for one in standing.brokers if one.name != PRECINCT]
    yield from _worst(look, local)
    for one in standing.brokers:
        if one.name == PRECINCT:
            yield from _away(look, one)
    yield from _topics(look, local, "broker.topic-refused")
    yield from _topics(look, [one for one in standing.brokers if one.name == PRECINCT], "precinct.topic-refused")
    yield from _breaks(standing)
    yield from _no_receipts(look, standing)


def _worst(look: Look, links: list[Broker]) -> Iterator[Finding]:
    """Yield one finding for both lanes: they go to one broker."""
    away = [finding for link in links for finding in _away(look, link)]
    yield from sorted(away, key=lambda one: one.code != "broker.refused")[:1]


def _away(look: Look, link: Broker) -> Iterator[Finding]:
    if link.phase == Phase.SUBSCRIBED or link.since_s < SETTLE_S:
        return
    is_precinct = link.name == PRECINCT
    broker = look.settings.precinct.broker if is_precinct else look.settings.broker
    end = "refused" if link.phase == Phase.REFUSED else "away"
    values = {
        "detail": link.detail or link.phase,
        "host": broker.host,
        "port": broker.port,
        "user": broker.username or "?",
        "waits": _waits(look.standing) if is_precinct else "",
    }
    yield Finding(f"{'precinct' if is_precinct else 'broker'}.{end}", values, link.since_s)


def _waits(standing: Standing | None) -> str:
    if standing is None or not standing.outbox.depth:
        return ""
    values = {"count": standing.outbox.depth, "span": span(standing.outbox.oldest_s)}
    return WAITS.render(language(), values)


def _topics(look: Look, links: list[Broker], code: str) -> Iterator[Finding]:
    refused = [one for one in links if one.refused_s is not None and one.refused_s <= REFUSED_S]
    if refused:
        topics = tuple(dict.fromkeys(topic for one in refused for topic in one.refused_topics))
        broker = look.settings.precinct.broker if code.startswith(PRECINCT) else look.settings.broker
        values = {
            "topics": listed(topics),
            "user": broker.username or "?",
            "precinct": look.settings.precinct.id,
            "post": look.settings.post,
        }
        yield Finding(code, values, about=topics, last_s=min(one.refused_s or 0 for one in refused))


def _breaks(standing: Standing) -> Iterator[Finding]:
    hours = max(1.0, standing.up_s / AN_HOUR_S)
    for code, names in (("broker.breaks", ("panic", "rest")), ("precinct.breaks", (PRECINCT,))):
        count = max((one.reconnects for one in standing.brokers if one.name in names), default=0)
        if count >= BREAKS * hours:
            yield Finding(code, {"count": count}, standing.up_s)


def _no_receipts(look: Look, standing: Standing) -> Iterator[Finding]:
    link = next((one for one in standing.brokers if one.name == PRECINCT), None)
    if link is None or link.phase != Phase.SUBSCRIBED or link.since_s < RECEIPT_S or link.refused_s is not None:
        return
    if standing.outbox.depth and standing.outbox.oldest_s >= RECEIPT_S:
        values = {
            "count": standing.outbox.depth,
            "precinct": look.settings.precinct.id,
            "post": look.settings.post,
        }
        yield Finding("precinct.no-receipts", values, standing.outbox.oldest_s)
