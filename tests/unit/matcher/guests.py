"""Guests that misbehave: scripts that stand in the child's place. Production code has no hook for any of this."""

from pathlib import Path

from dispatcher.matcher import child

_TEMPLATE = """
import importlib.util, os, signal, sys, time
spec = importlib.util.spec_from_file_location("guest", {child!r})
guest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(guest)

class Misbehaving(guest.Guest):
    def _fired(self, shards, facts):
        {on_event}
        return super()._fired(shards, facts)
    def _load(self, body):
        {on_load}
        return super()._load(body)

guest.Guest = Misbehaving
guest.main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
"""

DIES_OF_POISON = 'if "poison" in facts: os.kill(os.getpid(), signal.SIGKILL)'
HANGS_ON_POISON = 'while "poison" in facts: pass'
SEES_NOTHING = 'return b"\\x00\\x00"'
SEES_TOO_MUCH = 'return guest.struct.pack("<65H", 64, *range(64))'
FORGETS_TO_COUNT = 'return b"\\xff\\xff"'
FLOODS = 'os.write(int(sys.argv[2]), b"\\xff\\xff\\xff\\xff")'
SPEAKS_OUT_OF_TURN = "guest._send(int(sys.argv[2]), guest.LOADED)"
HANGS_AND_IS_NOT_KILLED = "guest.MAX_SECONDS = 1"  # with HANGS_ON_POISON
CANNOT_LOAD = 'raise MemoryError("no")'
REFUSES_ONE_SHARD = (
    'real = self._engine.create_ruleset; refuse = lambda n, d: 1 / 0 if "unlucky" in d else real(n, d); '
    'self._engine = type("E", (), {**vars(self._engine), "create_ruleset": staticmethod(refuse)})'
)
DIES_OF_ONE_SHARD = REFUSES_ONE_SHARD.replace("1 / 0", "os.kill(os.getpid(), signal.SIGKILL)")


def misbehaving(folder: Path, on_event: str = "pass", on_load: str = "pass") -> Path:
    """Write a guest that runs ``on_event`` (with ``facts``) for each event and ``on_load`` before it loads."""
    script = folder / "guest.py"
    text = _TEMPLATE.format(child=child.__file__, on_event=on_event, on_load=on_load)
    script.write_text(text, encoding="utf-8")
    return script
