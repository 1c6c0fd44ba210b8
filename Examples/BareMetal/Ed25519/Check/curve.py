"""Arithmetic on edwards25519 with Python's integers: slow, and only to make test vectors. RFC 8032, section 5.1."""

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1)


def add(left, right):
    (x1, y1), (x2, y2) = left, right
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P)
    return (x % P, y % P)


def negate(point):
    return (-point[0] % P, point[1])


def multiply(scalar, point):
    result = IDENTITY
    while scalar > 0:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def decode(y, sign):
    """The point with this y and the sign of x, or None if there is none."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    return (x if x & 1 == sign else -x % P, y % P)


def encode(point):
    return encode_numbers(point[1], point[0] & 1)


def encode_numbers(y, sign):
    """32 bytes of a y below 2^255, reduced or not, and a sign."""
    return (y | sign << 255).to_bytes(32, "little")


BASE = decode(4 * pow(5, -1, P) % P, 0)


def torsion():
    """The eight points whose multiples by eight are zero: the multiples of one of order eight."""
    y = 2
    while True:
        point = decode(y, 0)
        if point is not None:
            point = multiply(L, point)
            if multiply(4, point) != IDENTITY:
                return [multiply(number, point) for number in range(8)]
        y += 1
