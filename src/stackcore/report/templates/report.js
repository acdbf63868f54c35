"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  document.documentElement.classList.add("live");

  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const map = {
    width: data.map.width, height: data.map.height,
    depth: new Uint16Array(bytes(data.map.depth).buffer), sure: bytes(data.map.sure),
  };
  const sliceAt = (index) => (map.depth[index] / 65535) * Math.max(1, data.slices - 1);

  // dark and light
  const theme = at("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  // the result: zoom and pan
  {
    const stage = at("zoom"), picture = at("picture"), told = at("zoomed");
    let scale = 1, x = 0, y = 0, last = 0;
    const pointers = new Map();
    const own = () => Math.max(1, picture.naturalWidth / stage.clientWidth);
    const most = () => Math.max(8, 4 * own());
    const show = () => {
      const w = stage.clientWidth, h = stage.clientHeight;
      x = clamp(x, w - w * scale, 0);
      y = clamp(y, h - h * scale, 0);
      picture.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
      stage.classList.toggle("near", scale > 2 * own());
      stage.style.touchAction = scale === 1 ? "pan-x pan-y" : "none"; // a finger scrolls past a picture that is whole
      told.textContent = scale === 1 ? "fit" : `${Math.round((100 * scale) / own())} %`;
    };
    const zoom = (factor, px, py) => {
      const next = clamp(scale * factor, 1, most());
      x = px - ((px - x) * next) / scale;
      y = py - ((py - y) * next) / scale;
      scale = next;
      show();
    };
    const middle = (factor) => zoom(factor, stage.clientWidth / 2, stage.clientHeight / 2);
    const acts = {
      in: () => middle(1.5), out: () => middle(1 / 1.5),
      fit: () => { scale = 1; show(); },
      one: () => middle(own() / scale),
      full: () => (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen && stage.requestFullscreen()),
    };
    for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => acts[button.dataset.zoom]());
    const spot = (event) => { const box = stage.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    stage.addEventListener("wheel", (event) => {
      if (scale === 1 && event.deltaY > 0) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * 0.0016), ...spot(event));
    }, { passive: false });
    stage.addEventListener("dblclick", (event) => (scale > 1 ? acts.fit() : zoom(own() > 1.2 ? own() : 3, ...spot(event))));
    stage.addEventListener("pointerdown", (event) => { pointers.set(event.pointerId, spot(event)); stage.setPointerCapture(event.pointerId); last = 0; });
    stage.addEventListener("pointermove", (event) => {
      if (!pointers.has(event.pointerId)) return;
      const before = pointers.get(event.pointerId), now = spot(event);
      pointers.set(event.pointerId, now);
      if (pointers.size === 1) { x += now[0] - before[0]; y += now[1] - before[1]; show(); return; }
      const [a, b] = [...pointers.values()], gap = Math.hypot(a[0] - b[0], a[1] - b[1]);
      if (last) zoom(gap / last, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
      last = gap;
    });
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => { pointers.delete(event.pointerId); last = 0; });
    stage.addEventListener("keydown", (event) => {
      const step = 60, moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
      if (event.key === "+" || event.key === "=") acts.in();
      else if (event.key === "-") acts.out();
      else if (event.key === "0") acts.fit();
      else if (event.key === "1") acts.one();
      else if (moves[event.key] && scale > 1) { x += moves[event.key][0]; y += moves[event.key][1]; show(); }
      else return;
      event.preventDefault();
    });
    addEventListener("resize", show);
    show();
  }

  // a line in every plot for the slice that is shown
  const cursors = [...document.querySelectorAll(".drawing")].map((drawing) => {
    const svg = drawing.querySelector("svg"), box = svg.viewBox.baseVal;
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    line.setAttribute("class", "cursor");
    line.setAttribute("y1", 16);
    line.setAttribute("y2", box.height - 36);
    svg.append(line);
    return (index) => {
      const place = box.width * (Number(drawing.dataset.zero) + Number(drawing.dataset.step) * index);
      line.setAttribute("x1", place);
      line.setAttribute("x2", place);
    };
  });

  // before and after
  {
    const stage = at("versus"), divide = at("divide"), slice = at("slice"), before = at("before");
    const mark = at("mark"), wins = at("wins"), play = at("play");
    let timer = 0;
    const cut = () => stage.style.setProperty("--cut", `${divide.value}%`);
    const paint = () => {
      wins.hidden = !mark.checked;
      if (!mark.checked) return;
      wins.width = map.width;
      wins.height = map.height;
      const context = wins.getContext("2d"), image = context.createImageData(map.width, map.height);
      const wanted = data.frames[slice.value].index;
      for (let i = 0; i < map.depth.length; i++) {
        const hit = Math.round(sliceAt(i)) === wanted && map.sure[i] >= 128;
        image.data.set(hit ? [255, 157, 46, 130] : [0, 0, 0, 110], 4 * i);
      }
      context.putImageData(image, 0, 0);
    };
    const turn = () => {
      const frame = data.frames[slice.value], name = `slice ${frame.index + 1}`;
      before.src = frame.source;
      before.alt = `Frame ${frame.name} alone, aligned.`;
      at("tag").textContent = name;
      at("named").textContent = `${name}, ${frame.name}`;
      slice.setAttribute("aria-valuetext", `${name}, ${frame.name}`);
      for (const cursor of cursors) cursor(frame.index);
      paint();
    };
    const stop = () => { clearInterval(timer); timer = 0; play.setAttribute("aria-pressed", "false"); play.textContent = "Play through focus"; };
    play.addEventListener("click", () => {
      if (timer) return stop();
      play.setAttribute("aria-pressed", "true");
      play.textContent = "Stop";
      timer = setInterval(() => { slice.value = (Number(slice.value) + 1) % data.frames.length; turn(); }, Math.max(60, Math.min(250, 4000 / data.frames.length)));
    });
    divide.addEventListener("input", cut);
    slice.addEventListener("input", () => { stop(); turn(); });
    mark.addEventListener("change", paint);
    const drag = (event) => {
      if (event.type === "pointermove" && !event.buttons) return;
      const box = stage.getBoundingClientRect();
      divide.value = clamp((100 * (event.clientX - box.left)) / box.width, 0, 100);
      cut();
    };
    for (const kind of ["pointerdown", "pointermove"]) stage.addEventListener(kind, drag);
    cut();
    turn();
  }
  //PARTS//
})();
