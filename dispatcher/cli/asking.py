"""The running post asked how it stands, over its own HTTP on this machine; and which post.yaml is meant."""

import http.client
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dispatcher.cli.say import language
from dispatcher.domain.faults import Text
from dispatcher.post.standing import MAX_BYTES, Standing, decode
from dispatcher.settings.station import PostSettings

CONFIGS = (Path("post.yaml"), Path("config/post.yaml"), Path("/etc/kentongan/config/post.yaml"))
PATIENCE_S = 5.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}
_BUSY, _NOT_FOUND, _GOOD = 503, 404, 200

WHICH = Text(
    "pos mana? Sebut berkasnya: --config /etc/kentongan/config/post.yaml",
    "which post? Name its file: --config /etc/kentongan/config/post.yaml",
)


class Silence(StrEnum):
    """Why a post gave no answer. A closed list."""

    AWAY = "away"
    """Nobody listens there."""
    STUCK = "stuck"
    """Somebody listens, and says nothing in time, or says that the pipeline does not turn."""
    OLD = "old"
    """A program answers that does not know the question: a post of an older version, or another program."""
    OTHER = "other"
    """Another post answers there."""


_WHY = {
    Silence.AWAY: Text(
        "tidak ada yang menjawab di {where}: pos tidak berjalan", "nobody answers at {where}: the post is not running"
    ),
    Silence.STUCK: Text(
        "{where} tidak menjawab pada waktunya: pos macet atau sangat sibuk",
        "{where} does not answer in time: the post is stuck or very busy",
    ),
    Silence.OLD: Text(
        "yang menjawab di {where} bukan pos versi ini: mulai ulang pos, atau periksa http.listen di post.yaml",
        "what answers at {where} is no post of this version: restart the post, or check http.listen in post.yaml",
    ),
    Silence.OTHER: Text(
        "di {where} menjawab pos lain: {detail}. Periksa http.listen di post.yaml",
        "another post answers at {where}: {detail}. Check http.listen in post.yaml",
    ),
}


@dataclass
class NoAnswer(Exception):
    """The post gave no answer; says why. ``where`` is the address that was asked."""

    why: Silence
    where: str
    detail: str = ""

    def render(self) -> str:
        """Return it as a sentence in the reader's language."""
        return _WHY[self.why].render(language(), {"where": self.where, "detail": self.detail})


def find_config(given: Path | None) -> Path | None:
    """Return the post.yaml that is meant: the one given, else the one here, else the installed one, or None.

    A file that was given need not be there: whoever reads it says so.
    """
    return given or next((path for path in CONFIGS if path.is_file()), None)


def ask(settings: PostSettings, patience_s: float = PATIENCE_S) -> Standing:
    """Return how the running post stands. Raises NoAnswer."""
    host, port = settings.http.listen
    where = f"{host}:{port}"
    connection = http.client.HTTPConnection(_ANY.get(host, host), port, timeout=patience_s)
    try:
        connection.request("GET", "/status")
        answer = connection.getresponse()
        code, body = answer.status, answer.read(MAX_BYTES + 1)
    except TimeoutError:
        raise NoAnswer(Silence.STUCK, where) from None
    except (OSError, http.client.HTTPException) as error:
        why = Silence.AWAY if isinstance(error, ConnectionRefusedError) else Silence.STUCK
        raise NoAnswer(why, where, str(error)) from None
    finally:
        connection.close()
    return _understood(code, body, where, settings.post)


def _understood(code: int, body: bytes, where: str, post: str) -> Standing:
    if code == _BUSY:
        raise NoAnswer(Silence.STUCK, where)
    try:
        standing = decode(body) if code == _GOOD and len(body) <= MAX_BYTES else None
    except ValueError:
        standing = None
    if standing is None:
        raise NoAnswer(Silence.OLD, where)
    if standing.post != post:
        raise NoAnswer(Silence.OTHER, where, standing.post)
    return standing
