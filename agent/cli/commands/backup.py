"""backup: everything a gateway keeps in one file, and how it is put back, on this machine or on another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from agent.cli import exits, show
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.globals import SITE_FILE
from agent.cli.reasons import in_words, trouble_of
from agent.cli.trouble import Trouble
from agent.cli.words import _
from protocols.system import file_reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from agent.cli.backup.reading import Content, NoBackup
    from agent.settings.settings import Settings


def build(parser: Parser) -> None:
    """`hydronest backup make|show|restore`."""
    make = parser.verb("make", _("write settings, journal and everything else that is kept into FILE"), make_one)
    look = parser.verb("show", _("is FILE whole, of which gateway, and of when"), show_one)
    back = parser.verb("restore", _("put FILE back; the agent must not run"), restore_one)
    for verb in (make, look, back):
        verb.add_argument("file", metavar="FILE")
    for verb in (make, back):
        verb.add_argument("--site", default=SITE_FILE, metavar="FILE", help=_("the site file") + f" ({SITE_FILE})")
        verb.add_argument("--secrets", metavar="FILE", help=_("keys and passwords too, sealed with the words in FILE"))
    back.add_argument("--settings", metavar="DIR", help=_("only the settings, into this new folder"))
    back.add_argument("--yes", action="store_true", help=_("do not ask"))


def make_one(call: Call) -> int:
    """Whether the agent runs or not; what it keeps goes on meanwhile."""
    from pathlib import Path

    from agent.cli.backup.gathering import alone, secrets_of, settings_files, state_files
    from agent.cli.backup.writing import write
    from agent.cli.site_file import settings_of
    from agent.runtime.machine import machine_name
    from agent.runtime.version import VERSION

    settings, out = settings_of(call.args.site), Path(call.args.file)
    if not call.args.file or out.is_dir():
        raise Trouble(exits.USAGE, _("{file} is a folder: name a file").format(file=out))
    words = _words(call)
    about = {
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "gateway": settings.site.gateway.id,
        "site": settings.path.name,
        "machine": machine_name(),
        "version": VERSION,
    }
    try:
        with alone(settings.site.gateway.state_dir), _journal(call, settings) as journal:
            files = [*settings_files(settings), *state_files(settings), *journal]
            manifest = write(out, files, about, secrets_of(settings) if words else {}, words)
    except OSError as error:
        raise trouble_of(exits.CANNOT_WRITE, file_reason(error.filename or out, error)) from None
    return _told(call, out, manifest, _("written"))


def show_one(call: Call) -> int:
    """65 where it is not as it was written."""
    from pathlib import Path

    file = Path(call.args.file)
    return _told(call, file, _read(file).manifest, _("whole and right"))


def restore_one(call: Call) -> int:
    """Everything is checked before anything is put in its place; what was there is kept beside it."""
    from pathlib import Path

    from agent.cli.backup import put_back
    from agent.cli.backup.reading import NoBackup

    file = Path(call.args.file)
    if call.args.settings:
        folder = Path(call.args.settings)
        if folder.exists():
            raise Trouble(exits.CANNOT_WRITE, _("{folder} is there already: name a new one").format(folder=folder))
        with _unpacked(file, folder.with_name(f".{folder.name}.restoring"), "settings/") as (content, ready):
            _put_secrets(content, ready, "settings/", _words(call))
            if not (ready / "settings").is_dir():
                raise NoBackup("backup.no_settings")
            put_back.for_the_agent(ready / "settings")
            (ready / "settings").rename(folder)
        return _told(call, folder, content.manifest, _("settings put back"))
    return _restore_state(call, file)


def _restore_state(call: Call, file: Path) -> int:
    from agent.cli.backup import put_back
    from agent.cli.site_file import settings_of
    from agent.journal.files import JournalTrouble, hold

    settings = settings_of(call.args.site)
    state, journal, gateway = settings.site.gateway.state_dir, settings.journal_path, settings.site.gateway.id
    if call.agent_runs():
        raise Trouble(exits.TRY_AGAIN, _("the agent runs here: stop it first"))
    words, lock, moves = _words(call), -1, put_back.Moves()
    with _unpacked(file, put_back.beside(state), "") as (content, ready):
        if content.manifest["gateway"] != gateway:
            told = _("{file} is of gateway {theirs}, and the site file is of {ours}")
            raise Trouble(exits.BAD_DATA, told.format(file=file, theirs=content.manifest["gateway"], ours=gateway))
        call.confirm(_("Put what {gateway} kept on {made} in the place of {folder}?").format(
            gateway=gateway, made=content.manifest["made"], folder=state), call.args.yes
        )  # fmt: skip
        try:
            if state.exists():
                lock = hold(journal)
            _put_secrets(content, ready, "state/", words)
            new = ready / "state"
            new.mkdir(exist_ok=True)
            put_back.make_ready(new, str(content.manifest["made"]))
            put_back.place_journal(ready / "journal", new, state, journal, moves)
            aside = put_back.swap(new, state, moves)
        except OSError:
            moves.take_back()
            raise
        except JournalTrouble as trouble:
            raise trouble_of(exits.TRY_AGAIN, trouble.reason) from None
        finally:
            if lock >= 0:
                put_back.let_go(lock)
    if aside is not None:
        call.note(_("what was there before is in {folder}").format(folder=aside))
    if not words:
        call.note(_("without its secrets: it makes a key of its own anew, and seals are signed with that"))
    return _told(call, state, content.manifest, _("put back"))


@contextmanager
def _unpacked(file: Path, into: Path, only: str) -> Iterator[tuple[Content, Path]]:
    """Checked and written beside; gone at the end, whatever happened."""
    import shutil

    from agent.cli.backup.reading import NoBackup, unpack

    shutil.rmtree(into, ignore_errors=True)
    try:
        into.mkdir(mode=0o700, parents=True)
        yield unpack(file, into, only), into
    except NoBackup as wrong:
        raise _no_backup(file, wrong) from None
    except OSError as error:
        raise trouble_of(exits.CANNOT_WRITE, file_reason(error.filename or file, error)) from None
    finally:
        shutil.rmtree(into, ignore_errors=True)


def _read(file: Path) -> Content:
    from agent.cli.backup.reading import NoBackup, unpack

    try:
        return unpack(file)
    except NoBackup as wrong:
        raise _no_backup(file, wrong) from None
    except OSError as error:
        raise trouble_of(exits.BAD_DATA, file_reason(file, error)) from None


def _no_backup(file: Path, wrong: NoBackup) -> Trouble:
    told = _("{file} is no backup, or not as it was written: {why}").format(file=file, why=in_words(wrong.reason))
    return Trouble(exits.BAD_DATA, told, reason=wrong.reason)


def _words(call: Call) -> str:
    """The passphrase; empty where no secrets are wanted."""
    from pathlib import Path

    from agent.cli.backup.sealed import LEAST_LETTERS

    if not call.args.secrets:
        return ""
    try:
        words = Path(call.args.secrets).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error if isinstance(error, OSError) else OSError()
        raise trouble_of(exits.BAD_DATA, file_reason(call.args.secrets, why)) from None
    if len(words) < LEAST_LETTERS:
        told = _("{file} is too short to seal anything with: {count} letters at least")
        raise Trouble(exits.USAGE, told.format(file=call.args.secrets, count=LEAST_LETTERS))
    return words


def _put_secrets(content: Content, ready: Path, below: str, words: str) -> None:
    from agent.cli.backup.reading import NAME
    from agent.cli.backup.sealed import WrongPassphrase, unseal

    if not words:
        return
    try:
        secrets = unseal(content.secrets, words)
    except WrongPassphrase:
        told = _("the secrets cannot be opened: other words, or none are in it")
        raise Trouble(exits.BAD_DATA, told) from None
    for name, text in secrets.items():
        if name.startswith(below) and NAME.fullmatch(name):
            path = ready / name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_bytes(text)
            path.chmod(0o600)


@contextmanager
def _journal(call: Call, settings: Settings) -> Iterator[list[tuple[str, Path]]]:
    """The journal's files: a copy that the agent makes where it runs, else themselves while nobody else opens them."""
    from agent.cli.backup import put_back
    from agent.journal.files import JournalTrouble, hold, wal_of

    path = settings.journal_path
    if call.agent_runs():
        try:
            yield [(f"journal/{put_back.JOURNAL_FILE}", _copied(call))]
        finally:
            call.ask("journal.copy", end=True)
        return
    if not path.exists():
        yield []
        return
    try:
        lock = hold(path)
    except JournalTrouble as trouble:
        raise trouble_of(exits.TRY_AGAIN, trouble.reason) from None
    try:
        files = ((f"journal/{put_back.JOURNAL_FILE}{end}", one) for end, one in (("", path), ("-wal", wal_of(path))))
        yield [(name, one) for name, one in files if one.exists()]
    finally:
        put_back.let_go(lock)


def _copied(call: Call) -> Path:
    from pathlib import Path

    told: dict[str, Any] = call.ask("journal.copy", begin=True)
    with call.progress(told["of"], _("journal")) as bar:
        while told["left"]:
            bar.reach(told["of"] - told["left"], told["of"])
            told = call.ask("journal.copy")
    return Path(told["file"])


def _told(call: Call, file: Path, manifest: dict[str, Any], what: str) -> int:
    files: dict[str, Any] = manifest["files"]
    value = {name: one for name, one in manifest.items() if name != "files"}
    value |= {"file": str(file), "files": len(files), "bytes": sum(size for size, _sum in files.values())}
    pairs = [(what, str(file)), (_("gateway"), str(manifest["gateway"])), (_("made"), str(manifest["made"]))]
    secrets = _("sealed") if "secrets" in files else _("not in it")
    counted = f"{value['files']}, {show.size(value['bytes'])}"
    call.facts(value | {"secrets": "secrets" in files}, [*pairs, (_("files"), counted), (_("secrets"), secrets)])
    return exits.OK
