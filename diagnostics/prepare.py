"""What is this run about? Turns options into a target, a plan and the facts of the environment."""

import copy
import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from diagnostics import __version__
from diagnostics.contract import Contract, decode, samples
from diagnostics.errors import UsageError
from diagnostics.model import Environment, Json, Plan, Target, TargetKind
from diagnostics.promise import Operation

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LIBRARIES = ("httpx", "httpcore", "jsonschema-rs", "av", "pillow", "vcrpy", "locust")

SERVICES = ("GITHUB_ACTIONS", "GITLAB_CI", "CI")

_SAMPLES = {"image": "face", "image-or-video": "face", "video": "clip", "audio": "speech"}
_ENDINGS = {
    "face": {"jpeg": "jpg", "jpg": "jpg", "png": "png", "webp": "webp"},
    "clip": {"mp4": "mp4"},
    "speech": {"mp3": "mp3", "wav": "wav", "m4a": "m4a"},
}


def emulator_host(provider: str) -> str:
    """Where the emulator stands in this process: a reserved name, never the provider's own."""
    return f"{provider}.emulator.test"


def target(wanted: str, contract: Contract, fault: str | None) -> Target:
    """The target an option names: `emulator`, `live`, a URL, or a recorded run."""
    return replace(_target(wanted, contract, fault), version=contract.version)


def _target(wanted: str, contract: Contract, fault: str | None) -> Target:
    if wanted == "emulator":
        base = f"http://{emulator_host(contract.name)}"
        return Target(
            kind=TargetKind.EMULATOR,
            provider=contract.name,
            base_url=base,
            media_base=f"{base}/_media",
            fault=fault,
        )
    if fault is not None:
        raise UsageError(
            "only the embedded emulator plays faults",
            hint=f"drop --fault, or start: diagnostics emulate {contract.name} --fault {fault}",
        )
    if wanted == "live":
        return Target(kind=TargetKind.LIVE, provider=contract.name, base_url=contract.host)
    return _elsewhere(wanted, contract)


