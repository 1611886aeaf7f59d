"""New rules for a running post, on SIGHUP: checked whole, then handed to the matcher and the pipeline in their order.

A fault keeps the rules that run, and is told. What came before the change is judged by the old rules and what came
after it by the new ones, because the change waits in the same queue as the events.
"""

from dataclasses import dataclass

from dispatcher.domain.faults import Fault
from dispatcher.post import config
from dispatcher.post.rulebook import Edition, edition
from dispatcher.rules.language import FullRuleSet
from dispatcher.settings.lastgood import load_new
from dispatcher.settings.sources import collect
from dispatcher.settings.station import PostSettings


@dataclass(frozen=True, slots=True)
class Reread:
    """What the rule files say now: an edition to run with, or None and every fault.

    ``needs_restart`` names what else has changed in the files and is read at a start only.
    """

    edition: Edition | None
    faults: tuple[Fault, ...] = ()
    needs_restart: tuple[str, ...] = ()


def reread(settings: PostSettings, loaded: config.Loaded) -> Reread:
    """Read the rules again, for the site that this post has been running with."""
    sources = collect(settings.rules)
    reading = config.reading(settings, loaded.site)
    rules, faults = load_new(settings.data_dir / "good", "rules", sources, reading.new)
    changed = _changed(settings, loaded)
    if rules is None:
        return Reread(None, faults, changed)
    config.keep(settings.data_dir, "rules", sources)
    return Reread(_edition(rules, settings, loaded), (), changed)


def _edition(rules: FullRuleSet, settings: PostSettings, loaded: config.Loaded) -> Edition:
    return edition(rules, loaded.site, settings.post, loaded.site_version)


def _changed(settings: PostSettings, loaded: config.Loaded) -> tuple[str, ...]:
    known = {"site": loaded.site_version, "devices": loaded.profiles_version}
    now = {"site": collect([settings.site]).version, "devices": collect(settings.devices).version}
    return tuple(sort for sort, version in now.items() if version != known[sort])
