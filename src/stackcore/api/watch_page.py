"""The page that `--watch` serves: the picture of live view, where the run is, and the curve of sharpness."""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>stackcore live view</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { background: #16181c; color: #e6e6e6; font: 16px system-ui, sans-serif; margin: 1rem auto; }
body { max-width: 60rem; padding: 0 1rem; }
img { background: #000; display: block; min-height: 12rem; width: 100%; }
svg { background: #1f2329; height: 8rem; margin-top: 1rem; width: 100%; }
rect { fill: #5aa9a2; } rect.best { fill: #f2b84b; }
#simulated { color: #f2b84b; font-weight: bold; } #warnings { color: #f2b84b; }
</style></head><body>
<img src="/live.mjpg" alt="live view">
<p><span id="simulated"></span> slice <b id="slice">-</b>, focus <b id="offset">-</b>: <span
id="doing">starting</span><span id="left"></span></p>
<svg id="curve" viewBox="0 0 100 20" preserveAspectRatio="none" role="img" aria-label="sharpness by slice"></svg>
<p id="best"></p><p id="warnings"></p>
<script>
const at = id => document.getElementById(id);
function draw(values, slices) {
  const known = values.filter(v => v !== null), top = Math.max(...known);
  const wide = 100 / Math.max(slices, 1);
  at("curve").replaceChildren(...values.map((v, i) => {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect"), high = v === null ? 0 : 20 * v / top;
    for (const [k, x] of Object.entries({x: i * wide, y: 20 - high, width: wide * 0.9, height: high}))
      bar.setAttribute(k, x);
    if (v === top) bar.classList.add("best");
    return bar;
  }));
  if (known.length) at("best").textContent = "Live view is sharpest at slice " + (values.indexOf(top) + 1) + ".";
}
async function look() {
  try {
    const s = await (await fetch("/status.json")).json();
    at("simulated").textContent = s.simulated ? "SIMULATED" : "";
    at("slice").textContent = s.slice + " of " + s.slices;
    at("offset").textContent = (s.offset > 0 ? "+" : "") + s.offset;
    at("doing").textContent = s.doing;
    at("left").textContent = s.seconds_left === null ? "" : ", about " + Math.round(s.seconds_left) + " s left";
    at("warnings").textContent = s.warnings.join("; ");
    draw(s.sharpness, s.slices);
    setTimeout(look, 400);
  } catch (error) { at("doing").textContent = "the run has ended"; at("left").textContent = ""; }
}
look();
</script></body></html>
"""
