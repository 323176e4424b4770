"""The makes that a device may be of: the site's own profiles and those shipped."""

from pathlib import Path

from agent.cli import exits
from agent.cli.questions import wrong
from agent.cli.trouble import Trouble
from agent.cli.words import _
from agent.settings.load import folders
from agent.settings.settings import Settings
from drivers.profile.load import names, read
from drivers.profile.mistake import nearest
from drivers.profile.model import ModbusProfile


class Makes:
    """Of one site file."""

    def __init__(self, site: Path, settings: Settings) -> None:
        own = [str(folder) for folder in settings.site.gateway.profiles]
        self._there = names(folders({"gateway": {"profiles": own}}, site))

    def known(self, text: str) -> str:
        """The name of one that can be tried. Raises Trouble that is shown."""
        if text not in self._there:
            near = nearest(text, list(self._there))
            raise wrong(_("there is no make {name}").format(name=text) + (f": {near}?" if near else ""))
        self.read(text)
        return text

    def read(self, name: str) -> ModbusProfile:
        """Raises Trouble where it is none on a Modbus line, or has mistakes."""
        profile, _mistakes = read(self._there[name], name)
        if not isinstance(profile, ModbusProfile):
            told = _("{name} is no make on a Modbus line, or has mistakes").format(name=name)
            raise Trouble(exits.BAD_SETTINGS, told)
        return profile
