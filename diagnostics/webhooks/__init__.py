"""Can this callback be trusted, and what does it say? One call for a developer's own server.

from diagnostics.webhooks import verify

checked = verify("replicate", request.headers, request.body, os.environ)
if not checked.ok:
    return 401, [finding.message() for finding in checked.findings]
return 200, f"{checked.job} is {checked.state}"
"""

from diagnostics.webhooks.library import verify

__all__ = ["verify"]
