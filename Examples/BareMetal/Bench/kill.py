"""Ends the emulator while a device is updated, and starts it again on the same flash file until the update is done.

    kill.py [--board BOARD] [--runs N] [--seed N] [--way WAY] [--cuts random|counted|both] [--first N --last N --step N]

Two forms, each of them half of the runs:

- random: the process is killed at a random moment, up to four times in one update;
- counted: the number of a flash operation is passed into the guest, which does half of that one and ends the emulation.

After each start a verified image must boot, out of a slot, and be healthy; and each update must come to its end: version
1.1.0, confirmed. Anything else is a violation, and ends with status 1. So that two processors are busy, two devices are
updated at a time.
"""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

from bad_flash import WAYS, provision
from factory import Factory
from host import Host, NoAnswer, Refused
from machine import Failed, Machine, Power
from report import Report

START_LIMIT = 40


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.runs = self.cuts = self.boots = 0
        self.points = set()
        self.violations = []

    def add(self, **counts):
        with self.lock:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)

    def cut_at(self, flash):
        """Two cuts are at the same point if they leave the same flash."""
        digest = hashlib.blake2b(pathlib.Path(flash).read_bytes(), digest_size=16).digest()
        with self.lock:
            self.cuts += 1
            self.points.add(digest)


class Bench:
    """A provisioned device and an update for it, made once and copied for each run."""

    def __init__(self, board, way, folder):
        self.board = board
        self.way = way
        self.folder = pathlib.Path(folder)
        factory = Factory(board, folder)
        old = factory.image("1.0.0", 1)
        new = factory.image("1.1.0", 2)
        self.rom = factory.rom(old)
        self.provisioned = factory.flash(folder=f"provisioned-{way}")
        provision(Quiet(), board, self.rom, self.provisioned, way)
        self.update = factory.update("1.1.0", 2, new, old)

    def device(self, name):
        folder = self.folder / name
        folder.mkdir()
        return pathlib.Path(shutil.copy(self.provisioned, folder / "flash.img"))


class Quiet(Report):
    def check(self, what, holds=True):
        if not holds:
            raise Failed(what)


def wait_for_start(machine, tally):
    """What every start must come to: a verified image out of a slot, and healthy. True if that was seen."""
    try:
        machine.expect("boot: slot", timeout=60)
        tally.add(boots=1)
        machine.expect("ready", timeout=60)
    except Failed:
        return False
    return True


def check_output(machine):
    """Raises if the device said something that it must not."""
    for text in ("golden image", "STOPPED", "NOT HEALTHY", "FAILED", "nothing boots", "storage failed"):
        if machine.said(text):
            raise Failed(f"a start said {text!r}:\n" + machine.output[-1200:].decode(errors="replace"))


def drive(machine, bench, tally):
    """Brings the update, as often as it takes; true when the device says that it is done."""
    host = Host(machine)
    try:
        status = host.status(patience=5)
        if status.image_version == (1, 1, 0) and not status.is_on_trial:
            if status.outcome != 1 or status.counter != 2:
                raise Failed("the update is there, but not confirmed")
            return len(host.receipt(b"nonce")) > 64
        if status.image_version != (1, 1, 0):
            host.install(bench.update.envelope, bench.update.payload)
            if not wait_for_start(machine, tally):
                return False
        return None
    except (NoAnswer, Refused) as error:
        if isinstance(error, Refused):
            raise Failed(f"refused: {error}") from error
        return False
    finally:
        host.close()


def finish(bench, flash, tally, starts):
    """Starts without cuts until the update is done."""
    for _ in range(START_LIMIT):
        starts += 1
        with Machine(bench.board, bench.rom, flash) as machine:
            if not wait_for_start(machine, tally):
                check_output(machine)
                raise Failed("a start without a cut did not come up")
            for _ in range(3):
                done = drive(machine, bench, tally)
                check_output(machine)
                if done:
                    return
    raise Failed(f"no end after {starts} starts")


def cut_randomly(bench, tally, number, seed):
    """One update, with the power gone at random moments."""
    generator = random.Random(f"{seed}/{number}")
    flash = bench.device(f"random-{number}")
    kills = generator.randint(1, 4)
    for _ in range(kills):
        # From the first instruction to a little after the usual end.
        delay = generator.uniform(0.0, 1.0) ** 1.5 * 4.0
        with Machine(bench.board, bench.rom, flash) as machine:
            timer = threading.Timer(delay, machine.kill_process)
            timer.start()
            try:
                if wait_for_start(machine, tally):
                    while drive(machine, bench, tally) is None and not machine.ended:
                        pass
            finally:
                timer.cancel()
                machine.kill()
            check_output(machine)
            tally.cut_at(flash)
    finish(bench, flash, tally, kills)
    shutil.rmtree(flash.parent)


