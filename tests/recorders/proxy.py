"""PORT UPSTREAM HAR: mitmproxy as a reverse proxy that leaves a HAR when it is interrupted.

A child of the tests: mitmproxy stands beside the environment, in `.venv/recorders`.
"""

import sys

from mitmproxy.tools.main import mitmdump


def main(port: str, upstream: str, har: str, folder: str) -> None:
    """Runs until it is told to stop; the HAR is written then."""
    mitmdump(
        [
            *("--listen-host", "127.0.0.1", "-p", port),
            *("--mode", f"reverse:{upstream}"),
            *("--set", f"hardump={har}", "--set", f"confdir={folder}"),
            *("--set", "connection_strategy=lazy", "-q"),
        ]
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
