"""wire: frames of a capture as JSON, and JSON as frames. Needs no agent and no network."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.reasons import in_words, json_reason
from agent.cli.trouble import Trouble
from agent.cli.words import _
from protocols.reason import Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from protocols.gb26875.dialect import Dialect

DECODED = ("gb26875", "beidou")
ENCODED = ("gb26875",)


def build(parser: Parser) -> None:
    """The verbs of `hydronest wire`."""
    decode = parser.verb("decode", _("what frames say, one JSON object a line"), decode_frames)
    encode = parser.verb("encode", _("the frames that JSON describes, one line of hex each"), encode_frames)
    for verb, what in ((decode, _("hex digits, or - for one frame a line")), (encode, _("JSON, or - for one a line"))):
        known = DECODED if verb is decode else ENCODED
        verb.add_argument("protocol", choices=known, metavar="PROTOCOL", help=", ".join(known))
        verb.add_argument("frames", nargs="+", metavar="FRAME", help=what)
        verb.add_argument(
            "--dialect", default="standard", metavar="NAME", help=_("how the centre departs from the standard")
        )
    names = _("beidou: the gateway's site message or site file, which say what its numbers name")
    decode.add_argument("--names", metavar="FILE", help=names)


def decode_frames(call: Call) -> int:
    """What each says, and the verdict. 65 if any is refused."""
    return _digests(call) if call.args.protocol == "beidou" else _centre_frames(call)


def _digests(call: Call) -> int:
    from agent.cli.short_message import names_of, told
    from protocols.beidou.digest import BadDigest

    names = None if call.args.names is None else names_of(call.args.names)
    sound = True
    for number, line in enumerate(_lines(call.args.frames, " "), 1):
        try:
            call.emit(told(bytes.fromhex(line.removeprefix("A4")), names))
        except (BadDigest, ValueError):
            sound = False
            call.emit({"verdict": "refused"})
            call.note(_("message {number}: no digest of a gateway, or not as it was sent").format(number=number))
    return exits.OK if sound else exits.BAD_DATA


def _centre_frames(call: Call) -> int:
    """Every header field, the objects with units and named bits, and the verdict. 65 if any frame is refused."""
    from protocols.gb26875.fields import CodecError
    from protocols.gb26875.text import frame_to_json, from_hex

    dialect = _dialect(call)
    sound = True
    for number, line in enumerate(_lines(call.args.frames, " "), 1):
        try:
            told = frame_to_json(from_hex(line), dialect)
        except CodecError as wrong:
            told = {"verdict": "refused", "reason": wrong.reason}
        call.emit(told)
        if told["verdict"] == "refused":
            sound = False
            why = Reason("gb.refused", why=told["reason"])
            call.note(_("frame {number}: {wrong}").format(number=number, wrong=in_words(why)))
    return exits.OK if sound else exits.BAD_DATA


def encode_frames(call: Call) -> int:
    """The reverse. Stops at the first description that makes no frame, saying which field is wrong."""
    from protocols.gb26875.fields import CodecError
    from protocols.gb26875.text import json_to_frame

    dialect = _dialect(call)
    for number, line in enumerate(_lines(call.args.frames, "\n"), 1):
        try:
            told = json.loads(line)
            if not isinstance(told, dict):
                raise CodecError("request.object")
            raw = json_to_frame(told, dialect)
        except json.JSONDecodeError as wrong:
            raise Trouble(
                exits.BAD_DATA,
                _("frame {number}: no JSON: {wrong}").format(number=number, wrong=in_words(json_reason(wrong))),
                _("Give it in single quotes, or one object a line on standard input with -."),
            ) from None
        except CodecError as wrong:
            raise Trouble(
                exits.BAD_DATA,
                _("frame {number}: {wrong}").format(number=number, wrong=in_words(wrong.reason)),
                _("hydronest wire decode shows what a frame's JSON looks like."),
            ) from None
        _emit_hex(call, raw.hex(" ").upper())
    return exits.OK


def _emit_hex(call: Call, text: str) -> None:
    call.emit({"hex": text}, lambda: [text])


def _dialect(call: Call) -> Dialect:
    from protocols.gb26875.dialect import DIALECTS

    name = call.args.dialect
    if name not in DIALECTS:
        told = _("there is no dialect {name}").format(name=name)
        raise Trouble(exits.USAGE, told, _("Known here: {names}").format(names=", ".join(DIALECTS)))
    return DIALECTS[name]


def _lines(words: list[str], joint: str) -> Iterable[str]:
    """The frames named on the command line (hex may come as many words), or one a line from standard input."""
    if words == ["-"]:
        return (line for line in sys.stdin if line.strip())
    return [joint.join(words)] if joint == " " else words
