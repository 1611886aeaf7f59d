"""``python -m dispatcher`` is ``kentongan``."""

import sys

from dispatcher.cli import main

sys.exit(main())
