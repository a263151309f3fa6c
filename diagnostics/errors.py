"""What can *we* not do? Five errors at most, and the exit codes.

What a provider does wrong is a finding.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command (design, section 6)."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    INCONCLUSIVE = 3
    INTERRUPTED = 130


class DiagnosticsError(Exception):
    """What *we* cannot do. What a provider does wrong is a `Finding` and is never raised.

    `place` names file and line (`call.json:3:7`) where there is one; `hint` is the remedy.
    """

    exit = Exit.USAGE

    def __init__(self, message: str, *, place: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.place, self.hint = message, place, hint


class UsageError(DiagnosticsError):
    """The command line, a configuration value or an input file is wrong."""


class ContractError(DiagnosticsError):
    """A contract, fault plan or profile that ships with us or the user is wrong."""


class TargetError(DiagnosticsError):
    """The target cannot be judged at all: nothing answers, or not what was asked for."""

    exit = Exit.INCONCLUSIVE


class LeakError(DiagnosticsError):
    """A finished artefact still holds a secret: it is not written."""

    exit = Exit.INCONCLUSIVE
