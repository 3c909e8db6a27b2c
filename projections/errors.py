"""What a projection and its feeding can run into."""


class ProjectionError(Exception):
    """Something is wrong with a projection; the text says what to do."""


class Contradiction(ProjectionError):
    """The log says what cannot follow from what it said before; the event is parked."""


class Behind(ProjectionError):
    """A projection misses events before the batch it was given; read on from its position."""

    def __init__(self, projection: str, position: int, after: int) -> None:
        self.projection, self.position, self.after = projection, position, after
        super().__init__(
            f"The projection {projection} is at position {position}, and the batch begins after {after}. "
            f"Read the log again from position {position}."
        )


class BeingRebuilt(ProjectionError):
    """Somebody rebuilds or verifies this projection already."""

    def __init__(self, projection: str) -> None:
        self.projection = projection
        super().__init__(
            f"The projection {projection} is being rebuilt or verified already. Wait for the end of that."
        )


class UnknownProjection(ProjectionError):
    """There is no projection of this name."""

    def __init__(self, projection: str, known: list[str]) -> None:
        self.projection, self.known = projection, known
        super().__init__(f"There is no projection {projection!r}; there are {', '.join(known)}.")
