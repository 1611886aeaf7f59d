"""Each form of ``when`` by those who know how near it came."""

from dispatcher.post.past.nearest.counted import near_count
from dispatcher.post.past.nearest.scene import Near, Scene
from dispatcher.post.past.nearest.silence import near_daily, near_silence, near_wait
from dispatcher.post.past.nearest.single import near_single
from dispatcher.post.past.nearest.steps import near_all, near_sequence
from dispatcher.post.past.nearest.timed import near_schedule, near_state
from dispatcher.post.past.question import Question
from dispatcher.rules.language import (
    AbsentForm,
    AllForm,
    AnyForm,
    CountForm,
    EventForm,
    ScheduleForm,
    SequenceForm,
    StateForm,
)


def how_near(question: Question, scene: Scene) -> Near:
    """Return how near a rule came to being complete around the time asked about."""
    form, within = question.rule.when.form, question.rule.when.within_ms
    match form:
        case EventForm(clause=one):
            return near_single(scene, (one,))
        case AnyForm(clauses=clauses):
            return near_single(scene, clauses)
        case CountForm():
            return near_count(scene, form, within)
        case AllForm():
            return near_all(scene, form, within)
        case SequenceForm():
            return near_sequence(scene, form, within)
        case _:
            return _timed(question, scene, form)


def _timed(question: Question, scene: Scene, form: AbsentForm | StateForm | ScheduleForm) -> Near:
    chronicle = question.chronicle
    match form:
        case StateForm():
            return near_state(scene, form, chronicle, question.then(scene.end))
        case ScheduleForm():
            return near_schedule(scene, form, chronicle, question.began())
        case AbsentForm() if form.after is not None:
            return near_wait(scene, form, question.rule.when)
        case AbsentForm():
            look = near_daily if form.between is not None else near_silence
            return look(scene, form, question.expected(), chronicle, question.began())
