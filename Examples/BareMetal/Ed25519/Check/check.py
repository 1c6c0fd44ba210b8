"""Compares Ed25519 on emulated boards with the libsodium of this machine.

  python3 check.py make FOLDER [WYCHEPROOF.json]   writes vectors.bin for the board, and expected.json
  python3 check.py compare FOLDER OUTPUT           holds what a board printed against it, and prints the figures
"""

import ctypes
import ctypes.util
import hashlib
import json
import struct
import sys

from curve import L
from vectors import RFC8032, edge_cases, signing_cases


def host_library():
    name = ctypes.util.find_library("sodium")
    if name is None:
        sys.exit("check-ed25519: libsodium is not on this machine (on Debian: libsodium-dev)")
    library = ctypes.CDLL(name)
    if library.sodium_init() < 0:
        sys.exit("check-ed25519: libsodium does not start")
    return library


def verdict(library, key, signature, message):
    status = library.crypto_sign_verify_detached(signature, message, ctypes.c_ulonglong(len(message)), key)
    return "good" if status == 0 else "bad"


def signed(library, seed, message):
    key, secret, signature = (ctypes.create_string_buffer(size) for size in (32, 64, 64))
    library.crypto_sign_seed_keypair(key, secret, seed)
    library.crypto_sign_detached(signature, None, message, ctypes.c_ulonglong(len(message)), secret)
    return key.raw, signature.raw


def traces(seed, message):
    """What signing computes on the way and nobody may find afterwards: scalar, prefix and nonce."""
    expanded = hashlib.sha512(seed).digest()
    nonce = int.from_bytes(hashlib.sha512(expanded[32:] + message).digest(), "little") % L
    return expanded + nonce.to_bytes(32, "little")


def wycheproof(path):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    for group in document["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for test in group["tests"]:
            signature = bytes.fromhex(test["sig"])
            # Other lengths never get to the library.
            if len(signature) == 64:
                yield f"Wycheproof {test['tcId']}", key, signature, bytes.fromhex(test["msg"]), test["result"]


def record(kind, first, second, message):
    return struct.pack("<II", kind, len(message)) + first + second + message + bytes(-len(message) % 4)


def make(folder, paths):
    library = host_library()
    records, expected = [], []
    for label, key, signature, message in edge_cases():
        records.append(record(0, key, signature, message))
        expected.append([label, "verify", verdict(library, key, signature, message)])
    for path in paths:
        for label, key, signature, message, result in wycheproof(path):
            said = verdict(library, key, signature, message)
            if (said == "good") != (result == "valid"):
                sys.exit(f"check-ed25519: {label}: this machine's libsodium and Wycheproof differ")
            records.append(record(0, key, signature, message))
            expected.append([label, "verify", said])
    known = {bytes.fromhex(seed): (bytes.fromhex(key), bytes.fromhex(sig)) for seed, key, _, sig in RFC8032}
    for label, seed, message in signing_cases():
        key, signature = signed(library, seed, message)
        if known.get(seed, (key, signature)) != (key, signature):
            sys.exit(f"check-ed25519: {label}: this machine's libsodium and RFC 8032 differ")
        records.append(record(1, seed, traces(seed, message), message))
        expected.append([label, "sign", f"{key.hex()} {signature.hex()} zeroed wiped"])
    with open(f"{folder}/vectors.bin", "wb") as file:
        file.write(struct.pack("<I", len(records)) + b"".join(records))
    with open(f"{folder}/expected.json", "w", encoding="utf-8") as file:
        json.dump(expected, file, indent=1)
    verdicts = [said for _, kind, said in expected if kind == "verify"]
    print(
        f"{len(verdicts)} signatures to verify ({verdicts.count('good')} good, {verdicts.count('bad')} bad by this machine's"
        f" libsodium), {len(expected) - len(verdicts)} to make")


def compare(folder, output):
    with open(f"{folder}/expected.json", encoding="utf-8") as file:
        expected = json.load(file)
    with open(output, encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file if line.strip()]
    if len(lines) != len(expected) + 1 or lines[-1] != "end":
        sys.exit(f"    the board said {len(lines)} lines and not {len(expected) + 1}; the last one: {lines[-1:]}")
    differences, counts, depths = 0, {"verify": [], "sign": []}, {"verify": [], "sign": []}
    for (label, kind, wanted), line in zip(expected, lines):
        *said, instructions, depth = line.split(" ")
        if " ".join(said) != f"{kind} {wanted}":
            differences += 1
            print(f"    {label}: libsodium here: {kind} {wanted}; the board: {' '.join(said)}")
        # A bad signature may be refused early: it is not what verification costs.
        if kind == "sign" or wanted == "good":
            counts[kind].append(int(instructions))
        depths[kind].append(int(depth))
    for kind in ("verify", "sign"):
        values = sorted(counts[kind])
        print(
            f"    {kind}: {values[len(values) // 2]:,} instructions (median of {len(values)}),"
            f" {max(depths[kind]):,} bytes of stack at most")
    if differences:
        sys.exit(f"    {differences} of {len(expected)} differ")
    print(f"    all {len(expected)} as libsodium on this machine")


if __name__ == "__main__":
    if len(sys.argv) >= 3 and sys.argv[1] == "make":
        make(sys.argv[2], sys.argv[3:])
    elif len(sys.argv) == 4 and sys.argv[1] == "compare":
        compare(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
