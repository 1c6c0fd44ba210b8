"""The pairs of images: folders with an `old.bin` and a `new.bin`."""

import hashlib
import os
from dataclasses import dataclass

# How the name of a folder begins, and the --data-format of detools that fits what is in it. A32 and M0 images are
# Thumb code too.
DATA_FORMATS = {
  "m4-": "arm-cortex-m4", "m0-": "arm-cortex-m4", "a32-": "arm-cortex-m4", "a64-": "aarch64",
  "esp32-": "xtensa-lx106", "esp8266-": "xtensa-lx106",
}


@dataclass(frozen=True)
class Pair:
  name: str
  old: str  # path
  new: str
  old_size: int
  new_size: int
  old_digest: str
  new_digest: str

  @property
  def data_format(self):
    """The data format of detools that fits, or nothing."""
    return next((value for prefix, value in DATA_FORMATS.items() if self.name.startswith(prefix)), None)

  @property
  def is_microcontroller(self):
    """Whether it is an image of a device with little memory, patched within one line of releases."""
    return self.name.startswith(("m4-", "esp32"))


def digest_of(path):
  """The SHA-256 of a file, read in pieces: this process must stay small."""
  digest = hashlib.sha256()
  with open(path, "rb") as file:
    while piece := file.read(1 << 16):
      digest.update(piece)
  return digest.hexdigest()


def pairs_in(folder, wanted=()):
  """All pairs of a folder in the order of their names; only those of `wanted` if it names any."""
  found = []
  for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
    old, new = (os.path.abspath(os.path.join(folder, name, file)) for file in ("old.bin", "new.bin"))
    if os.path.isfile(old) and os.path.isfile(new) and (not wanted or name in wanted):
      found.append(
        Pair(name, old, new, os.path.getsize(old), os.path.getsize(new), digest_of(old), digest_of(new)))
  return found
