"""One line that tells an officer what happened and where, before any rule has added its words."""

from dispatcher.domain.events import Event, is_press
from dispatcher.domain.site import Site

MAX_TITLE = 200

_PRESSES = {
    "panic.press": "Tombol panik ditekan",
    "panic.hold": "Tombol panik ditekan lama",
    "panic.double": "Tombol panik ditekan berkali-kali",
}

_FAULTS = {
    "matcher.fault": "Mesin aturan bermasalah",
    "config.fault": "Konfigurasi rusak",
    "config.unapplied": "Aturan diubah, belum dipakai",
}


def floor_title(event: Event, site: Site) -> str:
    """Return e.g. ``Tombol panik ditekan: btn-1 di Pos 03 Krendang``."""
    if is_press(event.kind):
        what = _PRESSES.get(event.kind, "Tombol panik")
    else:
        what = "Alarm panel" if event.kind == "panel.alarm" else f"Laporan {event.kind.removeprefix('report.')}"
    return _bounded(f"{what}: {_where(event, site)}")


def unknown_title(event: Event, site: Site) -> str:
    """Return what is told of a device that the site does not know."""
    return _bounded(f"Alat tidak dikenal menekan: {_where(event, site)}")


def fault_title(event: Event, site: Site) -> str:
    """Return what is told of a post whose files have a fault, or whose rules are answered for by a stand-in."""
    return _bounded(f"{_FAULTS[event.kind]} {_where(event, site)}: {event.attrs.get('text', '')}")


def _where(event: Event, site: Site) -> str:
    post = site.posts.get(event.post or "")
    name = post.name if post else event.post
    words = [event.device, f"di {name}" if name else None, f"zona {event.zone}" if event.zone else None]
    return " ".join(word for word in words if word)


def _bounded(text: str) -> str:
    return text if len(text) <= MAX_TITLE else text[: MAX_TITLE - 1] + "…"
