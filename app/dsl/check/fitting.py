"""Which values may stand where: the types that a file declares, and what fits them."""

from collections.abc import Mapping

from .types import (
    ANY,
    FLOAT,
    INT,
    LOOSE,
    NULL,
    Declared,
    FunctionOf,
    ListOf,
    MapOf,
    OptionOf,
    Scalar,
    Shape,
    Type,
)


class Records:
    """The record types of a file: the types of their fields, by their names."""

    def __init__(self) -> None:
        self._fields: dict[str, Mapping[str, Type]] = {}

    def declare(self, name: str, fields: Mapping[str, Type]) -> None:
        self._fields[name] = fields

    def fields(self, of: Declared) -> Mapping[str, Type]:
        return self._fields[of.name]

    def fits(self, given: Type, wanted: Type) -> bool:
        """Whether a value of type *given* may stand where *wanted* is asked for.

        Gradually: only what cannot be right does not fit. What may be null fits, because it may not be.
        """
        if given == wanted or given in LOOSE or wanted in LOOSE:
            return True
        if isinstance(wanted, OptionOf):
            return given == NULL or self.fits(given, wanted.item)
        match given:
            case Scalar():
                return given == INT and wanted == FLOAT
            case OptionOf():
                return self.fits(given.item, wanted)
            case ListOf():
                return isinstance(wanted, ListOf) and self.fits(given.item, wanted.item)
            case MapOf():
                return self._map_fits(given, wanted)
            case Shape():
                return self._shape_fits(given, wanted)
            case Declared():
                return self._record_fits(given, wanted)
            case FunctionOf():
                return self._function_fits(given, wanted)

    def _map_fits(self, given: MapOf, wanted: Type) -> bool:
        match wanted:
            case MapOf():
                return self.fits(given.value, wanted.value)
            case Declared():
                return given.value == ANY or all(
                    isinstance(of, Scalar) and self.fits(given.value, of)
                    for of in self.fields(wanted).values()
                )
        return isinstance(wanted, Shape)

    def _shape_fits(self, given: Shape, wanted: Type) -> bool:
        match wanted:
            case MapOf():
                return all(self.fits(of, wanted.value) for _, of in given.fields)
            case Shape():
                return all(self.fits(of, wanted.get(name) or of) for name, of in given.fields)
            case Declared():
                fields = self.fields(wanted)
                return len(fields) == len(given.fields) and all(
                    name in fields and self.fits(of, fields[name]) for name, of in given.fields
                )
        return False

    def _record_fits(self, given: Declared, wanted: Type) -> bool:
        if isinstance(wanted, MapOf) and isinstance(wanted.value, Scalar):
            return all(self.fits(of, wanted.value) for of in self.fields(given).values())
        return isinstance(wanted, MapOf | Shape)

    def _function_fits(self, given: FunctionOf, wanted: Type) -> bool:
        return (
            isinstance(wanted, FunctionOf)
            and len(given.parameters) == len(wanted.parameters)
            and self.fits(given.result, wanted.result)
        )
