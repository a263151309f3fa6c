"""Which numbers may an option hold? What it cannot be is a `ValueError`, which argparse words."""

_COUNT_MAX = 100_000
"""A bound against slips of the finger."""
_PORT_MAX = 65_535


def amount(text: str) -> float:
    """Credits or seconds: finite, and never less than nothing."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


def factor(text: str) -> float:
    """An amount other than nothing."""
    value = amount(text)
    if value == 0:
        raise ValueError(text)
    return value


def count(text: str) -> int:
    """One or more."""
    value = int(text)
    if not 1 <= value <= _COUNT_MAX:
        raise ValueError(text)
    return value


def port(text: str) -> int:
    """Where to listen; 0: wherever there is room."""
    value = int(text)
    if not 0 <= value <= _PORT_MAX:
        raise ValueError(text)
    return value
