"""The curve of Ed25519 in plain arithmetic: keys and signatures that no signing function would make."""

import hashlib
from dataclasses import dataclass

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
"""The order of the base point; the curve has 8 times as many points."""
D = -121665 * pow(121666, -1, P) % P


@dataclass(frozen=True)
class Point:
    """A point of the curve -x² + y² = 1 + d x² y² (RFC 8032, 5.1)."""

    x: int
    y: int

    def __add__(self, other: "Point") -> "Point":
        product = D * self.x * other.x * self.y * other.y
        x = (self.x * other.y + other.x * self.y) * pow(1 + product, -1, P)
        y = (self.y * other.y + self.x * other.x) * pow(1 - product, -1, P)
        return Point(x % P, y % P)

    def __rmul__(self, times: int) -> "Point":
        total, double = Point(0, 1), self
        while times:
            if times & 1:
                total += double
            double, times = double + double, times >> 1
        return total

    def encoded(self) -> bytes:
        """The 32 bytes of RFC 8032, 5.1.2."""
        return (self.y | (self.x & 1) << 255).to_bytes(32, "little")


def at(y: int) -> Point:
    """The point of that *y* with an even x. Raises `ValueError` where there is none."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        raise ValueError("no point of the curve")
    return Point(x if x % 2 == 0 else P - x, y)


BASE = at(4 * pow(5, -1, P) % P)


def torsion() -> list[Point]:
    """The eight points whose order divides 8, the neutral one first."""
    y = 2
    while True:
        try:
            candidate = L * at(y)
        except ValueError:
            pass
        else:
            if 4 * candidate != Point(0, 1):
                return [times * candidate for times in range(8)]
        y += 1


def challenge(r: bytes, key: bytes, message: bytes) -> int:
    """SHA-512(R || A || M) as a number, below the order of the base point."""
    return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L
