"""The mutants: what each would break, and how. Sorted by the part of the promise that it breaks."""

from dataclasses import dataclass

from tests.mutants.edit import Edit, apply

PIPELINE = "dispatcher.post.pipeline:Pipeline."
COPIES = "dispatcher.incidents.copies:"
RECEIPTS = "dispatcher.incidents.receipts:"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One way to break the code. ``quick`` mutants are tried whenever the tests run.

    ``beyond`` says why the simulation cannot see this one, where it cannot; then a suite must.
    """

    name: str
    breaks: str
    edits: tuple[Edit, ...]
    quick: bool = False
    beyond: str = ""


MUTANTS = (
    Mutant(
        "acknowledge before fsync",
        "a press that was acknowledged to the broker is lost with the power",
        (
            Edit(
                PIPELINE + "_append",
                "        if not self._held:\n",
                "        self._parts.acknowledge(list(turn.tokens))\n        if not self._held:\n",
            ),
        ),
        quick=True,
    ),
    Mutant(
        "confirm before save",
        "a guard is told saved, and it is not",
        (
            Edit(
                PIPELINE + "_append",
                "        if not self._held:\n",
                "        self._parts.outputs.carry_out(turn.effects)\n        if not self._held:\n",
            ),
        ),
        quick=True,
    ),
    Mutant(
        "send before save",
        "the precinct has a revision that the post does not know after a power cut",
        (
            Edit(
                PIPELINE + "turn",
                "        saved = self._save_if_due(turn)\n        self._relay()",
                "        self._relay()\n        saved = self._save_if_due(turn)",
            ),
        ),
    ),
    Mutant(
        "swallowed EIO",
        "the disk failed and everybody is told saved",
        (
            Edit(
                PIPELINE + "_save",
                "                self._parts.journal.sync()\n",
                "                try:\n                    self._parts.journal.sync()\n                except Exception:\n                    pass\n",
            ),
        ),
        quick=True,
    ),
    Mutant(
        "random incident ids",
        "a replay gives a press another incident",
        (
            Edit(
                "dispatcher.domain.ids:floor_incident_id",
                'return digest(post, "floor", device, first_event)',
                'return __import__("os").urandom(10).hex()',
            ),
        ),
        quick=True,
    ),
    Mutant(
        "incident ids for each start",
        "after a restart a press has another incident",
        (
            Edit(
                "dispatcher.post.recovery:recover",
                "    memory, last, after = Memory(context, rulebook), None, 0\n",
                '    ids = __import__("dispatcher.domain.ids", fromlist=["x"])\n'
                '    ids.START = getattr(ids, "START", 0) + 1\n'
                "    memory, last, after = Memory(context, rulebook), None, 0\n",
            ),
            Edit(
                "dispatcher.domain.ids:floor_incident_id",
                'digest(post, "floor", device, first_event)',
                'digest(post, globals().get("START", 0), device, first_event)',
            ),
        ),
    ),
    Mutant(
        "wall-clock dedup",
        "a clock that jumps makes one press two",
        (
            Edit(COPIES + "is_fresh", "now.run_ms - copy.last_run_ms", "now.wall_ms - copy.last_run_ms"),
            Edit(COPIES + "seen_again", "last_run_ms=now.run_ms", "last_run_ms=now.wall_ms"),
            Edit(COPIES + "first_seen", "event.arrived.run_ms, generation", "event.arrived.wall_ms, generation"),
        ),
    ),
    Mutant(
        "copies not renewed",
        "a button that repeats for more than an hour is counted twice",
        (Edit(COPIES + "seen_again", "replace(copy, last_run_ms=now.run_ms)", "replace(copy)"),),
    ),
    Mutant(
        "counters used again",
        "a counter that began anew overwrites the incident of the first press",
        (
            Edit(COPIES + "_next_generation", "default=now.run_ms // MEMORY_MS * GENERATIONS - 1", "default=-1"),
            Edit("dispatcher.incidents.state:PostState.forget", "_is_stale(copies, now, MEMORY_MS)", "_is_stale(copies, now, COPY_MEMORY_MS)"),
        ),
    ),
    Mutant(
        "checkpoint without copies",
        "after a restart from a checkpoint a repetition is a new press",
        (Edit("dispatcher.incidents.codec:json_parts", "to_plain(replace(state, incidents={}))", 'to_plain(replace(state, incidents={})) | {"copies": {}}'),),
    ),
    Mutant(
        "stale acknowledgement",
        "an old connection's acknowledgement takes a new message off the broker",
        (Edit("dispatcher.mqtt.loop:Loop._take_acks", "token.epoch == self._epoch and conn.ack(token.mid)", "conn.ack(token.mid)"),),
    ),
    Mutant(
        "forgetful outbox",
        "the broker's PUBACK takes a revision out of the outbox, and the broker loses it",
        (
            Edit(
                RECEIPTS + "decide_sent",
                "replace(before, sent_rev=max(before.sent_rev, rev))",
                "replace(before, sent_rev=max(before.sent_rev, rev), outbox=tuple(r for r in before.outbox if r.rev > rev))",
            ),
        ),
        quick=True,
    ),
    Mutant(
        "delivered on PUBACK",
        "the lamp says delivered when a broker has it",
        (
            Edit(
                RECEIPTS + "decide_sent",
                "replace(before, sent_rev=max(before.sent_rev, rev))",
                "replace(before, sent_rev=max(before.sent_rev, rev), delivered_rev=max(before.delivered_rev, rev))",
            ),
        ),
        quick=True,
    ),
    Mutant(
        "no redelivery after restart",
        "what was not delivered before a restart is never sent again",
        (Edit("dispatcher.post.recovery:recover", "    return Recovered(", "    memory.state.waiting.clear()\n    return Recovered("),),
    ),
    Mutant(
        "no redelivery at all",
        "a revision is sent once",
        (Edit("dispatcher.relay.schedule:Schedule._wake", "self._waiting[0][0] <= run_ms", "False"),
         Edit("dispatcher.relay.schedule:Schedule.reconnected", "        self._waiting = []\n", "        return\n")),
    ),
    Mutant(
        "revision made anew at replay",
        "the same number with other words: a conflict at the precinct",
        (
            Edit(
                "dispatcher.post.memory:Memory.fold",
                "        handler = _HANDLERS.get(record.kind)\n",
                "        handler = None if record.kind == Kind.REVISION else _HANDLERS.get(record.kind)\n",
            ),
        ),
    ),
    Mutant(
        "receipts out of order lower the stage",
        "a late receipt takes back what an officer said",
        (
            Edit(RECEIPTS + "_officer", "if rev <= incident.answers.get(receipt.stage, 0):", "if False:"),
            Edit(RECEIPTS + "_delivered", "highest = max(incident.delivered_rev, rev)", "highest = rev"),
        ),
    ),
    Mutant(
        "store change ignored",
        "a precinct that lost its store never hears of the open incidents again",
        (Edit(RECEIPTS + "_store_change", "receipt.store == state.store", "state.store is not None"),),
    ),
    Mutant(
        "no sync",
        "an answer that was lost on its way is never asked for",
        (Edit("dispatcher.post.upstream:Upstream._send_sync", "        made = [", "        return\n        made = ["),),
    ),
    Mutant(
        "one lane",
        "a panic waits behind the sensors",
        (Edit("dispatcher.post.inbox:Inbox.panic", "self._put(self._panic, delivery)", "self._put(self._rest, delivery)"),),
    ),
    Mutant(
        "throttle in wall time",
        "a clock that jumps sounds the siren again",
        (
            Edit("dispatcher.rules.engine.gate:Gate._reason", "now.run_ms - one", "now.wall_ms - one"),
            Edit("dispatcher.rules.engine.gate:Gate._start", "key, now.run_ms", "key, now.wall_ms"),
        ),
    ),
    Mutant(
        "windows not in the checkpoint",
        "a rule that was two motions into three begins anew after a start",
        (Edit("dispatcher.post.memory:Memory.dump", '"rules": self.rulebook.dump(),', '"rules": None,'),),
    ),
    Mutant(
        "an absence that rules do not see",
        "a silence is told although nobody was listening",
        (Edit("dispatcher.post.recovery:starting", '{"stopped": stopped_plain(memory.last)}', '{"stopped": None}'),),
    ),
    Mutant(
        "old records judged by new rules",
        "a window comes back with another rule's events",
        (
            Edit(
                "dispatcher.post.rulebook:Rulebook.use",
                "self.edition if versions == self.edition.versions else self.kept(versions)",
                "self.edition",
            ),
        ),
    ),
    Mutant(
        "a press named twice",
        "a press belongs to its own incident and to a rule's",
        (Edit("dispatcher.rules.firing:_evidence", " and not is_floor(event)", ""),),
    ),
    Mutant(
        "undelivered never told",
        "the guard waits, and nobody says: use the radio",
        (Edit(RECEIPTS + "decide_time", "    if not overdue:\n", "    if True:\n"),),
    ),
    Mutant(
        "unsaved believes the kernel's memory",
        "a run that cannot save takes what a failed fsync left in memory for saved",
        (Edit("dispatcher.post.unsaved:MemoryOnly.__init__", "            self._before.distrust_memory()\n", "            pass\n"),),
        quick=True,
    ),
    Mutant(
        "a start believes the kernel's memory",
        "what a failed fsync left in memory counts as saved, and the power takes it",
        (
            Edit("dispatcher.journal.recover:recover", "        drop_cached(fd)\n", "        pass\n"),
            Edit("dispatcher.journal.recover:_scan_newest", "    _make_sure(segment, fd, data, tally)\n", "    pass\n"),
        ),
        beyond="the simulation's card stands for the journal and what it does with the kernel",
    ),
    Mutant(
        "what is read is not saved once more",
        "what the kernel would not forget counts as saved, and the power takes it",
        (Edit("dispatcher.journal.recover:_scan_newest", "    _make_sure(segment, fd, data, tally)\n", "    pass\n"),),
        beyond="the simulation's card stands for the journal and what it does with the kernel",
    ),
    Mutant(
        "names are not synced",
        "a segment that was named by a process that was killed goes with the power, and what was saved in it",
        (Edit("dispatcher.journal.start:_start_locked", "    sync_folder(folder)", "    0"),),
        beyond="the simulation's card stands for the journal and what it does with the kernel",
    ),
    Mutant(
        "seal forgotten",
        "a run that saves nothing gives out numbers that the next run gives again, to other words",
        (Edit("dispatcher.post.recovery:beginning", "        memory.state.seal(names.passing)\n", "        pass\n"),),
    ),
    Mutant(
        "seal without a name",
        "a press that only an unsaved run heard comes again under the same id, with other words",
        (Edit("dispatcher.incidents.state:PostState.namespace", 'f"{post} {self.passing}" if self.passing else post', "post"),),
    ),
    Mutant(
        "seal broken by a receipt",
        "a press joins an older incident in an unsaved run, once the precinct has answered for that one",
        (Edit("dispatcher.incidents.state:PostState._is_latest", "if incident.id in self.sealed:", "if False:"),),
    ),
    Mutant(
        "sealed incidents revised",
        "a rule's word on an older incident gets a number that the next run gives again",
        (
            Edit("dispatcher.incidents.state:_Derived.follow", " and id_ not in self.sealed", ""),
            Edit("dispatcher.incidents.firings:_fired", "pressed.id in state.sealed", "False"),
        ),
    ),
    Mutant(
        "left unmade",
        "what was saved and not made into a revision gets other words in the unsaved run than in the one after it",
        (Edit("dispatcher.post.recovery:beginning", "unmade(memory, names.instance, now) if names.complete else []", "[]"),),
    ),
    Mutant(
        "unsaved says saved",
        "a guard is told saved by a post that cannot save",
        (Edit("dispatcher.post.pipeline:_is_too_soon", "return confirm.stage is Stage.SAVED", "return False"),),
        quick=True,
    ),
    Mutant(
        "unsaved says sent",
        "a button stops repeating what is in memory alone",
        (Edit("dispatcher.post.pipeline:_is_too_soon", "return confirm.incident not in kept", "return False"),),
    ),
    Mutant(
        "unsaved lamp says saved",
        "the lamp says saved on a post that cannot save",
        (Edit(PIPELINE + "_look_after", "if stage is Stage.SAVED and not self._parts.saves:", "if False:"),),
        quick=True,
    ),
    Mutant(
        "status says online while unsaved",
        "nobody at the precinct sends a technician",
        (Edit("dispatcher.post.upstream:status_of", '"unsaved" if state == "online" and not saves else state', "state"),),
        quick=True,
    ),
    Mutant(
        "leaves before it has told",
        "a run that saves nothing ends with a press that nobody else has",
        (Edit(PIPELINE + "is_over", "self._leaving and not self._parts.memory.state.holds_passing", "self._leaving"),),
    ),
    Mutant(
        "never leaves",
        "a post goes on saving nothing although its card works again",
        (Edit(PIPELINE + "is_over", " or (self._leaving and not self._parts.memory.state.holds_passing)", ""),),
    ),
    Mutant(
        "waits for what a hole keeps back",
        "a post goes on saving nothing because of an old incident that it cannot deliver",
        (Edit("dispatcher.incidents.state:PostState.holds_passing", "any(id_ not in self.sealed for id_ in self.waiting)", "bool(self.waiting)"),),
    ),
    Mutant(
        "posts share an incident id",
        "two posts' calls become one",
        (
            Edit("dispatcher.domain.ids:floor_incident_id", 'digest(post, "floor", device, first_event)', 'digest("floor", device, first_event)'),
        ),
        quick=True,
    ),
    Mutant(
        "receipts to the wrong post",
        "an answer reaches another post's lamp, and its own waits",
        (
            Edit(
                "dispatcher.precinct.outgoing:Outgoing.receipts",
                "        for post, receipt in sending:\n",
                "        sending = list(sending)\n        for (post, _), (_, receipt) in zip(sending, sending[1:] + sending[:1]):\n",
            ),
        ),
    ),
    Mutant(
        "what a broker kept is a sign of life",
        "a post that is dead is shown alive whenever the precinct's connection is made anew",
        (Edit("dispatcher.precinct.reception:Reception._status", "if parcel.retained else", "if False else"),),
    ),
    Mutant(
        "a will kills the living",
        "a post that was started anew is called silent because its last run has died",
        (Edit("dispatcher.precinct.liveness:hear", 'if status.state == "offline" and not before.silent(now):', "if False:"),),
    ),
    Mutant(
        "wills unheard",
        "a post that died is not told before half a minute is over",
        (Edit("dispatcher.precinct.liveness:Heard.silent", 'self.status.state == "offline" or ', ""),),
        beyond="for the simulation half a minute of silence is soon enough, with or without a will",
    ),
    Mutant(
        "a will sets the count back",
        "late words of a run that is over, behind its will, are taken for a second machine",
        (Edit("dispatcher.precinct.liveness:_counted", "max(status.told, before.status.told)", "status.told"),),
        beyond="it needs three late words in one order; a unit test gives them",
    ),
    Mutant(
        "a retained press is a press",
        "each start of the post calls for help on behalf of the last press, if the gateway retains",
        (Edit("dispatcher.devices.normalise:Normaliser._read", "raw.retain and way.message", "False and way.message"),),
    ),
    Mutant(
        "twins unnoticed",
        "two machines answer to one name, and nobody looks for the second",
        (Edit("dispatcher.precinct.liveness:_name", "return status.instance, status.run", 'return status.instance, ""'),),
    ),
    Mutant(
        "a restart taken for twins",
        "each restart is an alarm",
        (Edit("dispatcher.precinct.liveness:hear", "rival is not None and now - rival.seen_ms < TWIN_WINDOW_MS", "True"),),
    ),
    Mutant(
        "twins name presses alike",
        "two machines with one card give one id to two presses of bought buttons",
        (Edit("dispatcher.post.intake:Intake.__init__", "        self._instance = instance\n", '        self._instance = instance.split("-")[0]\n'),),
    ),
    Mutant(
        "promoted for long",
        "a press of a bought button is taken for one that came by the other lane minutes ago",
        (Edit("dispatcher.post.intake:Intake._may_be_kept", " and (back is None or back < told or now - back <= BACKLOG_MS)", ""),
         Edit("dispatcher.post.intake:Intake._once", "now - self._took.get(message, -RESTING_MS) >= RESTING_MS", "True")),
    ),
    Mutant(
        "precinct receipt before commit",
        "delivered is said of what a power cut then takes away",
        (
            Edit(
                "dispatcher.precinct.station:Station._round",
                "                    self._take(delivery, after)\n",
                "                    self._take(delivery, after)\n                self._outgoing.receipts(after.receipts)\n                after.receipts.clear()\n",
            ),
        ),
        quick=True,
    ),
    Mutant(
        "precinct forgets gaps",
        "delivered is said of a revision that is missing",
        (Edit("dispatcher.precinct.store:Store._held_with", "if alert.rev != held + 1:", "if alert.rev > held:\n            return alert.rev\n        if True:"),),
    ),
    Mutant(
        "precinct overwrites conflicts",
        "a second content of a revision replaces the first",
        (
            Edit(
                "dispatcher.precinct.store:Store.take_alert",
                "        if look is Outcome.CONFLICT:\n",
                '        if look is Outcome.CONFLICT:\n            self._write.execute("UPDATE revisions SET payload = ? WHERE id = ? AND rev = ?", (payload, alert.id, alert.rev))\n        if look is Outcome.CONFLICT:\n',
            ),
        ),
    ),
)  # fmt: skip

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}


def apply_all(mutant: Mutant) -> None:
    """Become this mutant, in this process."""
    for edit in mutant.edits:
        apply(edit)
