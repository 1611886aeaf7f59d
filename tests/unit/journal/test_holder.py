"""Who has a journal open is asked of the kernel, and asking disturbs nobody."""

import subprocess
import sys
from pathlib import Path

from dispatcher.journal import holder

HOLD = """
import sys
from pathlib import Path
from dispatcher.journal import Journal
journal = Journal.open(Path(sys.argv[1]), segment_bytes=65_536, reserve_bytes=0, boot="0" * 32, mono=lambda: 0)
print("open", flush=True)
sys.stdin.read()
journal.close()
"""


def test_the_process_that_has_a_journal_open_is_named_while_it_lives(tmp_path: Path) -> None:
    assert holder(tmp_path / "journal") is None
    command = [sys.executable, "-c", HOLD, str(tmp_path / "journal")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        assert holder(tmp_path / "journal") == process.pid
        assert holder(tmp_path / "journal") == process.pid  # asking has not let go of it
        process.kill()
    assert holder(tmp_path / "journal") is None
