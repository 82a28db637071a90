"""What a model reads of a text: one answer for freezing, training, judging the pool and serving.

The cleaning plan of the model's card says how the text is cleaned. There is nothing to read where cleaning leaves the
text empty, and in a caption: nobody said it, and hundreds of recordings share it.
"""

from collections.abc import Sequence

from core.model_text import apply
from core.records import CAPTION


def model_text(plan: Sequence[str], text: str, origin: str = "imported") -> str:
    """The text that a model with this cleaning plan reads, or an empty string where it has nothing to read.

    >>> model_text(("collapse-space",), "불이  났어요"), model_text(("collapse-space",), "도로", "caption")
    ('불이 났어요', '')
    """
    return "" if origin == CAPTION else apply(plan, text)
