"""Garbage, frames that are too long, hosts that vanish, and images that do not fit, on the serial line of a device that
works on.

    bad_line.py [--board BOARD] [--seed N]
"""

import argparse
import os
import pathlib
import random
import struct
import tempfile

from bad_flash import provision
from factory import Factory
from host import ENVELOPE, PAYLOAD, Host, NoAnswer, Refused, frame, stuff
from machine import Machine
from report import main


def refusal(body):
    """The code that a request was refused with; 0 if it was not."""
    try:
        body()
    except Refused as refused:
        return refused.code
    return 0


def send_garbage(report, machine, host, generator):
    before = host.status()
    machine.send(b"\0" + generator.randbytes(20_000).replace(b"\x0d", b"\x0e") + b"\0")
    after = host.status(attempts=8)
    report.check(
        f"20,000 random bytes: counted as {after.garbage - before.garbage} broken frames and "
        f"{after.oversized - before.oversized} long ones, and it answers",
        after.garbage + after.oversized > before.garbage + before.oversized,
    )
    machine.send(stuff(bytes(70_000)))
    longer = host.status(attempts=8)
    report.check("a frame of 70,000 bytes is dropped, and it answers", longer.oversized == after.oversized + 1)
    good = bytearray(frame(1, 7, b""))
    good[4] ^= 0x10
    machine.send(bytes(good))
    machine.send(frame(1, 7, b"")[:-3])
    wrong = host.status(attempts=8)
    report.check("a wrong checksum and half a frame are not answered", wrong.garbage >= longer.garbage + 1)
    for size in (0, 1, 7, 8, 40, 1000):
        for request in range(2, 12):
            try:
                host.ask(request, generator.randbytes(size), patience=5, attempts=2)
            except (Refused, NoAnswer):
                pass
    report.check("requests with random bodies are refused, and it answers", host.status().state is not None)
    huge = lambda: host.ask(ENVELOPE, struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFF0) + b"x")
    report.check("an envelope of 4 GiB is refused", refusal(huge) == 0x0104)


def vanish(report, machine, host, update):
    """A host sends half of an envelope, half of a payload, half of a frame, and is gone."""
    host.ask(ENVELOPE, struct.pack("<II", len(update.envelope), 0) + update.envelope[:100])
    host.close()
    host = Host(machine)
    report.check("a host vanishes in the middle of an envelope: the next one is answered", host.status().state is not None)
    half = len(update.payload) // 2
    try:
        host.send(update.envelope, update.payload[:half])
    except Refused:
        pass
    machine.send(frame(PAYLOAD, 99, update.name[:4] + struct.pack("<I", half) + b"lost")[:9])
    host.close()
    host = Host(machine)
    resumed = host.send(update.envelope, update.payload)
    report.check(
        f"a host vanishes in the middle of a payload: the next one goes on at byte {resumed:,} of "
        f"{len(update.payload):,}", resumed >= half)  # fmt: skip
    return host


def run(report, board, seed):
    generator = random.Random(seed)
    report.chapter(f"{board}: a bad line, seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        factory = Factory(board, folder)
        old, new = factory.image("1.0.0", 1), factory.image("1.1.0", 2)
        rom = factory.rom(old)
        flash = factory.flash()
        provision(report, board, rom, flash, "direct")
        update = factory.update("1.1.0", 2, new, old)
        large = pathlib.Path(folder) / "large.bin"
        large.write_bytes(bytes(1 << 20))
        too_large = factory.update("9.0.0", 9, large, old, name="large")
        with Machine(board, rom, flash) as machine:
            machine.expect("ready")
            host = Host(machine)
            send_garbage(report, machine, host, generator)
            code = refusal(lambda: host.send(too_large.envelope, too_large.payload))
            report.check("an image of 1 MiB for a smaller slot is refused, before anything is written", code == 0x0509)
            host = vanish(report, machine, host, update)
            host.install(update.envelope, update.payload)
            machine.expect("example application 1.1.0", timeout=60)
            machine.expect("trial: confirmed")
            machine.expect("ready")
            report.check("after all that the update is installed and confirmed", host.status().outcome == 1)
            report.check(f"its receipt has {len(host.receipt(b'n'))} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--board", default="virt-rv32")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("OTA_SEED", random.randrange(1 << 32))))
    options = parser.parse_args()
    main(lambda report: run(report, options.board, options.seed))
