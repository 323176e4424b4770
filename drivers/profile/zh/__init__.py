"""The report in Chinese. The English text is the key; a test holds that none is missing."""

from typing import Final

from drivers.profile.zh import files, imports, profiles, site

ZH: Final[dict[str, str]] = {**files.TEXTS, **site.TEXTS, **profiles.TEXTS, **imports.TEXTS}
