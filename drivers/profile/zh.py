"""The report in Chinese. The English text is the key; a test holds that none is missing."""

from typing import Final

ZH: Final[dict[str, str]] = {}
