"""asyncua in a process that is only ever a client: without its server, XML and what only a server names.

`import asyncua` loads both, and holds some 14,800 names of nodes of the standard, of which a client uses those of types
and of the server object. Left out they save 6 MB of 16. Called first, in the process alone that needs no more; where a
server is wanted too, as beside the simulators, nobody calls it.
"""

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

_NAMES = "asyncua.ua.object_ids"
_LEFT_OUT = {
    "asyncua.server": "Server",
    "asyncua.common.xmlexporter": "XmlExporter",
    "asyncua.common.xmlimporter": "XmlImporter",
}
"""Module, and what the rest of asyncua names of it where it is imported."""
_USED = ("Server_", "ModellingRule_", "OPCBinarySchema_", "__")


def client_only() -> None:
    """From here on what is left out is empty: what wants something of it says so as it is imported."""
    if "asyncua" in sys.modules:
        return
    for left_out, name in _LEFT_OUT.items():
        sys.modules[left_out] = empty = ModuleType(left_out, __doc__)
        empty.__path__ = []
        vars(empty)[name] = None
    names = _names()
    for number in [number for number, name in names.ObjectIdNames.items() if not used_by_a_client(name)]:
        del names.ObjectIdNames[number]
    for name in [name for name in vars(names.ObjectIds) if not used_by_a_client(name)]:
        delattr(names.ObjectIds, name)
    sys.modules[_NAMES] = names


def used_by_a_client(name: str) -> bool:
    """A type, an encoding, a folder or a property by itself; of what is inside of one, only the server object's."""
    return "_" not in name or name.startswith(_USED) or name.endswith("_Encoding_DefaultBinary")


def _names() -> ModuleType:
    """Before anything else of the package, so that what is left out is room for the rest."""
    package = find_spec("asyncua")
    assert package is not None
    assert package.origin is not None
    spec = spec_from_file_location(_NAMES, Path(package.origin).with_name("ua") / "object_ids.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
