"""``kentongan apply``: the plan, a question, and the swap in the running post, confirmed by its hash."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dispatcher.cli.release import words
from dispatcher.cli.release.plan import Found, guarded, prepare
from dispatcher.cli.release.settings import settings_of, who
from dispatcher.cli.say import language
from dispatcher.domain.faults import Text
from dispatcher.post.release import planning, process, request
from dispatcher.post.release.alone import Busy, alone
from dispatcher.post.release.handover import Answer, Outcome, hand_over
from dispatcher.post.release.history import APPLY
from dispatcher.settings.station import PostSettings

GOOD, FOUND, TRY_LATER = 0, 1, 75
YES = {"y", "ya", "yes"}

ASK = Text("Pakai aturan ini? [y/T] ", "Apply these rules? [y/N] ")
LEFT = Text("tidak dipakai; yang lama tetap berjalan", "not applied; the old ones go on")
MIND = Text("perbaiki dulu; yang lama tetap berjalan", "mend that first; the old ones go on")
MIND_TESTS = Text(
    "perbaiki aturan atau ujinya dulu (atau --despite-tests); yang lama tetap berjalan",
    "mend the rules or the tests first (or --despite-tests); the old ones go on",
)
BUSY = Text("{who} sedang mengganti aturan pos ini; coba lagi nanti", "{who} is changing this post's rules; try later")
MOVED = Text(
    "berkas berubah sesudah diperiksa, tidak dipakai: lihat lagi dengan kentongan plan",
    "the files changed after they were checked, not applied: look again with kentongan plan",
)
OVERTAKEN = Text(
    "sementara itu versi {version} dipakai ({by}): lihat lagi dengan kentongan plan",
    "meanwhile version {version} was applied ({by}): look again with kentongan plan",
)
APPLIED = Text("dipakai: {rules} aturan, versi {version}", "applied: {rules} rules, version {version}")
AFRESH = Text("mulai dari awal: {rules}", "begin anew: {rules}")
LOST = Text(
    "TETAPI {loaded} dari {wanted} aturan di berkas yang berjalan: mohon dilaporkan",
    "BUT {loaded} of the {wanted} rules in the files run: please report it",
)
AWAY = Text(
    "pos tidak berjalan: berkas ini dibaca saat mulai", "the post does not run: it reads these files at its start"
)
ELSEWHERE = Text(
    "pos berjalan di dalam wadah lain dan tidak terjangkau dari sini: jalankan perintah ini di dalamnya",
    "the post runs in a container and cannot be reached from here: run this command inside",
)
FAULT = Text("pos menolak berkas ini, yang lama tetap berjalan:", "the post refuses these files, the old ones go on:")
REFUSED = Text(
    "mesin aturan menolak aturan ini, yang lama tetap berjalan: lihat log, mohon dilaporkan",
    "the rule engine refuses these rules, the old ones go on: see the log, please report it",
)
SILENT = Text(
    "pos tidak menjawab dalam satu menit. Yang berjalan: versi {version}. Lihat: journalctl -u kentongan-post",
    "the post did not answer within a minute. Version {version} runs. See: journalctl -u kentongan-post",
)
OUTCOMES = {
    Outcome.AWAY: AWAY,
    Outcome.ELSEWHERE: ELSEWHERE,
    Outcome.MOVED: MOVED,
    Outcome.FAULT: FAULT,
    Outcome.REFUSED: REFUSED,
    Outcome.SILENT: SILENT,
}


def apply(config: Path | None, days: int, *, yes: bool, despite_tests: bool = False) -> int:
    """Show the plan, ask, and have the post swap; return 0 once it says that it runs just these files."""
    settings = settings_of(config)
    return guarded(settings, lambda: _apply(settings, days, yes=yes, despite_tests=despite_tests))


def _apply(settings: PostSettings, days: int, *, yes: bool, despite_tests: bool) -> int:
    sources = planning.files(settings)
    found = prepare(settings, sources, days)
    print()
    if not found.sound or not (found.tested or despite_tests):
        print(words.folded(words.text(MIND_TESTS if found.sound else MIND)))
        return FOUND
    if found.plan.is_nothing:
        return GOOD
    if not (yes or agreed()):
        print(words.text(LEFT))
        return FOUND
    return changing(settings, lambda: _hand_over(settings, found, sources.version))


def agreed() -> bool:
    """Ask, and return whether the answer is yes; no answer is no."""
    print(words.text(ASK), end="", flush=True)
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        print()
    return answer.strip().lower() in YES


def changing(settings: PostSettings, work: Callable[[], int]) -> int:
    """Do something that one person at a time may do."""
    try:
        with alone(settings.data_dir, who()):
            return work()
    except Busy as error:
        print(words.folded(words.text(BUSY, who=error)))
        return TRY_LATER


def _hand_over(settings: PostSettings, found: Found, version: str) -> int:
    if planning.files(settings).version != version:
        print(words.folded(words.text(MOVED)))
        return FOUND
    if is_overtaken(settings, found):
        return FOUND
    return confirm(found, hand_over(settings, request.new(who(), APPLY, version)))


def is_overtaken(settings: PostSettings, found: Found) -> bool:
    """Return whether other rules run by now than those that the plan was held against, and say which."""
    before = None if found.process is None else found.process.answer
    now = process.ask(settings)
    if before is None or now is None or now["version"] == before["version"]:
        return False
    print(words.folded(words.text(OVERTAKEN, version=now["version"], by=words.by(now["who"], now["how"]))))
    return True


def confirm(found: Found, answer: Answer) -> int:
    """Say what came of it; return the exit code."""
    said = answer.said or {}
    if answer.outcome is Outcome.APPLIED:
        return _applied(said)
    print(words.folded(words.text(OUTCOMES[answer.outcome], version=said.get("version") or found.plan.version or "?")))
    if answer.outcome is Outcome.FAULT:
        for line in (said.get("fault") or {}).get(language(), ()):
            print(line)
    return {Outcome.AWAY: GOOD, Outcome.SILENT: TRY_LATER}.get(answer.outcome, FOUND)


def _applied(said: Mapping[str, Any]) -> int:
    print(words.text(APPLIED, rules=said["loaded"], version=said["version"]))
    if said["fresh"]:
        print(words.folded(words.text(AFRESH, rules=", ".join(said["fresh"]))))
    if said["loaded"] == said["in_files"]:
        return GOOD
    print(words.folded(words.text(LOST, loaded=said["loaded"], wanted=said["in_files"])))
    return FOUND
