"""Who may send next, for any traffic: a state machine of comings and goings against the rules in words."""

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.link.record import Stream
from agent.uplinks.gate import Gate

SHARE = 0.2


class Traffic(RuleBasedStateMachine):
    """Comes and goes in any order; `inside` and `outside` are what a person with a list would have."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.slots = 3
        self.gate = Gate(self.slots, SHARE)
        self.inside: list[Stream] = []
        self.waiting: dict[Stream, list[asyncio.Task[None]]] = {stream: [] for stream in Stream}
        self.granted: list[Stream] = []

    def teardown(self) -> None:
        for tasks in self.waiting.values():
            for task in tasks:
                task.cancel()
        self.settle()
        self.loop.close()

    def settle(self) -> None:
        """Let everything that can happen happen, and look who got in."""

        async def nothing() -> None:
            for _ in range(4):
                await asyncio.sleep(0)

        self.loop.run_until_complete(nothing())
        for stream, tasks in self.waiting.items():
            got_in = [task for task in tasks if task.done() and not task.cancelled()]
            assert tasks[: len(got_in)] == got_in, "first come, first served"
            self.waiting[stream] = [task for task in tasks if not task.done()]
            self.inside += [stream] * len(got_in)
            self.granted += [stream] * len(got_in)

    @rule(stream=st.sampled_from(list(Stream)), number=st.integers(1, 4))
    def come(self, stream: Stream, number: int) -> None:
        self.waiting[stream] += [self.loop.create_task(self.gate.enter(stream)) for _ in range(number)]
        self.settle()

    @precondition(lambda self: self.inside)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        self.inside.pop(data.draw(st.integers(0, len(self.inside) - 1)))
        both = bool(self.waiting[Stream.LIVE] and self.waiting[Stream.BACKLOG])
        event_waits = bool(self.waiting[Stream.EVENTS])
        before = len(self.granted)
        self.gate.leave()
        self.settle()
        if event_waits:
            assert self.granted[before] is Stream.EVENTS, "an event is never overtaken"
        elif not both:
            self.granted.clear()  # the share counts only where both are waiting all along

    @precondition(lambda self: any(self.waiting.values()))
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        stream = data.draw(st.sampled_from([s for s, tasks in self.waiting.items() if tasks]))
        task = data.draw(st.sampled_from(self.waiting[stream]))
        task.cancel()
        self.waiting[stream].remove(task)
        self.settle()

    @invariant()
    def never_too_many(self) -> None:
        assert len(self.inside) <= self.slots
        assert len([stream for stream in self.inside if stream is not Stream.EVENTS]) <= self.slots - 1

    @invariant()
    def no_slot_is_wasted(self) -> None:
        if len(self.inside) < self.slots:
            assert not self.waiting[Stream.EVENTS]
        if len(self.inside) < self.slots - 1:
            assert not any(self.waiting.values())

    @invariant()
    def the_backlog_is_not_starved(self) -> None:
        assert self.granted[-12:].count(Stream.LIVE) <= 10


TestTraffic = Traffic.TestCase
TestTraffic.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
