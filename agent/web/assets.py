"""The style and the scripts of the pages: read once, and named after what is in them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from agent.web.requests import Answer

FOLDER = Path(__file__).parent / "static"
KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class Assets:
    """`answer` to the address that `address` gives; there are no others."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._answers: dict[str, Answer] = {}
        self._addresses: dict[str, str] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix in KINDS:
                body = path.read_bytes()
                address = f"/static/{sha256(body).hexdigest()[:12]}/{path.name}"
                kept = (("cache-control", "public, max-age=31536000, immutable"),)
                self._addresses[path.name] = address
                self._answers[address] = Answer(body, kind=KINDS[path.suffix], fields=kept)

    def address(self, name: str) -> str:
        """Where it is; KeyError for none of ours."""
        return self._addresses[name]

    def answer(self, path: str) -> Answer | None:
        """What lies there."""
        return self._answers.get(path)
