"""How long what somebody has on the screen is kept from others: the same at the review desk and where one settles."""

from datetime import datetime, timedelta

LEASE_S = 600


def ends_at(at: str) -> str:
    """The instant at which a lease ends that begins at the instant `at`.

    >>> ends_at("2024-05-01T00:00:00.000000+00:00")
    '2024-05-01T00:10:00.000000+00:00'
    """
    return (datetime.fromisoformat(at) + timedelta(seconds=LEASE_S)).isoformat(timespec="microseconds")
