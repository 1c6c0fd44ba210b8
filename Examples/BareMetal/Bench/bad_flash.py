"""Flash files that no factory made: a status on the serial line, and a device that works afterwards.

    bad_flash.py [--board BOARD] [--seed N]
"""

import argparse
import random
import tempfile

from factory import Factory
from machine import LAYOUTS, Machine
from report import main

WAYS = ["direct", "scratch", "move", "offset", "over"]


def provision(report, board, rom, flash, way):
    """Lets the golden image make a device of whatever is in flash; returns what it said."""
    with Machine(board, rom, flash) as machine:
        machine.expect("boot: golden image, recovery")
        machine.expect("healthy")
        machine.expect("ready")
        machine.type(f"provision {way}")
        machine.expect("provision: done")
        machine.expect("boot: table is good")
        machine.expect("boot: slot a, confirmed")
        machine.expect("ready")
        machine.type("quit")
        report.check(f"{board}: provisioned with {way}, boots slot a", machine.wait() == 0)


def bad_contents(board, generator):
    """Names and contents of whole flash files."""
    size = LAYOUTS[board].flash_size
    yield "blank", b"\xff"
    yield "all zeros", b"\0"
    yield "random", generator.randbytes(size)


def run(report, board, seed):
    generator = random.Random(seed)
    report.chapter(f"{board}: flash files that nobody provisioned, seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        factory = Factory(board, folder)
        rom = factory.rom(factory.image("1.0.0", 1))
        for number, (name, content) in enumerate(bad_contents(board, generator)):
            flash = factory.flash(content)
            with Machine(board, rom, flash) as machine:
                machine.expect("boot: no partition table, code 0x0506")
                machine.expect("boot: golden image, recovery, code 0x0506")
                machine.expect("ready")
            report.check(f"{name}: the boot loader says that there is no table, and the golden image runs")
            provision(report, board, rom, flash, WAYS[number])
        with Machine(board, rom, factory.flash(folder="probe")) as machine:
            machine.expect("ready")
            machine.type("probe")
            line = machine.expect("probe:", timeout=120)
            report.check("the driver of its flash keeps the contract, tried on the board", line.endswith("contract 0"))
        damage(report, factory, rom, flash)
        rom = factory.rom(None)
        with Machine(board, rom, factory.flash()) as machine:
            machine.expect("boot: no partition table")
            machine.expect("boot: the golden image does not either")
            machine.expect("boot: STOPPED")
            report.check("no golden image: the boot loader says so, and stops", machine.wait() == 2)
        rom = factory.rom(None, keys=False)
        with Machine(board, rom, factory.flash()) as machine:
            machine.expect("boot: no keys")
            report.check("no keys: the boot loader says so, and stops", machine.wait() == 2)


def damage(report, factory, rom, flash):
    """Parts of a provisioned device are lost: each time the golden image brings it back."""
    board = factory.board
    for name, places in LAYOUTS[board].parts.items():
        content = bytearray(flash.read_bytes())
        for start, size in places:
            content[start : start + size] = b"\0" * size
        flash.write_bytes(content)
        with Machine(board, rom, flash) as machine:
            machine.expect("boot: golden image, recovery")
            machine.expect("ready")
        report.check(f"{name} all zeros: the golden image runs")
        provision(report, board, rom, flash, "offset")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--board", default="virt-rv32")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    main(lambda report: run(report, options.board, options.seed))