def _elsewhere(wanted: str, contract: Contract) -> Target:
    parts = _split(wanted)
    if "://" not in wanted and Path(wanted).suffix.lower() in _RECORDINGS:
        raise UsageError(
            f"no recording stands at {wanted}",
            place=wanted,
            hint="check the path; recordings are made by: diagnostics record --to FILE.yaml",
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        bare = "://" not in wanted and ("." in wanted or ":" in wanted)
        near = f"https://{wanted}" if bare else contract.host
        raise UsageError(
            f"--target {wanted!r} is neither emulator, live, a URL nor a recording",
            hint=f"a base URL begins with its scheme, for example {near}",
        )
    base = wanted.rstrip("/")
    found = emulators(base)
    if not found:
        return Target(kind=TargetKind.LIVE, provider=contract.name, base_url=base)
    if contract.name not in found:
        raise UsageError(
            f"the emulator at {base} plays {', '.join(found)}, not {contract.name}",
            hint=f"--provider {next(iter(found))}, or: diagnostics emulate {contract.name}",
        )
    about = found[contract.name]
    base = str(about.get("base_url") or base) if len(found) > 1 else base
    return Target(
        kind=TargetKind.EMULATOR,
        provider=contract.name,
        base_url=base,
        media_base=str(about.get("media_base") or f"{base}/_media"),
        fault=about.get("fault"),
    )


_RECORDINGS = frozenset({".yaml", ".yml", ".json", ".jsonl", ".har", ".zip"})


def _split(wanted: str) -> "Address":
    try:
        parts = urlsplit(wanted)
        _ = parts.port
    except ValueError as error:
        raise UsageError(
            f"--target is not a URL: {error}", place=wanted, hint="https://host[:port][/path]"
        ) from error
    return Address(parts.scheme, parts.hostname)


class Address:
    """Scheme and host of a URL."""

    __slots__ = ("hostname", "scheme")

    def __init__(self, scheme: str, hostname: str | None) -> None:
        self.scheme, self.hostname = scheme, hostname


def emulator_keys(base_url: str) -> Mapping[str, str]:
    """The invented credentials that an emulator on a port tells whoever asks."""
    about = next(iter(emulators(base_url).values()), {})
    return {
        name: str(about[name]) for name in ("key", "client_id", "client_secret") if name in about
    }


def emulators(base: str) -> Mapping[str, Mapping[str, Json]]:
    """What the emulators at an address of this machine say of themselves, by provider.

    Empty: something else answers there, or nobody, or it is not this machine.
    """
    import httpx  # noqa: PLC0415  # heavy, and only a loopback URL needs it

    if _split(base).hostname not in LOOPBACK:
        return {}
    try:
        answer = httpx.get(f"{base}/_emulator", timeout=3.0, trust_env=False, verify=False)  # noqa: S501  # loopback only, nothing secret is sent
    except (httpx.HTTPError, httpx.InvalidURL):
        return {}
    about = decode(answer.content)
    told = about if isinstance(about, dict) else {}
    each = told.get("emulators") if told.get("schema") == _TOWN else [told]
    return {
        str(one["provider"]): one
        for one in (each if isinstance(each, list) else [])
        if isinstance(one, dict) and one.get("schema") == _EMULATOR and "provider" in one
    }


_EMULATOR, _TOWN = "diagnostics.emulator/1", "diagnostics.town/1"


def guard(wanted: Target, values: Mapping[str, str]) -> None:
    """Refuse to send a key in clear text over somebody's network."""
    parts = urlsplit(wanted.base_url)
    if wanted.kind is TargetKind.LIVE and values and parts.scheme == "http":
        if parts.hostname in LOOPBACK:
            return
        raise UsageError(
            "refusing to send a key over plain http",
            place=wanted.base_url,
            hint=f"use https://{parts.netloc}, or unset the key's variable",
        )


# --- the planned call -------------------------------------------------------------------------


def plan(operation: Operation, where: Target, given: Plan | None) -> Plan:
    """The call to make: the user's own, or the documented example with inputs that exist."""
    if given is not None:
        return given
    examples = list(operation.examples.values())
    body = copy.deepcopy(examples[0]) if examples else None
    if where.media_base is not None and body is not None:
        body = with_samples(body, operation, where.media_base)
    query, path = samples(operation, "query"), samples(operation, "path")
    return Plan(operation=operation.id, body=body, query=query, path=path)


def with_samples(body: Json, operation: Operation, media_base: str) -> Json:
    """The body with every media parameter pointing at a small real file of the emulator."""
    for path, limits in operation.media.items():
        sample = _SAMPLES.get(limits.role)
        if sample is not None:
            endings = [_ENDINGS[sample][f] for f in limits.formats if f in _ENDINGS[sample]]
            ending = endings[0] if endings else next(iter(_ENDINGS[sample].values()))
            _replace(body, path.split("."), f"{media_base}/{sample}.{ending}")
    return body


def _replace(value: Json, steps: list[str], url: str) -> None:
    name, _, each = steps[0].partition("[")
    if not isinstance(value, dict) or name not in value:
        return
    if len(steps) == 1:
        value[name] = _sampled(value[name], url)
        return
    for item in value[name] if each and isinstance(value[name], list) else [value[name]]:
        _replace(item, steps[1:], url)


def _sampled(held: Json, url: str) -> Json:
    """The sample in place of an address, or of each in a list; what is no address stays."""
    if isinstance(held, list):
        return [_sampled(one, url) for one in held]
    return url if isinstance(held, str) and held.startswith(("http:", "https:")) else held


# --- where it runs ----------------------------------------------------------------------------


def environment(environ: Mapping[str, str]) -> Environment:
    """The facts of this machine that support may know; no user, host or path."""
    offset = time.strftime("%z")
    proxy = next((urlsplit(value).hostname for value in getproxies().values() if value), None)
    return Environment(
        harness=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        libraries={name: found for name in LIBRARIES if (found := _version(name))},
        proxy=proxy,
        container=Path("/.dockerenv").exists() or "container" in environ,
        ci=next(
            (name for name in ("GITHUB_ACTIONS", "GITLAB_CI", "CI") if environ.get(name)), None
        ),
        timezone=f"{offset[:3]}:{offset[3:]}",
    )


def _version(name: str) -> str | None:
    module = sys.modules.get(name.replace("-", "_"))
    known = getattr(module, "__version__", None)
    if isinstance(known, str):
        return known
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def run_id(now_s: float) -> str:
    """Sortable and unique on this machine: UTC to the second, and a few random letters."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s)) + "-" + os.urandom(2).hex()
