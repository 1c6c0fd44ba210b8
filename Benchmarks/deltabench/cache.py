"""Results of earlier runs, so that only what changed is run again."""

import hashlib
import json
import os

from .corpus import digest_of


class Cache:
  """One file for each tool, version, calls and pair of images."""

  def __init__(self, folder, is_fresh):
    self.folder = folder
    # Nothing is taken from it, but what is measured is still put there.
    self.is_fresh = is_fresh
    os.makedirs(folder, exist_ok=True)

  def _path(self, tool, pair):
    # What of a tool is ours changes without its version.
    scripts = [digest_of(part) for part in tool.create if part.endswith(".py")]
    key = json.dumps([
      tool.name, tool.version, tool.commands, tool.is_in_place, pair.name, pair.old_digest, pair.new_digest, *scripts
    ])
    return os.path.join(self.folder, hashlib.sha256(key.encode()).hexdigest()[:32] + ".json")

  def get(self, tool, pair):
    """The record, or nothing. A file that cannot be read is as none."""
    if self.is_fresh:
      return None
    try:
      with open(self._path(tool, pair), encoding="utf-8") as file:
        return json.load(file)
    except (OSError, ValueError):
      return None

  def put(self, tool, pair, record):
    path = self._path(tool, pair)
    with open(path + ".new", "w", encoding="utf-8") as file:
      json.dump(record, file)
    os.replace(path + ".new", path)
