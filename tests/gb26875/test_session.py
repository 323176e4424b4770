import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.gb26875.dialect import DIALECTS
from protocols.gb26875.frame import Frame, decode_frame
from protocols.gb26875.objects import encode
from protocols.gb26875.session import RESENDS, Asked, Confirmed, Failed, Session, Told, Transmit
from protocols.gb26875.words import Command

WALL = "2026-11-21T12:00:00"
DATA = encode(21, [{"state": ["normal"], "time": WALL}])


def from_centre(serial: int, command: int, data: bytes = b"", destination: int = 7) -> Frame:
    return Frame(serial, (1, 1), WALL, 1, destination, command, data)


def test_a_confirm_ends_the_exchange_once() -> None:
    session = Session(7, 1)
    serial, raw = session.upload(DATA, 0.0, WALL)
    assert decode_frame(raw).command == Command.SEND
    assert session.receive(from_centre(serial, Command.CONFIRM), 0.1, WALL) == [Confirmed(serial)]
    assert session.receive(from_centre(serial, Command.CONFIRM), 0.2, WALL) == []
    assert (session.waiting, session.next_deadline()) == (0, None)


def test_a_confirm_of_what_this_connection_has_not_sent_confirms_nothing() -> None:
    before = Session(7, 1)
    serial, _raw = before.upload(DATA, 0.0, WALL)
    session = Session(7, 1, first_serial=before.next_serial)
    for other in (serial, serial + 1, serial + 2):
        assert session.receive(from_centre(other, Command.CONFIRM), 0.1, WALL) == []
    mine, _raw = session.upload(DATA, 0.2, WALL)
    assert session.receive(from_centre(serial, Command.CONFIRM), 0.3, WALL) == []
    assert session.receive(from_centre(mine, Command.CONFIRM, destination=8), 0.3, WALL) == []
    assert session.waiting == 1


def test_silence_resends_the_same_bytes_three_times_then_gives_up() -> None:
    session = Session(7, 1, timeout_s=3)
    serial, raw = session.upload(DATA, 0.0, WALL)
    assert session.tick(2.9) == []
    for attempt in range(1, RESENDS + 1):
        assert session.tick(3.0 * attempt) == [Transmit(raw)]
    (failed,) = session.tick(12.0)
    assert isinstance(failed, Failed)
    assert (failed.serial, failed.denied) == (serial, False)
    assert session.waiting == 0


def test_a_deny_resends_at_once_and_ends_as_denied() -> None:
    session = Session(7, 1)
    serial, raw = session.upload(DATA, 0.0, WALL)
    deny = from_centre(serial, Command.DENY)
    assert [session.receive(deny, 0.1, WALL) for _ in range(RESENDS)] == [[Transmit(raw)]] * RESENDS
    (failed,) = session.receive(deny, 0.2, WALL)
    assert isinstance(failed, Failed)
    assert failed.denied


def test_serials_wrap_and_step_over_open_ones() -> None:
    session = Session(7, 1, first_serial=65535)
    assert [session.upload(DATA, 0.0, WALL)[0] for _ in range(2)] == [65535, 0]
    session._serial = 65535
    assert session.upload(DATA, 0.0, WALL)[0] == 1


def test_a_question_is_handed_up_and_answered_under_its_serial() -> None:
    session = Session(7, 1)
    (asked,) = session.receive(from_centre(44, Command.REQUEST, encode(81, [{"reserved": 0}])), 0.0, WALL)
    assert isinstance(asked, Asked)
    assert asked.answer_type == 21
    answer = decode_frame(session.respond(asked, DATA, WALL))
    assert (answer.serial, answer.command, answer.source, answer.destination) == (44, Command.RESPOND, 7, 1)


def test_a_duty_check_is_confirmed_by_the_device_and_left_to_a_person() -> None:
    session = Session(7, 1)
    confirm, told = session.receive(from_centre(9, Command.CONTROL, encode(91, [{"minutes": 5}])), 0.0, WALL)
    assert isinstance(confirm, Transmit)
    assert decode_frame(confirm.raw).command == Command.CONFIRM
    assert isinstance(told, Told)
    assert told.content.objects[0]["minutes"] == 5


@pytest.mark.parametrize("data", [bytes([200, 1, 0]), bytes([91, 1]), bytes([1])])
def test_what_is_not_understood_is_denied(data: bytes) -> None:
    (denied,) = Session(7, 1).receive(from_centre(3, Command.CONTROL, data), 0.0, WALL)
    assert isinstance(denied, Transmit)
    assert decode_frame(denied.raw).command == Command.DENY


def test_dialects_decide_the_confirm_body_and_the_unknown_type() -> None:
    echo = Session(7, 1, DIALECTS["echo-confirm"])
    data = encode(91, [{"minutes": 5}])
    confirm = echo.receive(from_centre(9, Command.CONTROL, data), 0.0, WALL)[0]
    assert isinstance(confirm, Transmit)
    assert decode_frame(confirm.raw).data == data


def test_frames_to_others_and_a_timeout_over_the_standards_are_refused() -> None:
    session = Session(7, 1)
    serial, _ = session.upload(DATA, 0.0, WALL)
    assert session.receive(from_centre(serial, Command.CONFIRM, destination=8), 0.0, WALL) == []
    with pytest.raises(ValueError, match="up to 10"):
        Session(7, 1, timeout_s=11)


STEPS = st.lists(st.tuples(st.sampled_from(["send", "confirm", "deny", "wait"]), st.integers(0, 5)), max_size=60)


@given(STEPS)
def test_every_upload_ends_exactly_once(steps: list[tuple[str, int]]) -> None:
    """Confirmed or failed, never both, never neither once everything has timed out."""
    session = Session(7, 1, timeout_s=3)
    now = 0.0
    sent: list[int] = []
    ended: list[int] = []
    for what, number in steps:
        outcomes = []
        if what == "send":
            sent.append(session.upload(DATA, now, WALL)[0])
        elif what == "wait":
            now += number
            outcomes = session.tick(now)
        else:
            outcomes = session.receive(from_centre(number, Command[what.upper()]), now, WALL)
        ended += [outcome.serial for outcome in outcomes if isinstance(outcome, Confirmed | Failed)]
    while session.waiting:
        deadline = session.next_deadline()
        assert deadline is not None
        now = max(now, deadline)
        ended += [outcome.serial for outcome in session.tick(now) if isinstance(outcome, Failed)]
    assert sorted(ended) == sorted(sent)
