"""BeiDou terminals as data: how one is asked for its card, told to send, and says what became of it."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from drivers.profile.explain import validated
from drivers.profile.mistake import Mistake, Wrong
from drivers.profile.part import Part, pattern_hint, shaped
from drivers.profile.toml import TomlText

SHIPPED_TERMINALS = Path(__file__).resolve().parents[2] / "config" / "terminals"
_NAME = r"[A-Z0-9]{2,12}"
_BODY = r"[A-Za-z0-9,._+{}-]{2,120}"
SentenceName = Annotated[str, shaped(_NAME, "write.sentence_name"), pattern_hint(_NAME)]
Body = Annotated[str, shaped(_BODY, "write.sentence"), pattern_hint(_BODY)]
FieldAt = Annotated[int, Field(ge=0, le=60)]


class CardWords(Part):
    """How it says which card is in it. Fields count from 0, behind the sentence's name."""

    ask: Body = Field(description="what it is asked, without $ and check")
    sentence: SentenceName = Field(description="name of its answer")
    number: FieldAt = Field(description="field of the card's number; 0 in it means no card")
    rest_s: FieldAt = Field(description="field of the seconds that the card must rest between two messages")


class SendWords(Part):
    """How it is told to send."""

    say: Body = Field(description="with {to} for the receiver's card and {data} for the message in hexadecimal digits")
    lead_bytes: int = Field(0, ge=0, le=8, description="bytes of the message that `say` itself takes")

    @model_validator(mode="after")
    def _holes(self) -> Self:
        for hole in ("{to}", "{data}"):
            if self.say.count(hole) != 1:
                raise Wrong("settings.terminal_hole", "write.terminal_hole", ("say",), hole=hole)
        if "{" in self.say.replace("{to}", "").replace("{data}", ""):
            raise Wrong("settings.terminal_hole", "write.terminal_hole", ("say",), hole="{…}")
        return self


class SaidWords(Part):
    """How it says what became of that. It tells that the message went out, never that it came anywhere."""

    sentence: SentenceName
    about: FieldAt = Field(description="field that names what it speaks of")
    what: SentenceName = Field(description="what stands there when it speaks of sending")
    done: FieldAt = Field(description="field that is Y when it went out")
    why: FieldAt = Field(description="field with its own number for why not")
    left_s: FieldAt = Field(description="field of the seconds until it may send")
    too_soon: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="numbers for why not that mean that the card still rests"
    )


class Terminal(Part):
    """A whole command set."""

    terminal: str
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 115200
    message_bytes: int = Field(78, ge=48, le=1750, description="of one message; 78 are 628 bits")
    card: CardWords
    send: SendWords
    said: SaidWords


@cache
def _adapter() -> TypeAdapter[Terminal]:
    return TypeAdapter(Terminal)


def terminal_file(name: str, folder: Path) -> Path:
    """The file of a shipped command set, or the one at this path, taken from `folder` where it is relative."""
    return Path(folder, name) if name.endswith(".toml") else SHIPPED_TERMINALS / f"{name}.toml"


def read_terminal(path: Path) -> tuple[Terminal | None, list[Mistake]]:
    """One command set and all its mistakes."""
    return validated(_adapter(), TomlText(path), {})
