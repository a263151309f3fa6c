"""URL FOLDER PACKED: betamax keeps what a client of `requests` says to that server.

A child of the tests: betamax stands beside the environment, in `.venv/recorders`. PACKED is an
address whose answer comes compressed.
"""

import sys

import betamax
import requests


def main(url: str, folder: str, packed: str) -> None:
    """One cassette, `theirs.json`."""
    session = requests.Session()
    session.trust_env = False
    with betamax.Betamax(session, cassette_library_dir=folder).use_cassette("theirs"):
        session.get(f"{url}/nowhere", timeout=10)
        session.post(f"{url}/asked", data=b'{"prompt": "fox"}', timeout=10)
        session.get(packed, timeout=10)


if __name__ == "__main__":
    main(*sys.argv[1:])
