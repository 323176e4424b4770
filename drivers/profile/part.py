"""What every settings model is made of: strict parts, and texts with a form of their own."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from drivers.profile.mistake import Wrong, shown


class Part(BaseModel):
    """Unknown keys are mistakes, types are not guessed, nothing changes after loading."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def written_as(parse: Callable[[str], object], example: str, pattern: str) -> BeforeValidator:
    """A field written as text in TOML and held parsed; `pattern` is only for the editor's JSON Schema."""

    def read(text: object) -> object:
        if not isinstance(text, str):
            raise Wrong("settings.not_a_text", "write.text_such_as", value=shown(text), example=example)
        return parse(text)

    schema: dict[str, JsonValue] = {"type": "string", "pattern": pattern, "examples": [example]}
    return BeforeValidator(read, json_schema_input_type=Annotated[str, Field(json_schema_extra=schema)])


def shaped(pattern: str, instead: str) -> AfterValidator:
    """A text that must match a pattern; `instead` says in words what may be written."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise Wrong("settings.does_not_fit", instead, value=shown(text))
        return text

    return AfterValidator(check)


def pattern_hint(pattern: str) -> Any:
    """The pattern for the editor's JSON Schema only; `shaped` says the same to people."""
    return Field(json_schema_extra={"pattern": f"^(?:{pattern})$"})
