"""Is verifying a callback one short call for somebody else's server?"""

import os
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest

import diagnostics.webhooks
from diagnostics.errors import UsageError
from diagnostics.webhooks import verify
from tests.webhook_cases import AKOOL, NOW_S, SECRETS, sealed

OWN = dict(zip(AKOOL.variables, SECRETS["akool"], strict=True))


@pytest.mark.parametrize("secrets", [OWN, SECRETS["akool"], list(SECRETS["akool"])])
def test_secrets_may_be_an_environment_or_the_values(secrets: Any) -> None:
    checked = verify("akool", {}, sealed(AKOOL).body, secrets, now_s=NOW_S)
    assert checked.ok
    assert (checked.job, checked.state, checked.payload["_id"]) == ("job-1", "3", "job-1")


def test_the_clock_is_ours_unless_it_is_given() -> None:
    assert not verify("akool", {}, sealed(AKOOL).body, OWN, tolerance_s=1).ok


def test_too_few_secrets_are_an_error_that_names_them() -> None:
    with pytest.raises(UsageError, match="AKOOL_CLIENT_ID, AKOOL_CLIENT_SECRET"):
        verify("akool", {}, b"{}", "only-one")


def test_the_example_of_the_documentation_runs() -> None:
    text = (diagnostics.webhooks.__doc__ or "").partition("\n\n")[2]
    lines = [line for line in dedent(text).splitlines() if line]
    assert len(lines) == 5
    body = "\n".join(f"    {line}" for line in lines).replace('"replicate"', '"akool"')
    scope: dict[str, Any] = {"os": SimpleNamespace(environ={**os.environ, **OWN})}
    exec(f"def answer(request):\n{body}", scope)  # the example is what is tested
    request = SimpleNamespace(headers={}, body=sealed(AKOOL).body)
    assert scope["answer"](request) == (200, "job-1 is 3")
    request.body = sealed(AKOOL, honest=False).body
    status, told = scope["answer"](request)
    assert status == 401
    assert "signature" in told[0]
