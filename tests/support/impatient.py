"""`kentongan` with the waits of a person shortened: `python -m tests.support.impatient post --config F`.

The promises do not depend on how long these two are, and a test must not wait a minute for each: after how many
seconds a start counts as a good one, and how often storage that failed is tried again.
"""

import os
import sys

from dispatcher.cli import main
from dispatcher.post import daemon

vars(daemon).update(
    LASTING_S=float(os.environ.get("KENTONGAN_LASTING_S", "60")),
    PROBE_DISK_S=float(os.environ.get("KENTONGAN_PROBE_DISK_S", "60")),
)

if __name__ == "__main__":
    sys.exit(main())
