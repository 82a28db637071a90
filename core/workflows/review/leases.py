"""How long an utterance on one curator's screen is kept from others; the review desk and settling share this time."""

from datetime import datetime, timedelta

LEASE_S = 600


def ends_at(at: str) -> str:
    """The instant at which a lease ends if it begins at the instant `at` (both UTC, ISO 8601).

    >>> ends_at("2024-05-01T00:00:00.000000+00:00")
    '2024-05-01T00:10:00.000000+00:00'
    """
    return (datetime.fromisoformat(at) + timedelta(seconds=LEASE_S)).isoformat(timespec="microseconds")
