"""How a post stands that does not run: read off its folder and its files. Nothing is locked, and nothing written."""

from dataclasses import replace

from dispatcher.incidents.floor import Context
from dispatcher.journal import ReadOnlyJournal
from dispatcher.post import config, surveying
from dispatcher.post.clock import PostClock
from dispatcher.post.recovery import known_instance, recover
from dispatcher.post.standing import MAX_FAULTS, MAX_TEXT, ClockLine, DiskLine, Standing
from dispatcher.settings.station import PostSettings


def standing_of(settings: PostSettings) -> Standing:
    """Return what its memory would be at a start now. Raises FaultsFound without a site, JournalProblem, OSError."""
    loaded = config.load(settings, keeping=False)
    journal = ReadOnlyJournal(settings.data_dir / "journal")
    recovered = recover(journal, Context(settings.post, loaded.site), config.rulebook(settings, loaded))
    now = PostClock(settings.clock.trust, recovered.last).stamp()
    memory = recovered.memory
    seen = surveying.standing_of(memory, now, tuple(surveying.rules_of(memory, now)))
    return replace(
        seen,
        running=False,
        instance=known_instance(settings.data_dir) or "",
        lanes=(),
        clock=ClockLine(now.trusted, trust=settings.clock.trust),
        disk=DiskLine("good", low_bytes=settings.limits.disk_low, corrupt=recovered.unreadable),
        rules=replace(
            seen.rules,
            in_files=loaded.files.version,
            wanted=loaded.files.rules,
            faults=tuple(fault.render("id")[:MAX_TEXT] for fault in loaded.faults[:MAX_FAULTS]),
            fallbacks=loaded.fallbacks,
        ),
    )
