"""Signatures at the edges of what a verifier may take, made of fixed seeds: the same bytes in each run.

Each is (label, public key, signature, message). What the verdicts are, nobody says here: the libsodium of the host is
asked.
"""

import hashlib
import random

from curve import BASE, IDENTITY, L, P, add, decode, encode, encode_numbers, multiply, negate, torsion

# RFC 8032, section 7.1, tests 1 to 3: seed, public key, message, signature.
RFC8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def challenge(commitment, key, message):
    return int.from_bytes(hashlib.sha512(commitment + key + message).digest(), "little") % L


class Maker:
    """Makes signatures that no signer would make."""

    def __init__(self):
        self.random = random.Random(20261121)
        self.secret = self.random.randrange(L)
        self.key = multiply(self.secret, BASE)
        self.cases = []

    def case(self, label, key, commitment, response, message):
        signature = commitment + response.to_bytes(32, "little")
        self.cases.append((label, key, signature, message))

    def message(self):
        return self.random.randbytes(32)

    def search(self, key_of, commitment_of, accept):
        """Draws nonces and messages until the challenge is one that `accept` takes."""
        while True:
            nonce, message = self.random.randrange(L), self.message()
            key, commitment = key_of(), commitment_of(nonce)
            number = challenge(commitment, key, message)
            if accept(number):
                return key, commitment, (nonce + number * self.secret) % L, message

    def good(self, length):
        nonce, message = self.random.randrange(L), self.random.randbytes(length)
        key, commitment = encode(self.key), encode(multiply(nonce, BASE))
        return key, commitment, (nonce + challenge(commitment, key, message) * self.secret) % L, message


def encodings(point):
    """All encodings of a point: its own, one with a y that is not reduced, and the wrong sign where x is zero."""
    x, y = point
    signs = [x & 1] if x else [0, 1]
    numbers = [y] + ([y + P] if y + P < 2**255 else [])
    return [encode_numbers(number, sign) for number in numbers for sign in signs]


def edge_cases():
    maker = Maker()
    small = torsion()

    for number, (_, key, message, signature) in enumerate(RFC8032):
        key, message, signature = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
        maker.cases.append((f"RFC 8032, test {number + 1}", key, signature, message))
        for place in (0, 31, 32, 63):
            changed = bytearray(signature)
            changed[place] ^= 1
            maker.cases.append((f"RFC 8032, test {number + 1}, byte {place} changed", key, bytes(changed), message))
        maker.cases.append((f"RFC 8032, test {number + 1}, another message", key, signature, message + b"\0"))

    # Where SHA-512 begins another block: 64 bytes come before the message.
    for length in (0, 1, 46, 47, 48, 63, 64, 65, 175, 176, 192, 300):
        maker.case(f"message of {length} bytes", *maker.good(length))

    key, commitment, response, message = maker.good(20)
    for multiple in range(1, 16):
        if response + multiple * L < 2**256:
            maker.case(f"S + {multiple} L", key, commitment, response + multiple * L, message)
    for label, value in (("0", 0), ("L - 1", L - 1), ("L", L), ("2^252", 2**252), ("2^256 - 1", 2**256 - 1)):
        maker.case(f"S = {label}", key, commitment, value, message)

    # Keys of small order: R = [S]B is right if the challenge is a multiple of eight.
    for order, point in enumerate(small):
        for index, encoded in enumerate(encodings(point)):
            while True:
                nonce, message = maker.random.randrange(L), maker.message()
                commitment = encode(multiply(nonce, BASE))
                if challenge(commitment, encoded, message) % 8 == 0:
                    break
            maker.case(f"key of small order {order}, encoding {index}", encoded, commitment, nonce, message)

    # Commitments of small order: with the cofactor, S = ha is right for all of them; without, for the identity.
    for order, point in enumerate(small):
        for index, encoded in enumerate(encodings(point)):
            message = maker.message()
            response = challenge(encoded, encode(maker.key), message) * maker.secret % L
            maker.case(f"commitment of small order {order}, encoding {index}", encode(maker.key), encoded, response, message)

    # Both of small order, S = 0.
    for order, point in enumerate(small):
        maker.case(f"key and commitment of small order {order}", encode(point), encode(negate(point)), 0, maker.message())

    # Keys and commitments with a part of small order: with the cofactor all are right, without only some.
    for order in range(1, 8):
        mixed = encode(add(maker.key, small[order]))
        commit = lambda nonce: encode(multiply(nonce, BASE))
        vanishes = lambda number: multiply(number % 8, small[order]) == IDENTITY
        maker.case(f"mixed key {order}, right without the cofactor", *maker.search(lambda: mixed, commit, vanishes))
        maker.case(
            f"mixed key {order}, right with the cofactor only",
            *maker.search(lambda: mixed, commit, lambda number: not vanishes(number)))
        maker.case(
            f"mixed commitment {order}, right with the cofactor only",
            *maker.search(
                lambda: encode(maker.key), lambda nonce: encode(add(multiply(nonce, BASE), small[order])), lambda _: True))
        # The parts of both cancel each other.
        maker.case(
            f"mixed key and commitment {order}, right without the cofactor",
            *maker.search(
                lambda: mixed, lambda nonce: encode(add(multiply(nonce, BASE), small[order])),
                lambda number: (number + 1) % 8 == 0))

    # Keys and commitments that are not reduced but of large order, and those that are no points.
    for number in range(19):
        point = decode(number, 0)
        if point is not None and point in small:
            continue
        label = "no point" if point is None else "not reduced"
        _, commitment, response, message = maker.good(8)
        maker.case(f"key p + {number}, {label}", encode_numbers(P + number, number & 1), commitment, response, message)
        key, _, response, message = maker.good(8)
        maker.case(f"commitment p + {number}, {label}", key, encode_numbers(P + number, number & 1), response, message)
        if point is None:
            maker.case(f"key {number}, no point", encode_numbers(number, 0), commitment, response, message)
            maker.case(f"commitment {number}, no point", key, encode_numbers(number, 0), response, message)

    maker.cases.append(("all zero", bytes(32), bytes(64), b""))
    maker.cases.append(("all ones", b"\xff" * 32, b"\xff" * 64, b""))
    return maker.cases


def signing_cases():
    """(label, seed, message)"""
    source = random.Random(8032)
    cases = [
        (f"RFC 8032, test {number + 1}", bytes.fromhex(seed), bytes.fromhex(message))
        for number, (seed, _, message, _) in enumerate(RFC8032)
    ]
    for length in (32, 79, 80, 95, 96, 300):
        cases.append((f"message of {length} bytes", source.randbytes(32), source.randbytes(length)))
    return cases
