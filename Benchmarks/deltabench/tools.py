"""What a tool is, and how it is called."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tool:
  """One way to make a patch and to apply it.

  In calls, `{old}`, `{new}`, `{patch}` and `{out}` stand for paths, `{data_format}` for the one of the pair,
  `{memory}` for the size of the memory of a device that is patched in place.
  """

  name: str
  group: str  # the project it comes from: one column of the tables
  version: str
  create: tuple
  apply: tuple
  # A call that only starts the program: what it costs is in every run.
  idle: tuple
  # Bytes of RAM that a decoder of it for microcontrollers takes; nothing if that is unknown or much.
  decoder_memory: int | None = None
  # It patches `{out}`, which begins as the old image and has the size of `{memory}`.
  is_in_place: bool = False
  # It is `ota`.
  is_ours: bool = False
  # For the comparison of small decoders only: on pairs of microcontrollers, and never the best of all peers.
  is_small: bool = False
  # How to read the line in a table, if the name does not say it.
  note: str = ""

  def fits(self, pair):
    if self.is_small and not pair.is_microcontroller:
      return False
    if self.is_in_place and pair.new_size > IN_PLACE_LIMIT:
      return False
    return pair.data_format is not None or "{data_format}" not in self.create

  def call(self, template, pair, patch, out):
    values = {
      "old": pair.old, "new": pair.new, "patch": patch, "out": out, "data_format": pair.data_format,
      "memory": memory_in_place(pair),
    }
    return [part.format_map(values) for part in template]

  @property
  def commands(self):
    """How it is called, for people: without the folders of this machine."""
    return {"create": _readable(self.create), "apply": _readable(self.apply)}


def _readable(template):
  return " ".join(part.rsplit("/", 1)[-1] for part in template)


SEGMENT = 4096
# Devices with one slot have no larger images, and detools sorts all of the old image anew for each block.
IN_PLACE_LIMIT = 2 << 20


def memory_in_place(pair):
  """The memory in which detools patches in place: a slot for the larger image, and eight blocks to shift into."""
  blocks = -(-max(pair.old_size, pair.new_size) // SEGMENT)
  return (blocks + 8) * SEGMENT
