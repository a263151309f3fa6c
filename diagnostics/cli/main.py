"""Which command was asked for, and how does it end? Imports a command only when it is called."""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from diagnostics import __version__
from diagnostics.errors import DiagnosticsError, Exit, UsageError

if TYPE_CHECKING:  # Screen brings the gate: too dear for --help
    from diagnostics.cli.screen import Screen

COMMANDS = {
    "run": "run the diagnostic suite: what is wrong, whose fault it is, what it cost",
    "validate": "check a request against the contract before it is sent",
    "media": "say what a media file or URL is, and which limit it breaks",
    "explain": "say what a code or message means, whose fault it is, what to do",
    "triage": "judge somebody's HAR, cassette, curl, log or JSON answer, offline",
    "emulate": "serve a provider that misbehaves on request, for your own client",
    "poll": "follow a job, or check once how it stands",
    "scenes": "make a prompt into a film of several scenes, and say where it fails",
    "webhook": "verify a signed callback, or receive callbacks and verify them",
    "record": "run scenarios, or convert a recording, into a cassette that vcrpy replays",
    "replay": "ask a recording again, offline and without a key, and judge it",
    "load": "run a load profile: rates, percentiles, jobs, limits, and where it breaks",
    "compare": "say what differs between two load runs, and what of it is noise",
    "report": "render an old run again, in any format or language",
    "redact": "make copies without secrets, fit for sharing",
    "list": "list scenarios, operations, faults, profiles, formats, codes, rules",
}
"""Each is a module beside this one (`list` is `list_`: a keyword-like name would shadow)."""

EXAMPLES = {
    "run": "diagnostics run --operation createTalkingPhoto --request call.json --lang ru",
    "validate": "diagnostics validate createTalkingPhoto call.json",
    "media": "diagnostics media face.jpg --for createTalkingPhoto:talking_photo_url",
    "explain": "diagnostics explain 1015",
    "triage": "diagnostics triage capture.har",
    "emulate": "diagnostics emulate akool --port 8080 --fault overload-1015",
    "poll": "diagnostics poll heygen JOB_ID --once",
    "scenes": 'diagnostics scenes "A sunset over the sea" --scenes 3 --duration 5',
    "webhook": "diagnostics webhook verify replicate callback.http",
    "record": "diagnostics record --provider heygen --to cassettes/heygen/mine.yaml",
    "replay": "diagnostics replay bundle.zip",
    "load": "diagnostics load smoke",
    "compare": "diagnostics compare out/RUN_BEFORE out/RUN_AFTER",
    "report": "diagnostics report out/RUN_ID --format md --lang ru",
    "redact": "diagnostics redact capture.har --out clean/",
    "list": "diagnostics list faults",
}

_SECRETS = ("_API_KEY", "_API_TOKEN", "_CLIENT_SECRET", "_ACCESS_TOKEN", "_WEBHOOK_SECRET")
"""Ends of the names of environment variables whose values no message may show."""
_SECRET_LENGTH_MIN = 6
"""Anything shorter is no secret, and hiding it would blot out innocent text."""

_EPILOG = """\
example (needs no key and no network):
  diagnostics run --fault unreachable-media

exit codes:
  0 pass or warn   1 findings that fail   2 usage or configuration
  3 inconclusive, or the target could not be judged   130 interrupted"""


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help that reads alike on every Python and in every terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=columns())

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        named = ", ".join(action.option_strings)  # Python < 3.13 repeats the value's name
        default = self._get_default_metavar_for_optional(action)
        return f"{named} {self._format_args(action, default)}"


class Parser(argparse.ArgumentParser):
    """Raises our own error instead of printing argparse's."""

    def error(self, message: str) -> NoReturn:
        """Name the nearest option, and where help is."""
        near = ""
        if message.startswith("unrecognized arguments: -"):
            wanted = message.partition(": ")[2].split()[0].partition("=")[0]
            near = nearest(wanted, self._option_string_actions)
        message = message.replace("invalid _", "invalid ")  # a converter's name is private
        raise UsageError(message, hint=near or f"see: {self.prog} --help")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Help and version; argparse itself would keep silent about a full disk."""
        try:
            (file or sys.stdout).write(message)
        except BrokenPipeError:
            _abandon_stdout()
        except OSError as error:
            raise _unwritable(error) from error


def columns() -> int:
    """How wide help may be (shutil would bring three compression libraries)."""
    try:
        wide = int(os.environ.get("COLUMNS", "")) or os.get_terminal_size().columns
    except (ValueError, OSError):
        wide = 80
    return max(40, min(wide, 100))


def nearest(wanted: str, names: Any) -> str:
    """`nearest: …` for a hint; empty when nothing is near."""
    from difflib import get_close_matches  # noqa: PLC0415  # only on the way to an error

    found = get_close_matches(wanted, list(names), n=3, cutoff=0.6)
    return f"nearest: {', '.join(found)}" if found else ""


def language(environment: "os._Environ[str] | dict[str, str]") -> str:
    """The locale's language, if we speak it."""
    named = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "ru" if next(filter(None, named), "").lower().startswith("ru") else "en"


