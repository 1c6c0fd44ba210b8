"""The chart: for each pair, how long our patch is where the best peer's has the length 1."""

from xml.sax.saxutils import escape

from .results import geometric_mean

WIDTH, LEFT, RIGHT, TOP, ROW, BAR = 760, 190, 60, 64, 30, 10

# Colours for light pages, and others for dark ones: an image in a page follows the setting of the reader.
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .small { font-size: 11px; fill: #59636e }
  .title { font-size: 14px; font-weight: 600 }
  .strong { font-weight: 600 }
  .all { fill: #2f6feb }
  .tight { fill: #bc7a00 }
  .grid { stroke: #d1d9e0 }
  .one { stroke: #59636e }
  .target { stroke: #1a7f37; stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .small { fill: #9198a1 }
    .all { fill: #4c8dff }
    .tight { fill: #d29922 }
    .grid { stroke: #3d444d }
    .one { stroke: #9198a1 }
    .target { stroke: #3fb950 }
  }
"""
TARGET = 0.5


def draw(results):
  """The chart as SVG. Bars that would be longer than the scale end at its end; their figure says how long they are."""
  own = results.headline or "ours"
  rows = [(pair["name"], results.ratio(pair["name"]), results.small_ratio(pair["name"])) for pair in results.pairs]
  means = [
    geometric_mean([row[column] for row in rows if row[column] is not None]) for column in (1, 2)
  ]
  has_small = means[1] is not None
  top = min(max([1.1] + [value * 1.05 for row in rows for value in row[1:] if value is not None]), 2)
  height = TOP + ROW * (len(rows) + 1) + 40

  def x(value):
    return LEFT + (WIDTH - LEFT - RIGHT) * min(value, top) / top

  parts = [
    f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
    f'role="img" aria-label="Sizes of patches as ratios to the best peer">',
    f"<style>{STYLE}</style>",
    _text(16, 24, f"Bytes of the patch: {own} / best peer of each pair (shorter is better)", "title"),
    f'<rect class="all" x="16" y="36" width="{BAR}" height="{BAR}"/>',
    _text(32, 45, "any memory", "small"),
  ]
  if has_small:
    parts.append(f'<rect class="tight" x="116" y="36" width="{BAR}" height="{BAR}"/>')
    parts.append(_text(132, 45, "decoder of 10 KiB, against peers within the same", "small"))
  bottom = height - 34
  for step in range(int(top / 0.25) + 1):
    value = step * 0.25
    kind = "one" if value == 1 else "target" if value == TARGET else "grid"
    parts.append(f'<line class="{kind}" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{TOP - 6}" y2="{bottom}"/>')
    parts.append(_text(x(value), bottom + 16, f"{value:.2f}", "small", "middle"))
  for index, (name, *values) in enumerate([*rows, ("geometric mean", *means)]):
    is_mean = index == len(rows)
    y = TOP + ROW * index
    parts.append(_text(LEFT - 8, y + 15, name, "strong" if is_mean else "", "end"))
    places = 3 if is_mean else 2
    for number, (value, kind) in enumerate(zip(values, ("all", "tight"))):
      if value is None:
        if number == 0:
          parts.append(_text(LEFT + 4, y + 15, "no figure", "small"))
        continue
      bar = y + (number * (BAR + 1) if values[1] is not None else BAR / 2)
      parts.append(f'<rect class="{kind}" x="{LEFT}" y="{bar:.1f}" width="{x(value) - LEFT:.1f}" height="{BAR}"/>')
      parts.append(_text(x(value) + 5, bar + 9, f"{value:.{places}f}", "strong" if is_mean else "small"))
  return "\n".join([*parts, "</svg>"]) + "\n"


def _text(x, y, text, kind="", anchor="start"):
  style = f' class="{kind}"' if kind else ""
  return f'<text{style} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
