"""The board in a real browser: what an officer sees, hears and does at 02:40."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dispatcher.domain.incident import PlaceOfIncident, Severity
from dispatcher.precinct.board import Board
from dispatcher.precinct.web import create_app, serve
from tests.unit.precinct.builders import Desk, panic, press, quiet, status, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    Open = Callable[..., Page]

pytestmark = pytest.mark.browser

# Counts the strokes of the drum; what comes out of a loudspeaker cannot be asked.
COUNT_STROKES = """
window.strokes = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { window.strokes += 1; return start.apply(this, when); };
"""


class Room:
    """A precinct with its server, which the test can take away and bring back on the same port."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.port = 0
        self._stop = threading.Event()
        self._thread = threading.Thread()

    def open(self) -> None:
        ports: list[int] = []
        self._stop = threading.Event()
        app = create_app(Board(self.desk.station))
        self._thread = threading.Thread(
            target=serve,
            args=(app, "127.0.0.1", self.port, lambda _host, port: ports.append(port)),
            kwargs={"stop": self._stop},
        )
        self._thread.start()
        until(lambda: ports)
        self.port = ports[0]

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    desk = Desk(tmp_path)
    desk.station.start()
    desk.station.broker(True)
    found = Room(desk)
    found.open()
    yield found
    found.close()
    desk.station.stop()


@pytest.fixture
def visit(browser: Browser, room: Room) -> Iterator[Open]:
    """Open a page as an officer with a browser of his own; every complaint of the browser fails the test."""
    complaints: list[str] = []
    contexts = []

    def go(path: str = "/", officer: str | None = "4021", width: int = 1366, height: int = 768) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        context.add_init_script(COUNT_STROKES)
        if officer:
            context.add_init_script(f"localStorage.setItem('officer', '{officer}')")
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if "Policy" in line.text else None)
        page.goto(f"http://127.0.0.1:{room.port}{path}")
        page.wait_for_selector("#link[data-state=on]")
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []


def places(page: Page) -> list[str]:
    return [str(text) for text in page.locator("#incidents h3").all_inner_texts()]


def touched(page: Page) -> Page:
    """The first touch of the page, after which a browser lets it sound."""
    page.locator("#clock").click()
    page.wait_for_selector("#sound[data-state=on]")
    return page


def act(page: Page) -> None:
    """Press A, as an officer who has read what is there: not within the moment in which the choice chose itself."""
    page.wait_for_selector("body[data-armed=yes]")
    page.keyboard.press("a")


def test_a_call_appears_without_a_reload_and_sounds_until_it_is_answered(room: Room, visit: Open) -> None:
    page = touched(visit())
    assert page.locator(".calm").is_visible()
    room.desk.alert(panic())
    page.wait_for_selector(".incident.waiting")
    assert places(page) == ["Krendang · Gang 5"]
    page.locator("#sound", has_text="Diamkan").wait_for()
    until(lambda: page.evaluate("window.strokes") > 3)
    act(page)
    page.wait_for_selector(".hand-list .incident")
    assert room.desk.link.receipts()[-1].by == "4021"
    page.locator("#sound", has_text="Suara menyala").wait_for()


def test_a_board_that_may_not_sound_says_so_and_asks_for_one_touch(room: Room, visit: Open) -> None:
    page = visit()
    assert page.locator("#sound-off").is_visible()
    assert "Akan berbunyi" not in page.inner_text("body")
    page.locator("#sound-enable").click()
    page.wait_for_selector("#sound-off", state="hidden")
    assert "Akan berbunyi" in page.inner_text("body")


def test_silencing_ends_with_the_next_press(room: Room, visit: Open) -> None:
    room.desk.alert(panic(1))
    page = touched(visit())
    page.keyboard.press("s")
    page.wait_for_selector("#silenced")
    room.desk.alert(quiet(2))
    page.get_by_text("2 bukti").wait_for()
    assert page.locator("#silenced").is_visible()
    room.desk.alert(panic(3, press("e3", seq=3)))
    page.wait_for_selector("#silenced", state="hidden")


def test_a_press_after_the_answer_calls_again(room: Room, visit: Open) -> None:
    room.desk.alert(panic(1))
    page = touched(visit())
    act(page)
    page.wait_for_selector(".hand-list .incident")
    room.desk.alert(panic(2))
    page.wait_for_selector(".waiting-list .again")
    assert "Sebelumnya 4021" in page.inner_text("#incidents")


def test_without_an_officer_the_key_asks_for_one(room: Room, visit: Open) -> None:
    room.desk.alert(panic())
    page = visit(officer=None)
    act(page)
    page.wait_for_selector(".said.bad")
    assert page.evaluate("document.activeElement.id") == "officer"
    page.keyboard.type("5133")
    page.keyboard.press("Enter")
    act(page)
    page.wait_for_selector(".hand-list .incident")
    assert room.desk.link.receipts()[-1].by == "5133"


def test_two_boards_show_the_same_and_the_second_officer_reads_who_has_it(room: Room, visit: Open) -> None:
    room.desk.alert(panic())
    first, second = visit(officer="4021"), visit("/incidents/a1b2c3", officer="5133")
    second.route("**/events*", lambda route: route.abort())  # its screen stands still for a moment
    second.reload()
    act(first)
    first.wait_for_selector(".hand-list .incident")
    second.locator("form.acknowledge button").click()
    second.wait_for_selector(".said.bad")
    assert "Sudah ditangani 4021" in second.inner_text("#said")


