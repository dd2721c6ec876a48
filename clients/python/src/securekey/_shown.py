"""A ring as it may be shown."""

from datetime import datetime
from typing import Any, Dict, Optional

from ._ring import Ring


def shown(ring: Ring, now_ms: int) -> Dict[str, Any]:
    """For JSON: ids, uses, versions and dates."""
    facts = ring.facts
    return {
        "kid": ring.signing_for(now_ms).key.kid,
        "keys": [
            {"kid": key.kid, "use": key.use, "version": key.version, "until": _iso(key.until)}
            for key in (one.key for one in ring.held)
        ],
        "guaranteed_life": ring.guaranteed_life,
        "reason": ring.reason,
        "rotated_at": _iso(facts.rotated_at if facts else None),
        "next_rotation_at": _iso(facts.next_rotation_at if facts else None),
    }


def _iso(date: Optional[datetime]) -> Optional[str]:
    return None if date is None else date.strftime("%Y-%m-%dT%H:%M:%S.") + f"{date.microsecond // 1_000:03d}Z"
