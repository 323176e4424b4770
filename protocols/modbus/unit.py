"""One unit on a line: whether it is in step with us, what it still owes, when it may be asked again."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from protocols.modbus.deadline import NS, Deadline
from protocols.modbus.framing_rtu import Answer
from protocols.modbus.outcome import Taker
from protocols.modbus.question import Question, Shape
from protocols.reason import Reason

LATE_NS = 60 * NS  # how long an unanswered question may still be answered: twice the longest back-off
COPY_NS = 6 * NS // 10  # how long an answer may come a second time: repeaters and converters hold copies half a second
GARBLED_MORE = 4  # pauses before they grow for a unit whose answers come broken
COPIES_SURE = 5  # copies before they are worth a word
TWINS_SURE = 3
PATIENCE = 2  # proofs in a row that must fail before a unit that has answered is left alone and its values are missed
BACKOFF_FIRST_NS = NS // 2
BACKOFF_MOST_NS = 30 * NS


class Proof(NamedTuple):
    """A question whose right answer shows that the unit is the one meant; `check` None accepts any answer."""

    question: Question
    check: Callable[[bytes], bool] | None = None


class Heard(NamedTuple):
    """A question that was answered, or settled by a later one: until `until_ns` its answer may come (again)."""

    question: Question
    until_ns: int
    answer: Answer | None


class Read:
    """A question repeated every `period_ns`. It is always in exactly one place: due, held, parked or on the wire."""

    __slots__ = (
        "alarm",
        "asked_ns",
        "attempts",
        "cost_ns",
        "due_ns",
        "every_ns",
        "extra_ns",
        "gone",
        "had_ns",
        "late",
        "period_ns",
        "question",
        "silent",
        "taker",
        "unit",
    )

    def __init__(self, unit: "Unit", question: Question, period_ns: int, taker: Taker, *, alarm: bool = False) -> None:
        self.unit = unit
        self.question = question
        self.period_ns = period_ns
        self.taker = taker
        self.alarm = alarm
        self.due_ns = 0
        self.asked_ns = 0
        self.had_ns = 0  # when it was last answered
        self.every_ns = 0  # how often it is answered, smoothed
        self.cost_ns = 0  # of the line's time for one answer, smoothed
        self.attempts = 0  # of this period
        self.extra_ns = 0  # it is waited for longer than its unit's other answers: its own were cut off
        self.silent = 0  # periods in a row it alone went unanswered while its unit answered others
        self.late = 0  # periods skipped because the line had no time
        self.gone = False  # replaced by others


class Unit:
    """What a line knows of one unit.

    A unit is `proven` once its identity was read and it is in step: it has answered a question that no earlier one's
    answer could be taken for. Units answer in the order they were asked: such an answer settles all older questions.
    """

    __slots__ = (
        "answers",
        "any_unit",
        "bad",
        "copies",
        "deadline",
        "failures",
        "fences",
        "heard",
        "in_step",
        "known",
        "last",
        "late",
        "not_before",
        "number",
        "parked",
        "pause_after_write_ns",
        "pause_ns",
        "proofs",
        "quiet_until",
        "reads",
        "refusals",
        "retries",
        "settled_in",
        "steps",
        "timeouts",
        "tried",
        "trouble",
        "turnaround_ns",
        "twins",
        "unanswered",
        "waiting",
        "wrong",
    )

    def __init__(
        self,
        number: int,
        deadline: Deadline,
        *,
        turnaround_ns: int = 80_000_000,
        pause_ns: int = 0,
        pause_after_write_ns: int = 0,
        proofs: Sequence[Proof] = (),
        fences: Sequence[Question] = (),
        any_unit: bool = False,
    ) -> None:
        self.number = number
        self.deadline = deadline
        self.turnaround_ns = turnaround_ns  # the most it takes by its profile
        self.pause_ns = pause_ns
        self.pause_after_write_ns = pause_after_write_ns
        self.proofs = tuple(proofs)
        self.fences = tuple(fences)  # short questions of different shapes, for proving and for telling answers apart
        self.reads: list[Read] = []
        self.parked: list[Read] = []
        self.steps: list[Proof] = list(self.proofs)  # of its identity, still to be read
        self.in_step = not self.proofs and not self.fences
        self.any_unit = any_unit  # TCP: it may answer under another unit id
        self.trouble: Reason | None = None  # the last thing wrong with its answers
        self.known = False  # has ever answered
        self.tried = False  # has ever been asked
        self.settled_in = False  # has ever been proven
        self.wrong = False  # answers, but is not the device meant
        self.failures = 0  # proofs in a row that failed
        self.not_before = 0
        self.quiet_until = 0  # it may still be speaking
        self.unanswered: list[tuple[Question, int]] = []  # in the order asked, each until when it may come
        self.heard: list[Heard] = []
        self.waiting: dict[Shape, Read] = {}  # until copies of another's answer are over: its turn comes before that's
        self.last: Question | None = None  # asked
        self.answers = self.timeouts = self.bad = self.refusals = self.retries = self.late = 0
        self.copies = 0  # answers that came again
        self.twins = 0  # of those, how many said something else

    @property
    def proven(self) -> bool:
        """Whether what it answers is believed."""
        return self.in_step and not self.steps

    @property
    def missing(self) -> bool:
        """It has answered and misses now, which a broken frame may explain: asked again at once, nobody is told yet."""
        return self.known and self.failures < PATIENCE

    def doubt(self, *, identity: bool = False) -> None:
        """Ask for proof again before anything of this unit is believed; `identity`: it may be another device now."""
        self.in_step = False
        if identity:
            self.steps = list(self.proofs)

    def next_proof(self, now: int) -> Proof | None:
        """What to ask an unproven unit: a question for which no other answer that may still come could be taken.

        Every failure turns to another one: a register that is silent is no reason to doubt the unit. Where answers are
        owed in all forms, the one owed last: its answer settles most of them. None: everything it could be asked may be
        answered by a copy; `not_before` is then when that is over.
        """
        self.unanswered = [owed for owed in self.unanswered if owed[1] > now]
        owed = [question.shape for question, _ in self.unanswered]
        copied = {one.question.shape for one in self.heard if one.until_ns > now}
        if self.last is not None:
            copied.add(self.last.shape)
        if not owed and self.steps and self.clear_ns(self.steps[0].question) <= now:
            return self.steps[0]
        choices = [*self.steps, *self.proofs, *(Proof(question) for question in self.fences)]
        if self.failures and not self.steps:
            choices = choices[len(self.proofs) :] or choices
        free = [proof for proof in choices if proof.question.shape not in owed]
        if not owed and self.steps:
            free = self.steps[:1]  # its identity is what is missing: wait until it can be asked
        for proof in free:
            if proof.question.shape not in copied:
                return proof
        for proof in free:
            if self.clear_ns(proof.question) <= now and not self._follows_alike(proof.question):
                return proof
        if free:
            self.not_before = max(now + 1, min(self.clear_ns(proof.question) for proof in free))
            return free[0] if self.not_before <= now + 1 else None
        return max(choices, key=lambda proof: owed.index(proof.question.shape))

    def proof_missed(self, question: Question) -> None:
        """A proof went unanswered: its register's silence, perhaps. Ask others first."""
        self.fences = tuple(sorted(self.fences, key=lambda fence: fence == question))

    def clear_ns(self, question: Question) -> int:
        """From when no copy of another question's answer can be taken for the answer to this one."""
        if not self.heard:
            return 0
        return max(
            (one.until_ns for one in self.heard if one.question.shape == question.shape and one.question != question),
            default=0,
        )

    def ask_from_ns(self, read: Read, now: int) -> int:
        """From when a read may be asked: when no copy can be taken for its answer. One that waited for that goes before
        another of its form, or it would wait for ever where the other comes often.
        """
        form = read.question.shape
        first = self.waiting.get(form)
        if first is not None and first is not read and not first.gone:
            return max(self.clear_ns(first.question), now + 1)
        until = self.clear_ns(read.question)
        if until > now:
            self.waiting[form] = read
        elif first is not None:
            del self.waiting[form]
        return until

    def alike(self, question: Question) -> bool:
        """Whether the question just before has the same shape but asks for something else: one step behind, its
        answer would pass for this one's. Another question has to stand between the two.
        """
        return bool(self.fences) and self._follows_alike(question)

    def _follows_alike(self, question: Question) -> bool:
        return self.last is not None and self.last.shape == question.shape and self.last != question

    def owe(self, question: Question, now: int) -> None:
        """`question` went unanswered; its answer may still come."""
        self.unanswered.append((question, now + LATE_NS))

    def remember(self, question: Question, answer: Answer | None, now: int) -> None:
        """`question` was answered or settled; its answer may come again."""
        self.heard = [one for one in self.heard if one.until_ns > now and one.question != question]
        self.heard.append(Heard(question, now + COPY_NS, answer))

    def settle(self, question: Question, answer: Answer, now: int) -> bool:
        """Whether `answer` can only be the answer to `question`, the newest asked. Forgets what it settles."""
        owed = self.unanswered
        fits = next((i for i, (older, _) in enumerate(owed) if self._same_form(older, question, answer)), None)
        settled, self.unanswered = (owed, []) if fits is None else (owed[: fits + 1], owed[fits + 1 :])
        for older, _ in settled:
            self.remember(older, None, now)
        return fits is None

    @staticmethod
    def _same_form(older: Question, question: Question, answer: Answer) -> bool:
        return older.fc == question.fc if isinstance(answer, int) else older.shape == question.shape

    def came_late(self, question: Question, now: int) -> None:
        """The answer to an owed question came: it and all asked before it are settled."""
        for i, (owed, _) in enumerate(self.unanswered):
            if owed is question:
                for older, _ in self.unanswered[: i + 1]:
                    self.remember(older, None, now)
                del self.unanswered[: i + 1]
                self.late += 1
                return

    def came_again(self, one: Heard, answer: Answer) -> None:
        """A copy of an answer, or what another device at the same address says."""
        self.late += one.answer is None
        self.copies += one.answer is not None
        self.twins += one.answer is not None and answer != one.answer

    @property
    def doubles(self) -> Reason | None:
        """What answers that came twice mean."""
        if self.twins >= TWINS_SURE and 4 * self.twins > self.copies:
            return Reason("modbus.two_devices")
        return Reason("modbus.copies") if self.copies >= COPIES_SURE else None

    def step_done(self, proof: Proof) -> None:
        """One proof was answered rightly."""
        self.steps = [step for step in self.steps if step.question is not proof.question]
        self.in_step = not self.unanswered

    def backoff_ns(self, *, garbled: bool = False) -> int:
        """How long to leave it alone after `failures` proofs in a row failed: 0.5 s doubling to 30 s.

        One whose answers come, but broken, is there: the pause grows later. That it grows at all lets what the unit
        owes run out.
        """
        free = (PATIENCE if self.known else 1) + (GARBLED_MORE if garbled else 0)
        return min(BACKOFF_FIRST_NS << min(max(self.failures - free, 0), 8), BACKOFF_MOST_NS)
