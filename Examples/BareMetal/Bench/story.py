"""The whole story on one emulated board: from a blank flash file to an update that is confirmed, one that reverts, and
those that are refused. Each line is a fact that was checked; the exit status is 0 if all hold.

    story.py [--board BOARD] [--way WAY]
"""

import argparse
import pathlib
import re
import tempfile

from bad_flash import WAYS
from factory import Factory, ota
from machine import Machine, SerialLine, artifact
from report import main


class Device:
    """A board with its flash file, through many starts."""

    def __init__(self, report, factory, rom, flash):
        self.report = report
        self.factory = factory
        self.rom = rom
        self.flash = flash

    def power_on(self):
        return Machine(self.factory.board, self.rom, self.flash)


def serial_update(machine, factory, update, receipt=None):
    """`ota serial update` over a pseudo terminal; returns what it printed and its exit code."""
    arguments = ["serial", "update", update.envelope_path, "--payload", update.payload_path]
    arguments += ["--device-key", factory.public(factory.device_key)]
    if receipt:
        arguments += ["--receipt", receipt]
    with SerialLine(machine) as line:
        return ota(*arguments, "--port", line.path, check=False)


def reason(result):
    """The code and the name of an error, out of what a command printed."""
    found = re.findall(r"\[(0x[0-9a-f]{4} \w+)\]", result.stderr)
    return found[-1] if found else "no reason"


def tell(report, board, way, folder):
    factory = Factory(board, folder)
    first = factory.image("1.0.0", 1)
    second = factory.image("1.1.0", 2)
    faulty = factory.image("1.2.0", 3)
    rom = factory.rom(first)
    flash = factory.flash()
    device = Device(report, factory, rom, flash)

    report.chapter(f"1. A blank device ({board}, images are activated by {way})")
    with device.power_on() as machine:
        report.say(machine.expect("boot: no partition table"))
        report.say(machine.expect("boot: golden image"))
        machine.expect("healthy")
        machine.expect("ready")
        report.check("nothing is in its flash: the signed golden image runs")
        machine.type(f"provision {way}")
        machine.expect("provision: done")
        report.say(machine.expect("boot: table is good"))
        report.say(machine.expect("boot: slot a, confirmed"))
        memory = machine.expect("boot: stack")
        machine.expect("example application 1.0.0")
        machine.expect("healthy")
        machine.expect("ready")
        report.check("it has provisioned itself: 1.0.0 boots from slot a, verified with Ed25519")

        size = artifact(board, "boot-loader.bin").stat().st_size
        stack, other = (int(number) for number in re.findall(r"[0-9]+", memory))
        report.say(f"boot loader: {size:,} bytes of flash, {stack:,} bytes of stack, painted and read back")
        report.check(f"boot loader: {other:,} bytes of memory beside the stack, at most 8,192", other <= 8192)

    report.chapter("2. An update over the serial line, as a native patch")
    update = factory.update("1.1.0", 2, second, first)
    size = second.stat().st_size
    report.say(f"image {size:,} bytes, patch {len(update.payload):,} bytes, envelope {len(update.envelope):,} bytes")
    receipt = pathlib.Path(folder) / "receipt.cbor"
    with device.power_on() as machine:
        machine.expect("boot: slot a, confirmed")
        machine.expect("ready")
        result = serial_update(machine, factory, update, receipt)
        report.check("ota serial update: the patch went over the line, and the device took it", result.returncode == 0)
        report.say(machine.expect("on trial"))
        machine.expect("example application 1.1.0")
        machine.expect("healthy")
        machine.expect("trial: confirmed")
        report.check("1.1.0 ran on trial, found itself healthy, and confirmed itself")
        report.check("its receipt is signed with the key of the device", receipt.stat().st_size > 64)
        machine.type("memory")
        report.say(f"application: {machine.expect('operations')} of the flash in all this")

    report.chapter("3. An image that is not healthy")
    update = factory.update("1.2.0", 3, faulty, second)
    with device.power_on() as machine:
        machine.expect("confirmed")
        machine.expect("ready")
        result = serial_update(machine, factory, update)
        machine.expect("example application 1.2.0")
        report.say(machine.expect("check regulator: FAILED"))
        machine.expect("NOT HEALTHY")
        if way == "over":
            report.check("there is no other image to go back to: it stays, and says so", result.returncode != 0)
            return
        machine.expect("trial: given up")
        machine.expect("example application 1.1.0")
        machine.expect("healthy")
        machine.expect("ready")
        report.check("it gave itself up, and 1.1.0 runs again", result.returncode != 0)
        report.say(f"ota serial update said: {reason(result)}")

    report.chapter("4. Updates that are refused")
    refusals(report, device, factory, first, second)


def refusals(report, device, factory, first, second):
    foreign_manifest = factory.update(
        "1.3.0", 6, factory.image("1.1.0", 6, name="f.bin"), second, key=factory.foreign_key, name="foreign")
    old = factory.update("1.0.0", 1, first, second, name="old")
    foreign = factory.image("1.0.0", 4, key=factory.foreign_key, name="foreign.bin")
    foreign_image = factory.update("1.3.0", 4, foreign, second, name="foreign-image")
    with device.power_on() as machine:
        machine.expect("confirmed")
        machine.expect("ready")
        for update, what in [(foreign_manifest, "a manifest of a stranger"), (old, "an older version, rightly signed")]:
            result = serial_update(machine, factory, update)
            report.check(f"{what} is refused: {reason(result)}", result.returncode == 2)
        # The manifest is good; the image in it is not signed with the key of images, and only the boot loader asks.
        result = serial_update(machine, factory, foreign_image)
        decision = machine.expect("boot: slot")
        report.say(decision)
        line = machine.expect("example application")
        report.check(
            "an image that a stranger signed does not boot, although its manifest is good",
            "reverted" in decision and "1.1.0" in line,
        )
        machine.expect("ready")
        machine.type("version")
        report.say(machine.expect("example application 1.1.0"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--board", default="virt-rv32")
    parser.add_argument("--way", default="direct", choices=WAYS)
    options = parser.parse_args()

    def body(report):
        with tempfile.TemporaryDirectory() as folder:
            tell(report, options.board, options.way, folder)
        print(f"\n{report.count} checks hold")

    main(body)