def cut_counted(bench, tally, operation):
    """One update, with the power gone in one operation of the flash; false if there are not so many."""
    flash = bench.device(f"counted-{operation}")
    with Machine(bench.board, bench.rom, flash, cut=operation) as machine:
        done = False
        if wait_for_start(machine, tally):
            for _ in range(3):
                done = drive(machine, bench, tally)
                if done is not None:
                    break
        check_output(machine)
        if not done:
            code = machine.wait()
            if code != Power.CUT:
                raise Failed(f"the emulation ended with {code} and not with the cut")
    if not done:
        tally.cut_at(flash)
        finish(bench, flash, tally, 1)
    shutil.rmtree(flash.parent)
    return not done


def count_operations(bench, tally):
    """How many operations of the flash an update takes, from the first start to the report."""
    flash = bench.device("uncut")
    with Machine(bench.board, bench.rom, flash) as machine:
        if not wait_for_start(machine, tally):
            raise Failed("the device does not start")
        while not drive(machine, bench, tally):
            check_output(machine)
        machine.type("memory")
        line = machine.expect("operations")
    shutil.rmtree(flash.parent)
    return int(line.split("operations")[1].split()[0])


def attempt(tally, what, body, *arguments):
    try:
        body(*arguments)
    except Failed as failure:
        with tally.lock:
            tally.violations.append(f"{what}: {failure}")
    tally.add(runs=1)


def run(options):
    tally = Tally()
    started = time.monotonic()
    ways = WAYS if options.way == "all" else [options.way]
    print(f"{options.board}: {options.runs} runs, seed {options.seed}, {', '.join(ways)}", flush=True)
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        benches, totals, tasks = [], [], []
        for way in ways:
            place = pathlib.Path(folder) / way
            place.mkdir()
            benches.append(Bench(options.board, way, place))
        if options.cuts in ("random", "both"):
            for number in range(options.runs if options.cuts == "random" else (options.runs + 1) // 2):
                bench = benches[number % len(benches)]
                what = f"random run {number}, {bench.way}, seed {options.seed}"
                tasks.append(pool.submit(attempt, tally, what, cut_randomly, bench, tally, number, options.seed))
        if options.cuts in ("counted", "both"):
            for index, bench in enumerate(benches):
                total = count_operations(bench, tally)
                totals.append(f"{bench.way} {total}")
                runs = options.runs if options.cuts == "counted" else options.runs // 2
                share = len(range(index, runs, len(benches)))
                for operation in operations(options, total, share, index):
                    what = f"operation {operation} of {total}, {bench.way}"
                    tasks.append(pool.submit(attempt, tally, what, cut_counted, bench, tally, operation))
        for number, _ in enumerate(concurrent.futures.as_completed(tasks)):
            if (number + 1) % 50 == 0:
                print(f"   {number + 1} of {len(tasks)} updates", flush=True)
    if totals:
        print(f"operations of the flash in one update: {', '.join(totals)}")
    for violation in tally.violations[:5]:
        print(f"VIOLATION: {violation}", file=sys.stderr)
    print(
        f"runs {tally.runs}, cuts {tally.cuts}, boots {tally.boots}, distinct cut points {len(tally.points)}, "
        f"violations {len(tally.violations)}, seed {options.seed}, {time.monotonic() - started:.0f} s"
    )
    return 1 if tally.violations else 0


def operations(options, total, share, index):
    """Which operations to cut in: those that were asked for, or as many as there are runs, spread over all."""
    if options.step:
        return range(options.first, min(options.last or total, total) + 1, options.step)
    generator = random.Random(f"{options.seed}/{index}")
    share = min(share, total)
    return sorted(generator.randint(total * n // share + 1, max(total * (n + 1) // share, 1)) for n in range(share))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--board", default="virt-rv32")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("OTA_SEED", random.randrange(1 << 32))))
    parser.add_argument("--way", default="all", choices=["all", *WAYS])
    parser.add_argument("--cuts", default="both", choices=["random", "counted", "both"])
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--last", type=int)
    parser.add_argument("--step", type=int)
    parser.add_argument("--workers", type=int, default=2)
    try:
        sys.exit(run(parser.parse_args()))
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
