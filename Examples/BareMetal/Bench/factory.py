"""Keys, signed images, and what the factory puts into a board."""

import base64
import binascii
import hashlib
import os
import pathlib
import struct
import subprocess

from machine import HERE, LAYOUTS, ROOT, Failed, artifact


def ota_program():
    """The command line tool: what OTA names, or the newest build of the checkout."""
    if "OTA" in os.environ:
        return os.environ["OTA"]
    for build in ("release", "debug"):
        path = ROOT / ".build" / build / "ota"
        if path.exists():
            return str(path)
    raise Failed("there is no .build/release/ota; run swift build -c release --product ota")


def ota(*arguments, check=True):
    command = [ota_program(), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True)
    if check and result.returncode != 0:
        raise Failed(f"{' '.join(command)} exited with {result.returncode}:\n{result.stderr}{result.stdout}")
    return result


def public_key(pem):
    """The 32 bytes of an Ed25519 key; the last of its SubjectPublicKeyInfo."""
    lines = [line for line in pathlib.Path(pem).read_text().splitlines() if not line.startswith("-")]
    return base64.b64decode("".join(lines))[-32:]


def private_seed(pem):
    """The 32 bytes of an Ed25519 key; the last of its PKCS#8 form (RFC 8410)."""
    lines = [line for line in pathlib.Path(pem).read_text().splitlines() if not line.startswith("-")]
    data = base64.b64decode("".join(lines))
    start = data.index(b"\x04\x22\x04\x20") + 4
    return data[start : start + 32]


class Factory:
    """Makes keys in a folder, signs images with them, and writes flash files."""

    def __init__(self, board, folder):
        self.board = board
        self.folder = pathlib.Path(folder)
        self.layout = LAYOUTS[board]
        self.image_key = self._key("image")
        self.manifest_key = self._key("manifest")
        self.foreign_key = self._key("foreign")
        self.device_key = self._key("device")
        self.device_number = 1

    def _key(self, name):
        path = self.folder / f"{name}.pem"
        ota("key", "generate", "--algorithm", "ed25519", "--out", path)
        return path

    def image(self, version, number, key=None, firmware=None, name=None):
        """A signed image of the application; returns its path."""
        out = self.folder / (name or f"image-{version}.bin")
        source = firmware or artifact(self.board, f"application-{version}.bin")
        ota(
            "image", "sign", source, "--key", key or self.image_key, "--out", out, "--version", version,
            "--pad-header", "--security-counter", number,
        )  # fmt: skip
        return out

    def rom(self, golden, keys=True):
        """What no software writes: boot loader, keys, golden image."""
        data = bytearray(b"\xff") * self.layout.rom_size
        self._put(data, 0, artifact(self.board, "boot-loader.bin").read_bytes())
        if keys:
            body = b"OTAK" + public_key(self.public(self.image_key)) + public_key(self.public(self.manifest_key))
            body += struct.pack("<Q", self.device_number) + private_seed(self.device_key)
            self._put(data, self.layout.keys, body + struct.pack("<I", binascii.crc32(body)))
        if golden:
            self._put(data, self.layout.golden, pathlib.Path(golden).read_bytes())
        self.rom_bytes = bytes(data)
        path = self.folder / "rom.img"
        path.write_bytes(data)
        return path

    def public(self, key):
        return key.with_name(key.stem + ".pub.pem")

    def _put(self, data, offset, content):
        data[offset : offset + len(content)] = content

    def flash(self, content=b"\xff", folder=None):
        """A flash file, filled with a byte, or with content of its size; in a folder of its own if one is named.

        On boards whose flash is one file, what no software writes is in it: `rom` must have been called.
        """
        folder = self.folder / (folder or "flash")
        folder.mkdir(exist_ok=True)
        path = folder / "flash.img"
        content = content * self.layout.flash_size if len(content) == 1 else content
        path.write_bytes((self.rom_bytes if self.layout.is_one_file else b"") + content)
        return path

    def update(self, version, sequence, new, old=None, key=None, memory=32768, name=None):
        """A signed manifest and its payload: a native patch if there is an image to start from."""
        stem = name or f"update-{version}"
        envelope = self.folder / f"{stem}.suit"
        payload = self.folder / f"{stem}.payload"
        arguments = [new, payload, key or self.manifest_key, sequence, version, envelope]
        if old:
            ota("delta", "make", old, new, payload, "--memory", memory, "--arch", self.layout.arch)
            arguments += [old, memory]
        else:
            payload.write_bytes(pathlib.Path(new).read_bytes())
        command = [str(HERE.parent / "Release/.build/debug/Release"), *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            raise Failed(f"{' '.join(command)} exited with {result.returncode}:\n{result.stderr}")
        return Update(envelope.read_bytes(), payload.read_bytes(), envelope, payload)


class Update:
    """What a host brings to a device."""

    def __init__(self, envelope, payload, envelope_path, payload_path):
        self.envelope = envelope
        self.payload = payload
        self.envelope_path = envelope_path
        self.payload_path = payload_path
        self.name = hashlib.sha256(envelope).digest()
