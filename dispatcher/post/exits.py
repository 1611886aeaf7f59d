"""How a post ends (sysexits.h): systemd and scripts read these."""

GOOD, IO_ERROR, TRY_LATER, BAD_CONFIG = 0, 74, 75, 78


class CannotStart(Exception):
    """Why the post does not start, and with which exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
