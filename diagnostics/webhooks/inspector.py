"""Who sent this callback, and is it his? Judges one provider's callbacks, or anybody's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from diagnostics.contract import Contract
from diagnostics.finding import Finding
from diagnostics.webhooks import rules
from diagnostics.webhooks.delivery import Delivery
from diagnostics.webhooks.judge import Checked, check
from diagnostics.webhooks.scheme import Seal
from diagnostics.webhooks.secrets import secrets_for
from diagnostics.webhooks.session import Session
from diagnostics.webhooks.signing import Signing, scheme, signing


class Inspector:
    """One session. `values` are the secrets by variable; `provider` empty: whoever it may be."""

    def __init__(
        self,
        contracts: Sequence[Contract],
        values: Mapping[str, str],
        *,
        provider: str = "",
        tolerance_s: float | None = None,
    ) -> None:
        self._known = [told for one in contracts if (told := signing(one)) is not None]
        self._wanted = [told for told in self._known if provider in {"", told.provider}]
        self._provider, self._values, self._tolerance_s = provider, values, tolerance_s
        self._session = Session()

    def inspect(self, delivery: Delivery, now_s: float) -> Checked:
        """Everything there is to say, with what was delivered before in mind."""
        return self._session.take(self._checked(delivery, now_s))

    def _checked(self, delivery: Delivery, now_s: float) -> Checked:
        senders = self._wanted if self._provider else self._senders(delivery)
        found = [self._check(told, delivery, now_s) for told in senders]
        trusted = next((one for one in found if one.verified), None)
        named = next((one for one in found if one.job), None)
        return trusted or named or next(iter(found), None) or self._unrecognised(delivery)

    def _senders(self, delivery: Delivery) -> list[Signing]:
        """Those who sign like this; of several, those whose secret we hold come first."""
        alike = [t for t in self._known if not scheme(t.scheme).read(t, delivery).unsigned]
        return sorted(alike, key=lambda told: told.variables[0] not in self._values)

    def _check(self, told: Signing, delivery: Delivery, now_s: float) -> Checked:
        return check(
            told,
            delivery,
            secrets_for(told, self._values),
            now_s=now_s,
            tolerance_s=self._tolerance_s,
            known=self._known,
        )

    def _unrecognised(self, delivery: Delivery) -> Checked:
        titles = ", ".join(told.title for told in self._known)
        finding = Finding(rule=rules.UNRECOGNISED, subject=delivery.place, facts={"titles": titles})
        return replace(_NOBODY, delivery=delivery, findings=(finding,))


_NOBODY = Checked(provider="", delivery=Delivery(), seal=Seal(), verified=False)
