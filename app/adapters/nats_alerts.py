"""Publishes security alerts as signed JSON on `security.alerts`."""

import structlog
from nats.aio.client import Client

from events import clock, strict_json
from events.signing import ALERT_TYPE, KEY_HEADER, SIGNATURE_HEADER, SigningKey

from ..ports.alerts import Alert
from ..ports.clock import Clock

SUBJECT = "security.alerts"
_log = structlog.get_logger(__name__)


class NatsAlerts:
    """`Alerts` over the stream SYMBI_ALERTS, which drops a repeated `dedup_id` within its window."""

    def __init__(self, nc: Client, key: SigningKey, time: Clock, *, source: str) -> None:
        self._js = nc.jetstream(timeout=2)
        self._key = key
        self._clock = time
        self._source = source

    async def raise_alert(self, alert: Alert) -> None:
        _log.warning(
            "alert", kind=alert.kind, severity=alert.severity, summary=alert.summary, **alert.details
        )
        payload = strict_json.dumps(
            {
                "kind": alert.kind,
                "severity": alert.severity,
                "summary": alert.summary,
                "dedup_id": alert.dedup_id,
                "time": clock.to_wire(self._clock.now_ns()),
                "source": self._source,
                "details": alert.details,
            }
        )
        headers = {
            SIGNATURE_HEADER: self._key.sign(ALERT_TYPE, payload),
            KEY_HEADER: self._key.key_id,
            "Nats-Msg-Id": alert.dedup_id,
        }
        try:
            await self._js.publish(SUBJECT, payload, headers=headers)
        except Exception as error:  # nothing may stop for want of an alert, whatever the broker answers
            _log.error("alert not published", kind=alert.kind, error=repr(error))
