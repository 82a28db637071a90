"""core.batches: the lists have the wanted size, and the stream is read only as far as needed."""

from collections.abc import Iterator

from core.batches import batches


def test_nothing_is_lost_and_no_list_is_empty() -> None:
    assert list(batches([], 3)) == []
    assert list(batches(range(6), 3)) == [[0, 1, 2], [3, 4, 5]]
    assert list(batches(iter(range(4)), 3)) == [[0, 1, 2], [3]]


def test_a_stream_is_read_list_by_list() -> None:
    read: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(10):
            read.append(number)
            yield number

    assert next(batches(numbers(), 2)) == [0, 1]
    assert read == [0, 1]
