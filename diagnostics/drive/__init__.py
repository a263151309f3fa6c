"""Drivers: what answers a request.

httpx brings its own command line (click, pygments, rich) when it is imported, and httpcore looks
for sniffio several times in every exchange, each time through the whole module path when it is
not there. Both do without, so they are told at once that there is nothing to find: a third of the
start, and a third of every exchange over a socket.
"""

import sys
from importlib.util import find_spec

if "httpx" not in sys.modules:  # pragma: no branch  # tests may have imported it before
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: "not to be had"
if find_spec("sniffio") is None:  # pragma: no branch  # it may be installed
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # as above