def test_a_board_that_lost_its_server_says_so_and_finds_it_again(room: Room, visit: Open) -> None:
    page = visit()
    room.close()
    page.wait_for_selector("#lost", state="visible")
    assert "SERVER TERPUTUS" in page.inner_text("#lost")
    room.desk.alert(panic())
    room.open()
    page.wait_for_selector("#lost", state="hidden")
    page.wait_for_selector(".incident.waiting")


def test_what_is_being_typed_survives_what_arrives(room: Room, visit: Open) -> None:
    room.desk.alert(panic(1))
    page = visit()
    page.locator("summary").click()
    page.locator("form.dispatch input[name=unit]").click()
    page.keyboard.type("Patro")
    room.desk.alert(panic(id="other", severity=Severity.CRITICAL, place=PlaceOfIncident("angke"), age_s=500))
    until(lambda: len(places(page)) == 2)
    room.desk.alert(quiet(2))
    page.get_by_text("2 bukti").wait_for()
    page.keyboard.type("li 2")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hand-list .incident")
    assert "Patroli 2" in page.inner_text(".hand-list")


def test_the_choice_stays_with_its_incident_when_a_louder_one_comes(room: Room, visit: Open) -> None:
    room.desk.alert(panic(severity=Severity.LOW))
    page = visit()
    page.wait_for_selector(".is-chosen")
    room.desk.alert(panic(id="loud", place=PlaceOfIncident("angke")))
    until(lambda: len(places(page)) == 2)
    assert places(page) == ["Angke", "Krendang · Gang 5"]
    act(page)
    page.wait_for_selector(".hand-list .incident")
    assert {receipt.id for receipt in room.desk.link.receipts() if receipt.by} == {"a1b2c3"}


def test_who_has_scrolled_down_stays_there_and_is_told_of_the_call_above(room: Room, visit: Open) -> None:
    for n in range(12):
        room.desk.alert(panic(id=f"i{n}", severity=Severity.LOW, place=PlaceOfIncident("krendang", f"Gang {n}")))
    page = visit()
    last = page.locator(".incident").last
    last.scroll_into_view_if_needed()
    place, top = last.locator("h3").inner_text(), last.evaluate("card => card.getBoundingClientRect().top")
    room.desk.alert(panic(id="loud", place=PlaceOfIncident("angke")))
    until(lambda: len(places(page)) == 13)
    assert page.locator(".incident").last.locator("h3").inner_text() == place
    assert abs(page.locator(".incident").last.evaluate("card => card.getBoundingClientRect().top") - top) < 3
    page.locator("#above", has_text="Angke").click()
    until(lambda: page.evaluate("window.scrollY") == 0)


def test_the_page_of_an_incident_follows_it_and_calls_for_the_others(room: Room, visit: Open) -> None:
    room.desk.alert(panic(1))
    page = visit("/incidents/a1b2c3")
    room.desk.alert(panic(2))
    page.get_by_text("Laporan 2 tersimpan").wait_for()
    room.desk.alert(panic(id="other", place=PlaceOfIncident("angke")))
    page.wait_for_selector("#others", state="visible")
    assert "Angke" in page.inner_text("#others")


def test_a_silent_post_shows_by_itself(room: Room, visit: Open) -> None:
    room.desk.status(status())
    page = visit()
    room.desk.hands.pass_s(31)
    page.wait_for_selector("#posts .wrong")
    assert "DIAM" in page.inner_text("#posts")


def test_hostile_words_stay_words(room: Room, visit: Open) -> None:
    page = visit()
    room.desk.alert(panic(title="<img src=x onerror=\"document.title='owned'\">", incident="</script><b>x"))
    page.wait_for_selector(".incident.waiting")
    assert page.locator("#incidents img").count() == 0


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1366, 768), (1920, 1080)])
@pytest.mark.parametrize("incidents", [0, 1, 12])
def test_it_fits_every_screen(room: Room, visit: Open, width: int, height: int, incidents: int) -> None:
    for n in range(incidents):
        title = "Kerumunan dengan senjata tajam di kedua sisi jalan, lebih dari dua puluh orang"
        room.desk.alert(panic(id=f"i{n}", title=title, place=PlaceOfIncident("krendang", f"Gang {n} dekat pasar lama")))
    page = visit(width=width, height=height)
    assert len(places(page)) == incidents
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if incidents:
        box = page.locator(".incident.waiting form.acknowledge button").first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height


def test_on_a_phone_every_step_of_an_incident_is_one_line_high(room: Room, visit: Open) -> None:
    room.desk.alert(panic())
    page = visit("/incidents/a1b2c3", width=360, height=740)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for form in page.locator(".one form.do").all():
        box = form.bounding_box()
        assert box is not None
        assert box["height"] < 80


def test_an_absurd_age_stays_short_while_the_page_counts_it(room: Room, visit: Open) -> None:
    room.desk.alert(panic(age_s=2**53))
    room.desk.hands.pass_s(100 * 86_400)
    page = visit()
    page.evaluate("document.querySelector('.incident .age time').textContent = ''")  # the script writes it anew
    page.locator(".incident .age time", has_text="99+ hari").wait_for()


def test_the_board_is_whole_without_the_internet_and_with_it_asks_for_nothing(room: Room, visit: Open) -> None:
    page = visit()
    asked = page.evaluate("performance.getEntriesByType('resource').map((entry) => new URL(entry.name).host)")
    assert set(asked) == {f"127.0.0.1:{room.port}"}
