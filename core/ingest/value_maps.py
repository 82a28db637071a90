"""What label values of a delivery mean, where a person says so: `05=angry`, or `emotion:05=angry` for one scheme."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.errors import InputError
from core.text.visible import folded


@dataclass(frozen=True, slots=True)
class ValueMaps:
    """`maps`: scheme, or "" for all, -> value as delivered -> class, "" for no label.

    Values that look the same are the same; the map of a scheme goes before the one for all.
    """

    maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        same = {scheme: {folded(value): code for value, code in of.items()} for scheme, of in self.maps.items()}
        object.__setattr__(self, "maps", same)

    def checked(self, schemes: Iterable[str]) -> "ValueMaps":
        """These maps. `InputError` if one is for a scheme that is not imported."""
        known = {"", *schemes}
        for scheme in (scheme for scheme in self.maps if scheme not in known):
            raise InputError("a value of {scheme} is mapped, and no label is called so", scheme=scheme)
        return self

    def value(self, scheme: str, written: str) -> str:
        """The class that `written` stands for under `scheme`, "" for none; `written` itself if no map has it."""
        if not self.maps:
            return written
        key = folded(written)
        return self.maps.get(scheme, {}).get(key, self.maps.get("", {}).get(key, written))

    def values(self, scheme: str, written: Iterable[str]) -> tuple[str, ...]:
        """The distinct classes that the values `written` stand for, in their order."""
        return tuple(dict.fromkeys(value for one in written if (value := self.value(scheme, one))))
