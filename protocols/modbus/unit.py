"""One unit on a line: whether it is in step with us, what it still owes, when it may be asked again."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from protocols.modbus.deadline import NS, Deadline
from protocols.modbus.framing_rtu import Answer
from protocols.modbus.question import Question
from protocols.reason import Reason

LATE_NS = 30 * NS  # how long an unanswered question may still be answered; serial gateways queue for tens of seconds
BACKOFF_FIRST_NS = NS // 2
BACKOFF_MOST_NS = 30 * NS


class Miss(Enum):
    """Why a read has no value."""

    NO_ANSWER = "no answer"
    BAD_ANSWER = "bad answer"
    WRONG_DEVICE = "wrong device"
    LINK_DOWN = "line down"


class Taker(Protocol):
    """Who a read's outcome goes to; `at_ns` is when the answer had arrived or the wait was over."""

    def answered(self, data: bytes, at_ns: int) -> None:
        """The answer's data, exactly as long as asked for."""

    def refused(self, code: int, at_ns: int) -> None:
        """The unit answered with this exception."""

    def missed(self, why: Miss, at_ns: int) -> None:
        """No usable answer, after the one retry."""


class Proof(NamedTuple):
    """A question whose right answer shows that the unit is the one meant; `check` None accepts any answer."""

    question: Question
    check: Callable[[bytes], bool] | None = None


class Read:
    """A question repeated every `period_ns`. It is always in exactly one place: due, held, parked or on the wire."""

    __slots__ = (
        "alarm",
        "asked_ns",
        "attempts",
        "cost_ns",
        "due_ns",
        "every_ns",
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
        self.silent = 0  # periods in a row it alone went unanswered while its unit answered others
        self.late = 0  # periods skipped because the line had no time
        self.gone = False  # replaced by others


class Unit:
    """What a line knows of one unit.

    A unit is `proven` once the proofs were answered and no earlier question can still be answered in their place.
    Units answer in the order they were asked: an answer that only the newest question fits settles all older ones.
    """

    __slots__ = (
        "answers",
        "any_unit",
        "bad",
        "deadline",
        "failures",
        "fences",
        "known",
        "late",
        "not_before",
        "number",
        "parked",
        "pause_after_write_ns",
        "pause_ns",
        "proofs",
        "proven",
        "reads",
        "refusals",
        "retries",
        "settled_in",
        "steps",
        "timeouts",
        "tried",
        "trouble",
        "turnaround_ns",
        "unanswered",
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
        self.steps: list[Proof] = self._all_steps()
        self.proven = not self.steps
        self.any_unit = any_unit  # TCP: it may answer under another unit id
        self.trouble: Reason | None = None  # the last thing wrong with its answers
        self.known = False  # has ever answered
        self.tried = False  # has ever been asked
        self.settled_in = False  # has ever been proven
        self.wrong = False  # answers, but is not the device meant
        self.failures = 0  # proofs in a row that failed
        self.not_before = 0
        self.unanswered: list[tuple[Question, int]] = []  # in the order asked, each until when it may come
        self.answers = self.timeouts = self.bad = self.refusals = self.retries = self.late = 0

    def _all_steps(self) -> list[Proof]:
        return list(self.proofs) or [Proof(question) for question in self.fences[:1]]

    def doubt(self) -> None:
        """Ask for proof again before anything of this unit is believed."""
        self.proven = False
        self.steps = self._all_steps()

    def next_proof(self, now: int) -> Proof:
        """What to ask an unproven unit: while something is owed, a question no owed answer could be taken for."""
        self.unanswered = [owed for owed in self.unanswered if owed[1] > now]
        if not self.unanswered:
            return self.steps[0]
        taken = [question.shape for question, _ in self.unanswered]
        choices = [*self.steps, *self.proofs, *(Proof(question) for question in self.fences)]
        for proof in choices:
            if proof.question.shape not in taken:
                return proof
        return min(choices, key=lambda proof: taken.index(proof.question.shape))

    def owe(self, question: Question, now: int) -> None:
        """`question` went unanswered; its answer may still come."""
        self.unanswered.append((question, now + LATE_NS))

    def settle(self, question: Question, answer: Answer) -> bool:
        """Whether `answer` can only be the answer to `question`, the newest asked. Forgets what it settles."""
        for i, (owed, _) in enumerate(self.unanswered):
            if owed.fc == question.fc if isinstance(answer, int) else owed.shape == question.shape:
                del self.unanswered[: i + 1]
                return False
        self.unanswered.clear()
        return True

    def came_late(self, question: Question) -> None:
        """The answer to an owed question came: it and all asked before it are settled."""
        for i, (owed, _) in enumerate(self.unanswered):
            if owed is question:
                del self.unanswered[: i + 1]
                self.late += 1
                return

    def step_done(self, proof: Proof) -> None:
        """One proof was answered rightly; proven when none is left."""
        if self.proofs:
            self.steps = [step for step in self.steps if step.question is not proof.question]
        else:
            self.steps.clear()
        self.proven = not self.steps and not self.unanswered

    def backoff_ns(self) -> int:
        """How long to leave it alone after `failures` proofs in a row failed: 0.5 s doubling to 30 s."""
        return min(BACKOFF_FIRST_NS << min(max(self.failures - 1, 0), 8), BACKOFF_MOST_NS)
