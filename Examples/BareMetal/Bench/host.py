"""The host's end of an update over the serial line, as Docs/SerialProtocol.md has it: a second implementation beside that
of `ota serial`, in the process of the tests, so that they can cut it off and damage what it sends.
"""

import binascii
import hashlib
import queue
import struct
import time

from machine import Failed

STATUS, ENVELOPE, BEGIN, PAYLOAD, VERIFY, ACTIVATE, RESET, RECEIPT = range(1, 9)
TRUNCATED, UNKNOWN_UPDATE = 0x0101, None


class Refused(Exception):
    def __init__(self, request, code):
        super().__init__(f"request {request} was refused with 0x{code:04x}")
        self.request = request
        self.code = code


class NoAnswer(Exception):
    pass


def stuff(data):
    """Consistent overhead byte stuffing, with a zero at both ends."""
    out = bytearray(b"\0")
    group = bytearray()
    for byte in data:
        if byte:
            group.append(byte)
            if len(group) < 254:
                continue
        out.append(len(group) + 1)
        out += group
        group.clear()
    out.append(len(group) + 1)
    out += group
    out.append(0)
    return bytes(out)


def unstuff(data):
    """The bytes of a frame; None if they are broken."""
    out = bytearray()
    position = 0
    while position < len(data):
        code = data[position]
        group = data[position + 1 : position + code]
        if len(group) != code - 1:
            return None
        out += group
        position += code
        if code != 255 and position < len(data):
            out.append(0)
    return bytes(out)


def frame(kind, number, body):
    head = struct.pack("<BBHH", 1, kind, number, len(body)) + body
    return stuff(head + struct.pack("<I", binascii.crc32(head)))


class Status:
    """What a device says about itself, as far as the tests look at it."""

    def __init__(self, body):
        (self.version, self.state, self.slot, flags, self.attempts, _) = struct.unpack_from("<6B", body, 0)
        self.is_on_trial = bool(flags & 1)
        position = 6 + 48 + 4
        (self.sequence, self.counter) = struct.unpack_from("<QQ", body, position)
        self.image_version = struct.unpack_from("<III", body, position + 16)
        position += 16 + 12 + 4 + 32
        (self.slot_size, self.body_size) = struct.unpack_from("<IH", body, position)
        (self.envelope_size, self.work_size) = struct.unpack_from("<II", body, position + 6)
        (self.refusal, self.last_revert) = struct.unpack_from("<HH", body, position + 14)
        self.update = body[position + 18 : position + 50]
        (self.payload_size, self.payload_bytes, self.staged) = struct.unpack_from("<III", body, position + 50)
        (self.outcome, self.outcome_code) = struct.unpack_from("<BH", body, position + 62)
        (self.frames, self.garbage, self.oversized) = struct.unpack_from("<III", body, position + 65)


class Host:
    """Talks to the machine that it is given."""

    def __init__(self, machine, filter=None):
        self.machine = machine
        self.filter = filter or (lambda data: data)
        self.number = 0
        self.rest = bytearray()
        self.frames = queue.Queue()
        machine.listeners.append(self._collect)

    def close(self):
        with self.machine.condition:
            self.machine.listeners.remove(self._collect)

    def _collect(self, data):
        *complete, rest = bytes(self.rest + data).split(b"\0")
        self.rest = bytearray(rest)
        for piece in complete:
            content = unstuff(piece) if piece else None
            if content and len(content) >= 10 and content[0] == 1:
                size = struct.unpack_from("<H", content, 4)[0]
                (checksum,) = struct.unpack("<I", content[-4:])
                if size == len(content) - 10 and checksum == binascii.crc32(content[:-4]):
                    self.frames.put((content[1], struct.unpack_from("<H", content, 2)[0], content[6:-4]))

    def ask(self, request, body=b"", patience=2.0, attempts=5):
        """Sends a request until it is answered; returns the body of the answer."""
        self.number = (self.number + 1) & 0xFFFF
        for _ in range(attempts):
            self.machine.send(self.filter(frame(request, self.number, body)))
            while (received := self._receive(patience)) is not None:
                kind, number, answer = received
                if kind == request | 0x80 and number == self.number:
                    (code,) = struct.unpack_from("<H", answer)
                    if code:
                        raise Refused(request, code)
                    return answer[2:]
            if self.machine.ended:
                break
        raise NoAnswer(f"no answer to request {request}")

    def _receive(self, patience):
        """The next frame; None if there is none in time, or the power is off."""
        deadline = time.monotonic() + patience
        while True:
            ended = self.machine.ended
            try:
                return self.frames.get(timeout=0.05)
            except queue.Empty:
                if ended or time.monotonic() > deadline:
                    return None

    def status(self, **options):
        return Status(self.ask(STATUS, **options))

    def send(self, envelope, payload):
        """Brings an update into the inactive slot: everything but verification."""
        name = hashlib.sha256(envelope).digest()
        room = self.status().body_size - 8
        try:
            transfer = self.ask(BEGIN, name, patience=20)
        except Refused:
            for start in range(0, len(envelope), room):
                piece = envelope[start : start + room]
                self.ask(ENVELOPE, struct.pack("<II", len(envelope), start) + piece)
            transfer = self.ask(BEGIN, name, patience=20)
        (position,) = struct.unpack_from("<I", transfer, 37)
        resumed = position
        while position < len(payload):
            piece = payload[position : position + room]
            answer = self.ask(PAYLOAD, name[:4] + struct.pack("<I", position) + piece, patience=20)
            (position,) = struct.unpack_from("<I", answer)
        return resumed

    def install(self, envelope, payload):
        """Brings an update, and has it started; the device is reset then."""
        name = hashlib.sha256(envelope).digest()
        self.send(envelope, payload)
        self.ask(VERIFY, name, patience=20)
        self.ask(ACTIVATE, name, patience=20)
        try:
            self.ask(RESET, patience=5, attempts=1)
        except NoAnswer:
            pass

    def receipt(self, nonce):
        return self.ask(RECEIPT, nonce, patience=20)


def install_once(machine, envelope, payload):
    """One update by a host that comes and goes."""
    host = Host(machine)
    try:
        host.install(envelope, payload)
    finally:
        host.close()


def require(condition, what):
    if not condition:
        raise Failed(what)
