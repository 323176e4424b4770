"""Another's public key, as people write it: the 32 bytes of an Ed25519 key in base64."""

import base64
from typing import Annotated

from pydantic import AfterValidator

from drivers.profile.mistake import Wrong, shown


def _whole(text: str) -> str:
    try:
        whole = len(base64.b64decode(text, validate=True)) == 32
    except ValueError:
        whole = False
    if not whole:
        raise Wrong("settings.no_public_key", "write.public_key", value=shown(text))
    return text


PublicKey = Annotated[str, AfterValidator(_whole)]
