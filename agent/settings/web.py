"""The pages for a browser: there is such a process only where the site file has this table."""

import ipaddress
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from agent.settings.lines import FilePath, Host, Port, pair
from drivers.profile.mistake import Wrong, shown
from drivers.profile.part import Part


def _address(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise Wrong("settings.no_address", "write.ip_address", value=shown(text)) from None
    return text


class Web(Part):
    """Pages for a browser, for whoever has a link of `hydronest web link`. Without this table nobody listens."""

    listen: Annotated[str, AfterValidator(_address)] = Field(
        "127.0.0.1", description="IP address to listen at; any but this machine's own needs a certificate"
    )
    port: Port = 8460
    names: Annotated[tuple[Host, ...], Field(strict=False)] = Field(
        (), description="host names by which browsers reach it; by its IP address they always may"
    )
    certificate_file: FilePath | None = Field(None, description="PEM; shown to browsers, with key_file")
    key_file: FilePath | None = Field(None, description="PEM; readable by the agent only")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if faults := [*pair("certificate_file", self.certificate_file, "key_file", self.key_file)]:
            raise Wrong.together(faults)
        if self.certificate_file is None and not ipaddress.ip_address(self.listen).is_loopback:
            raise Wrong("settings.web_in_the_open", "write.web_certificate", at=("listen",), listen=self.listen)
        return self

    @property
    def address(self) -> str:
        """Where a browser finds it: by its first name where it has one."""
        host = self.names[0] if self.names else self.listen
        scheme = "http" if self.certificate_file is None else "https"
        return f"{scheme}://[{host}]:{self.port}/" if ":" in host else f"{scheme}://{host}:{self.port}/"
