"""An emulated board: its flash file, its serial line, its power."""

import os
import pathlib
import selectors
import signal
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
ARTIFACTS = HERE.parent / ".artifacts"


class Failed(Exception):
    """A check that does not hold."""


def artifact(board, name):
    path = ARTIFACTS / board / name
    if not path.exists():
        raise Failed(f"{path} is missing; run Scripts/build-bare-metal {board}")
    return path


class Layout:
    """Where the factory puts things on a board; as Sources/Board/Machine/BoardMap.swift has it."""

    """Sizes and offsets; `parts` are ranges of the flash file."""

    def __init__(self, board, rom_size, flash_size, keys, golden, arch, is_one_file=False, parts=None):
        self.board = board
        self.rom_size = rom_size
        self.flash_size = flash_size
        self.keys = keys
        self.golden = golden
        self.arch = arch
        self.is_one_file = is_one_file
        self.parts = parts or {}


LAYOUTS = {
    "virt-rv32": Layout(
        "virt-rv32", 32 << 20, 32 << 20, 0x40000, 0x80000, "riscv32",
        parts={
            "one copy of the table and the journal": [(0, 0x40000), (0x80000, 0x80000)],
            "both slots": [(0x180000, 0x180000)],
        },
    ),
    "mps2-an386": Layout(
        "mps2-an386", 0x80000, 0xD0000, 0, 0x10000, "thumb", is_one_file=True,
        parts={
            "one copy of the table and the journal": [(0x80000, 0x1000), (0x82000, 0x4000)],
            "both slots": [(0x90000, 0xC0000)],
        },
    ),
}
# Code for armv6m on the same machine, whose processor takes it: QEMU's own board of that kind has 16 KiB of memory.
LAYOUTS["armv6m"] = LAYOUTS["mps2-an386"]


class Power:
    """Why an emulation ended."""

    OFF = 0
    CUT = 99


class Machine:
    """One run of the emulator, from power on to power off; the flash file outlives it.

    What the board says is collected in `output`; `expect` waits for it.
    """

    def __init__(self, board, rom, flash, cut=0):
        self.board = board
        self.output = bytearray()
        self.position = 0
        self.listeners = []
        self.condition = threading.Condition()
        command = command_line(board, rom, flash, cut)
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, cwd=pathlib.Path(flash).parent
        )
        self.thread = threading.Thread(target=self._collect, daemon=True)
        self.thread.start()

    def _collect(self):
        while True:
            data = self.process.stdout.read(4096)
            with self.condition:
                if data:
                    self.output += data
                    for listener in self.listeners:
                        listener(data)
                else:
                    self.ended = True
                self.condition.notify_all()
            if not data:
                return

    ended = False

    def send(self, data):
        """Bytes for the serial line; lost if the power is off."""
        if isinstance(data, str):
            data = data.encode()
        view = memoryview(data)
        try:
            while view:
                view = view[self.process.stdin.write(view) :]
        except (BrokenPipeError, ValueError):
            pass

    def type(self, line):
        self.send(line + "\r")

    def expect(self, text, timeout=30):
        """Waits until the board says this, after what was expected before; returns the whole line."""
        text = text.encode()
        deadline = time.monotonic() + timeout
        with self.condition:
            while True:
                found = self.output.find(text, self.position)
                if found >= 0:
                    end = self.output.find(b"\n", found)
                    if end >= 0 or self.ended:
                        end = end if end >= 0 else len(self.output)
                        start = self.output.rfind(b"\n", 0, found) + 1
                        self.position = end
                        # Frames of an update may stand on the same line.
                        return self.output[start:end].split(b"\0")[-1].decode(errors="replace").strip()
                left = deadline - time.monotonic()
                if self.ended or left <= 0:
                    raise Failed(
                        f"the board did not say {text.decode()!r}; it said\n"
                        + self.output[-1500:].decode(errors="replace")
                    )
                self.condition.wait(left)

    def said(self, text):
        with self.condition:
            return text.encode() in self.output

    def wait(self, timeout=30):
        """Waits for the end; returns the exit code."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed("the board did not end; it said\n" + self.output[-1500:].decode(errors="replace"))
        self.thread.join()
        return code

    def kill_process(self):
        """The power goes, now; for a thread that does not wait."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)

    def kill(self):
        """The power goes, now."""
        self.kill_process()
        self.process.wait()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.process.stdin.close()
        self.process.stdout.close()


def command_line(board, rom, flash, cut):
    if board == "virt-rv32":
        command = ["qemu-system-riscv32", "-M", "virt", "-bios", "none", "-nographic"]
        command += ["-serial", "stdio", "-monitor", "none"]
        command += ["-drive", f"if=pflash,unit=0,format=raw,file={rom},readonly=on"]
        command += ["-drive", f"if=pflash,unit=1,format=raw,file={flash}"]
        if cut:
            command += ["-device", f"loader,addr=0x80010800,data={cut},data-len=4"]
        return command
    if board in ("mps2-an386", "armv6m"):
        command = ["qemu-system-arm", "-M", "mps2-an386", "-nographic", "-serial", "stdio", "-monitor", "none"]
        command += ["-semihosting-config", "enable=on,target=native"]
        command += ["-kernel", str(artifact(board, "boot-loader.elf"))]
        if cut:
            command += ["-device", f"loader,addr=0x20010800,data={cut},data-len=4"]
        return command
    raise Failed(f"no such board: {board}")


class SerialLine:
    """A pseudo terminal whose other end is the serial line of a machine, for programs that want a device."""

    def __init__(self, machine):
        import pty
        import tty

        self.machine = machine
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(self.slave)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.master, selectors.EVENT_READ)
        self.closed = False
        machine.listeners.append(self._to_host)
        self.thread = threading.Thread(target=self._to_board, daemon=True)
        self.thread.start()

    def _to_host(self, data):
        # A program that is gone reads nothing: what does not fit any more is lost, as on a line.
        view = memoryview(data)
        for _ in range(50):
            if self.closed or not view:
                return
            try:
                view = view[os.write(self.master, view) :]
            except BlockingIOError:
                time.sleep(0.01)

    def _to_board(self):
        while not self.closed:
            if self.selector.select(0.05):
                try:
                    self.machine.send(os.read(self.master, 4096))
                except OSError:
                    return

    def close(self):
        self.closed = True
        self.thread.join()
        with self.machine.condition:
            self.machine.listeners.remove(self._to_host)
        os.close(self.master)
        os.close(self.slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