def parser() -> Parser:
    """The outer parser: it knows the commands' names and nothing of their arguments."""
    width = max(map(len, COMMANDS)) + 2
    table = "\n".join(f"  {name:<{width}}{says}" for name, says in COMMANDS.items())
    outer = Parser(
        prog="diagnostics",
        usage="diagnostics COMMAND [ARGUMENT …] [--help]",
        description=f"Why does a generative-video call fail, and whose fault is it?\n\n"
        f"commands (diagnostics COMMAND --help tells more):\n{table}",
        epilog=_EPILOG,
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    _common(outer)
    outer.add_argument("--version", action="version", version=f"diagnostics {__version__}")
    outer.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    outer.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return outer


def _common(to: argparse.ArgumentParser) -> None:
    group = to.add_argument_group("options of every command")
    group.add_argument("--json", action="store_true", help="one JSON object on stdout")
    group.add_argument("--lang", choices=("en", "ru"), help="default: the locale's")
    group.add_argument("-v", "--verbose", action="count", default=0, help="say more (-vv: most)")
    group.add_argument("--provider", metavar="NAME", help="default: as the rest says")


def command_parser(name: str, module: ModuleType) -> Parser:
    """The whole parser of one command."""
    inner = Parser(
        prog=f"diagnostics {name}",
        description=f"{COMMANDS[name][0].upper()}{COMMANDS[name][1:]}.",
        epilog=f"example:\n  {EXAMPLES[name]}",
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    module.arguments(inner)
    _common(inner)
    return inner


def load(name: str) -> ModuleType:
    """The module of one command."""
    from importlib import import_module  # noqa: PLC0415  # not needed for --help

    if name not in COMMANDS:
        hint = nearest(name, COMMANDS) or f"commands: {', '.join(COMMANDS)}"
        raise UsageError(f"no command {name!r}", hint=hint)
    return import_module(f"diagnostics.cli.{'list_' if name == 'list' else name}")


def parse(argv: Sequence[str]) -> tuple[ModuleType, argparse.Namespace]:
    """The command's module and every option, common ones on either side of the name."""
    outer = parser()
    options = outer.parse_args(argv)
    if options.command is None:
        raise UsageError("name a command", hint="see: diagnostics --help")
    module = load(options.command)
    inner = command_parser(options.command, module)
    options = inner.parse_intermixed_args(options.rest, options)
    options.lang = options.lang or language(os.environ)
    options.provider = _provider(options.provider, several=options.command == "run")
    return module, options


def _provider(wanted: str | None, *, several: bool) -> str | None:
    """A provider that has a contract, or `all` where a command takes it."""
    if wanted is None:
        return None
    from diagnostics.contract_load import providers  # noqa: PLC0415  # not needed for --help

    names = [*providers(), *(["all"] if several else [])]
    if wanted not in names:
        hint = nearest(wanted, names) or f"providers: {', '.join(names)}"
        raise UsageError(f"no provider {wanted!r}", hint=hint)
    return wanted


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; every way it can end becomes an exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    _tolerate_any_terminal()
    session = Session(given)
    code = session.guarded(session.run)
    return session.guarded(lambda: _flush(code))


def _tolerate_any_terminal() -> None:
    """What the terminal's encoding cannot show is escaped; nothing is lost and nothing raises."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # whoever started us closed it (`>&-`)
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        stream = getattr(sys, name)
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _flush(code: int) -> int:
    """Bytes that cannot be written any more are noticed here and not at interpreter exit."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _abandon_stdout()
        if code == Exit.OK and not isinstance(error, BrokenPipeError):
            raise _unwritable(error) from error
    return code


def _unwritable(error: OSError) -> UsageError:
    return UsageError(f"cannot write to standard output: {error.strerror}")


def _abandon_stdout() -> None:
    """Whoever read our output has gone: let the interpreter's last flush find no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Session:
    """One invocation: what was typed, and the screen once there is one."""

    def __init__(self, argv: Sequence[str]) -> None:
        self.argv = argv
        self.screen: Screen | None = None

    def run(self) -> int:
        """Parse what was typed, load that command, call it."""
        module, options = parse(self.argv)
        self.screen = _screen(options)
        return int(module.main(options, self.screen))

    def guarded(self, step: Callable[[], int]) -> int:
        """Nothing but an exit code comes out of here."""
        try:
            return step()
        except SystemExit as end:  # --help and --version
            return end.code if isinstance(end.code, int) else Exit.OK
        except DiagnosticsError as error:
            self._guess().fail(error)
            return error.exit
        except KeyboardInterrupt:
            self._guess().say("interrupted")
            return Exit.INTERRUPTED
        except Exception as error:  # noqa: BLE001  # the last net: no traceback reaches a user
            self._guess().unforeseen(error)
            return Exit.INCONCLUSIVE

    def _guess(self) -> "Screen":
        """A screen even when the command line could not be parsed."""
        if self.screen is None:
            self.screen = _screen(
                argparse.Namespace(
                    json="--json" in self.argv,
                    lang=language(os.environ),
                    verbose=2 * ("-vv" in self.argv),
                )
            )
        return self.screen


def _screen(options: argparse.Namespace) -> "Screen":
    from diagnostics.cli.screen import Screen  # noqa: PLC0415  # too dear for --help

    screen = Screen(language=options.lang, as_json=options.json, verbose=options.verbose)
    for name, value in os.environ.items():
        if name.endswith(_SECRETS) and len(value.strip()) >= _SECRET_LENGTH_MIN:
            screen.gate.register(value.strip(), name.lower().replace("_", "-"))
    return screen


def entry() -> None:
    """Console script."""
    code = main()
    gc.freeze()  # the interpreter's last search for cycles would cost every run some 15 ms
    sys.exit(code)


if __name__ == "__main__":
    entry()
