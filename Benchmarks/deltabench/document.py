"""The results as JSON: one record a line, so that two runs can be compared with diff."""

import json


def tool(tool, idle):
  return {
    "name": tool.name, "group": tool.group, "version": tool.version, "commands": tool.commands,
    "decoder_memory": tool.decoder_memory, "is_in_place": tool.is_in_place, "is_ours": tool.is_ours,
    "is_small": tool.is_small, "note": tool.note, "idle": idle,
  }


def pair(pair):
  return {
    "name": pair.name, "old_size": pair.old_size, "new_size": pair.new_size, "old_digest": pair.old_digest,
    "new_digest": pair.new_digest, "data_format": pair.data_format, "is_microcontroller": pair.is_microcontroller,
  }


def as_json(document):
  parts = []
  for name, value in document.items():
    if isinstance(value, list):
      lines = ",\n".join("    " + json.dumps(item, sort_keys=True) for item in value)
      text = f"[\n{lines}\n  ]" if value else "[]"
    else:
      text = json.dumps(value, sort_keys=True)
    parts.append(f"  {json.dumps(name)}: {text}")
  return "{\n" + ",\n".join(parts) + "\n}\n"
