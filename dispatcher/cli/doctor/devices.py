"""Devices: calls at QoS 0, those nobody hears, and those that nobody knows."""

from collections.abc import Iterator

from dispatcher.cli.doctor.model import Cases, Finding, Look, Weight, case, listed
from dispatcher.post.standing import DeviceLine, Standing

SOON_S, DAY_S = 600, 86_400
TALKATIVE = frozenset({"motion", "door", "camera", "vibration", "gateway", "check_in"})
QUIET_S = {True: 2 * DAY_S, False: 30 * DAY_S}  # by whether its role speaks by itself, day by day

CASES: Cases = {
    "device.qos0": case(
        Weight.URGENT,
        (
            "tekanan dari {devices} datang dengan QoS 0 ({count} kali)",
            "presses of {devices} come at QoS 0 ({count} times)",
        ),
        (
            "tekanan itu hilang bila broker atau pos sedang mulai ulang, dan tidak ada yang tahu",
            "such a press is lost while the broker or the post restarts, and nobody knows",
        ),
        (
            "Zigbee2MQTT: 'qos: 1' pada alat itu di configuration.yaml; firmware sendiri: publish dengan QoS 1; "
            "Tasmota tidak punya pilihannya",
            "Zigbee2MQTT: 'qos: 1' for that device in configuration.yaml; firmware of your own: publish at QoS 1; "
            "Tasmota has no such option",
        ),
        (
            "mosquitto: queue_qos0_messages true (ada di config/mosquitto/post.conf)",
            "mosquitto: queue_qos0_messages true (stands in config/mosquitto/post.conf)",
        ),
        (
            "tekan tombolnya sekali: temuan ini hilang bila sudah benar",
            "press it once: this finding goes when it is right",
        ),
    ),
    "device.all-silent": case(
        Weight.URGENT,
        ("tidak satu alat pun terdengar sejak pos mulai", "not one device was heard since the post started"),
        ("pos tidak mendengar tombol: pakai radio", "the post hears no button: use the radio"),
        (
            "tekan sebuah tombol dan lihat: mosquitto_sub -v -t '#' -u kentongan-post -P ...",
            "press a button and look: mosquitto_sub -v -t '#' -u kentongan-post -P ...",
        ),
        (
            "tidak ada apa-apa: alat tidak tersambung ke broker ini (gateway, Wi-Fi, kata sandi)",
            "nothing comes: devices are not connected to this broker (gateway, Wi-Fi, password)",
        ),
        (
            "ada, tetapi pos diam: post.acl harus memberi {user} 'topic read #'",
            "something comes and the post is silent: post.acl must give {user} 'topic read #'",
        ),
    ),
    "device.never-heard": case(
        Weight.WRONG,
        ("belum pernah terdengar: {devices}", "never heard: {devices}"),
        ("pos tidak tahu apakah alat itu bekerja", "the post does not know whether they work"),
        (
            "tekan tombolnya, lewati sensornya, lalu: kentongan status",
            "press the button, walk past the sensor, then: kentongan status",
        ),
        (
            "tetap diam: baterai; id dan profile di site.yaml sama dengan di topiknya? mosquitto_sub -v -t '#'",
            "still silent: battery; are id and profile in site.yaml those of its topic? mosquitto_sub -v -t '#'",
        ),
    ),
    "device.silent": case(
        Weight.WRONG,
        ("lama tidak terdengar: {devices}", "not heard for long: {devices}"),
        ("mungkin mati: baterai, jarak, atau dicuri", "it may be dead: battery, range, or stolen"),
        (
            "coba alatnya di tempatnya; ganti baterai; lalu: kentongan status",
            "try it where it stands; change the battery; then: kentongan status",
        ),
    ),
    "device.unknown": case(
        Weight.WRONG,
        ("alat yang tidak ada di site.yaml berbicara: {devices}", "devices that are not in site.yaml speak: {devices}"),
        (
            "tekanannya ditolak; Polsek hanya mendapat kabar 'alat tidak dikenal'",
            "their presses are refused; the precinct is only told of an unknown device",
        ),
        (
            "alat sendiri: tambahkan di site.yaml (id seperti di topiknya), lalu: kentongan check; "
            "sudo systemctl restart kentongan-post",
            "one of yours: add it to site.yaml (its id as in its topic), then: kentongan check; "
            "sudo systemctl restart kentongan-post",
        ),
        ("bukan milik Anda: ganti kata sandi broker", "none of yours: change the broker's passwords"),
    ),
}


def find(look: Look) -> Iterator[Finding]:
    """Yield what is wrong with devices."""
    standing = look.standing
    if standing is None:
        return
    yield from _qos0(standing)
    if _all_silent(standing):
        user = look.settings.broker.username or "?"
        yield Finding("device.all-silent", {"user": user}, standing.known_s)
    else:
        yield from _silent(standing)
    yield from _strangers(standing)


def _qos0(standing: Standing) -> Iterator[Finding]:
    found = [line for line in standing.devices if line.qos0]
    if found:
        names = tuple(line.id for line in found)
        values = {"devices": listed(names), "count": sum(line.qos0 for line in found)}
        yield Finding("device.qos0", values, about=names, last_s=min(line.qos0_s or 0 for line in found))


def _all_silent(standing: Standing) -> bool:
    expected = [line for line in standing.devices if line.is_expected]
    connected = any(one.name == "rest" and one.phase == "subscribed" for one in standing.brokers)
    watched = min(standing.known_s, standing.up_s) >= SOON_S and connected
    return watched and len(expected) > 1 and all(line.heard_s is None for line in expected)


def _silent(standing: Standing) -> Iterator[Finding]:
    expected = [line for line in standing.devices if line.is_expected]
    never = tuple(line.id for line in expected if line.heard_s is None)
    if never and standing.known_s >= SOON_S:
        yield Finding("device.never-heard", {"devices": listed(never)}, standing.known_s, never)
    quiet = [line for line in expected if line.heard_s is not None and line.heard_s >= _patience_s(line)]
    if quiet:
        names = tuple(line.id for line in quiet)
        yield Finding("device.silent", {"devices": listed(names)}, max(line.heard_s or 0 for line in quiet), names)


def _patience_s(line: DeviceLine) -> int:
    return QUIET_S[line.role in TALKATIVE]


def _strangers(standing: Standing) -> Iterator[Finding]:
    recent = [one for one in standing.strangers if one.heard_s < 7 * DAY_S]
    if recent:
        names = tuple(dict.fromkeys(one.id for one in recent))
        yield Finding(
            "device.unknown", {"devices": listed(names)}, about=names, last_s=min(one.heard_s for one in recent)
        )
