"""``kentongan status [--watch | --json]``."""

import json
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from dispatcher.cli.asking import WHICH, NoAnswer, ask, find_config
from dispatcher.cli.say import complain
from dispatcher.cli.status import words
from dispatcher.cli.status.news import MAX_NEWS, news_of
from dispatcher.cli.status.screen import WIDTH, view
from dispatcher.cli.status.words import word
from dispatcher.domain.faults import Text
from dispatcher.post.standing import Standing, encode
from dispatcher.settings.station import load_post

GOOD, NOT_SEEN, USAGE = 0, 2, 64
EVERY_S = 1.0
WIDEST = 100
HOME, TO_END_OF_LINE, TO_END, CLEAR = "\x1b[H", "\x1b[K", "\x1b[J", "\x1b[2J"

AWAY = Text("{post}: {why}\nApa sebabnya: kentongan doctor", "{post}: {why}\nTo see why: kentongan doctor")

Ask = Callable[[], Standing]


def status(config: Path | None, *, watch: bool, as_json: bool) -> int:
    """Show how the running post stands; return 0, or 2 where none answers. Raises FaultsFound for its post.yaml."""
    path = find_config(config)
    if path is None or (watch and as_json):
        complain(WHICH if path is None else BOTH)
        return USAGE
    settings = load_post(path)

    def once() -> Standing:
        return ask(settings)

    if as_json:
        return _json(once, settings.post)
    if watch:
        return Watching(once, settings.post).run()
    return _show(once, settings.post)


BOTH = Text("--watch atau --json, tidak keduanya", "--watch or --json, not both")


def _json(once: Ask, post: str) -> int:
    try:
        standing = once()
    except NoAnswer as silence:
        print(json.dumps({"post": post, "running": False, "silence": str(silence.why), "why": silence.render()}))
        return NOT_SEEN
    print(encode(standing).decode())
    return GOOD


def _show(once: Ask, post: str) -> int:
    try:
        standing = once()
    except NoAnswer as silence:
        complain(AWAY, post=post, why=silence.render())
        return NOT_SEEN
    print("\n".join(view(standing, _width(sys.stdout))))
    return GOOD


def _width(out: TextIO) -> int:
    return min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDEST) if out.isatty() else WIDTH


class Watching:
    """The view drawn again and again, over the old one, until Ctrl-C. The post may come and go meanwhile."""

    def __init__(
        self,
        once: Ask,
        post: str,
        out: TextIO | None = None,
        wait: Callable[[], None] = lambda: time.sleep(EVERY_S),
    ) -> None:
        """``wait`` lets time pass between two views; a KeyboardInterrupt out of it ends the view."""
        self._once = once
        self._post = post
        self._out = out or sys.stdout
        self._wait = wait
        self._before: Standing | None = None
        self._news: deque[str] = deque(maxlen=MAX_NEWS)

    def run(self) -> int:
        """Draw until Ctrl-C, and return 0: that is how one ends a view."""
        try:
            self._put(CLEAR if self._out.isatty() else "")
            while True:
                self._draw(self._look())
                self._wait()
        except KeyboardInterrupt:
            self._put("\n")
            return GOOD

    def _look(self) -> list[str]:
        try:
            standing = self._once()
        except NoAnswer as silence:
            self._before = None
            return word(AWAY, post=self._post, why=silence.render()).splitlines()
        self._news.extend(news_of(self._before, standing))
        self._before = standing
        height = shutil.get_terminal_size((WIDTH, 24)).lines - 2 if self._out.isatty() else None
        return [*view(standing, _width(self._out), height, tuple(self._news)), word(words.QUIT)]

    def _draw(self, lines: list[str]) -> None:
        if self._out.isatty():
            self._put(HOME + "".join(f"{line}{TO_END_OF_LINE}\r\n" for line in lines[:-1]))
            self._put(lines[-1] + TO_END_OF_LINE + TO_END)
        else:
            self._put("\n".join(lines) + "\n\n")

    def _put(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
