"""A place in a recording as a person reads it."""


def clock(ms: int | None) -> str:
    """Milliseconds as minutes and seconds, "" for none.

    >>> clock(61_500), clock(59_990), clock(None)
    ('1:01.5', '1:00.0', '')
    """
    if ms is None:
        return ""
    minutes, tenths = divmod((ms + 50) // 100, 600)
    return f"{minutes}:{tenths / 10:04.1f}"
