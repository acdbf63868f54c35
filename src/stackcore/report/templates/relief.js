// the relief: a grid of the depth map, textured with the result
{
  const canvas = at("relief"), stage = at("relief-stage"), height = at("height"), coloured = at("coloured");
  const gl = canvas.getContext("webgl", { antialias: true, preserveDrawingBuffer: true });
  if (!gl) {
    stage.textContent = "This browser shows no WebGL: see the false colours beside.";
    stage.classList.add("none");
  } else {
    const shader = (kind, text) => {
      const made = gl.createShader(kind);
      gl.shaderSource(made, text);
      gl.compileShader(made);
      if (!gl.getShaderParameter(made, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(made));
      return made;
    };
    const program = gl.createProgram();
    gl.attachShader(program, shader(gl.VERTEX_SHADER, `
      attribute vec2 place; attribute float depth; attribute vec3 normal;
      uniform mat4 view; uniform float tall; uniform float ratio;
      varying vec2 spot; varying float light;
      void main() {
        spot = place;
        vec3 n = normalize(vec3(normal.xy * tall, 1.0));
        light = 0.62 + 0.48 * max(0.0, dot(n, normalize(vec3(-0.45, 0.55, 0.8))));
        gl_Position = view * vec4((place.x - 0.5) * 2.0 * ratio, (0.5 - place.y) * 2.0, (0.5 - depth) * 2.0 * tall, 1.0);
      }`));
    gl.attachShader(program, shader(gl.FRAGMENT_SHADER, `
      precision mediump float;
      varying vec2 spot; varying float light; uniform sampler2D picture; uniform float shaded;
      void main() { gl_FragColor = vec4(texture2D(picture, spot).rgb * mix(1.0, light, shaded), 1.0); }`));
    gl.linkProgram(program);
    gl.useProgram(program);

    const w = map.width, h = map.height, ratio = w / h;
    const place = new Float32Array(2 * w * h), depth = new Float32Array(w * h), normal = new Float32Array(3 * w * h);
    for (let i = 0; i < w * h; i++) {
      place[2 * i] = ((i % w) + 0.5) / w;
      place[2 * i + 1] = (Math.floor(i / w) + 0.5) / h;
    }
    // what is little sure follows its surroundings: a relief of guesses would be all spikes
    const blurred = (values, radius) => {
      const once = (source, count, lines, step, stride) => {
        const out = new Float32Array(source.length);
        for (let line = 0; line < lines; line++) {
          let sum = 0, many = 0;
          const base = line * stride;
          for (let k = 0; k < Math.min(radius, count); k++) { sum += source[base + k * step]; many++; }
          for (let k = 0; k < count; k++) {
            if (k + radius < count) { sum += source[base + (k + radius) * step]; many++; }
            if (k - radius - 1 >= 0) { sum -= source[base + (k - radius - 1) * step]; many--; }
            out[base + k * step] = sum / many;
          }
        }
        return out;
      };
      return once(once(values, w, h, 1, w), h, w, w, 1);
    };
    const weight = Float32Array.from(map.sure, (value) => (value / 255) ** 2 + 0.01);
    const weighted = (radius) => {
      const below = blurred(blurred(weight, radius), radius);
      return blurred(blurred(weight.map((value, i) => (value * map.depth[i]) / 65535), radius), radius).map((value, i) => value / below[i]);
    };
    const fine = weighted(1), wide = weighted(10);
    for (let i = 0; i < w * h; i++) {
      const belief = Math.min(1, map.sure[i] / 128);
      depth[i] = belief * fine[i] + (1 - belief) * wide[i];
    }
    for (let row = 0; row < h; row++) for (let column = 0; column < w; column++) {
      const i = row * w + column, left = i - (column > 0), right = i + (column < w - 1), up = i - w * (row > 0), down = i + w * (row < h - 1);
      normal.set([(depth[right] - depth[left]) * (w / ratio / 2), (depth[up] - depth[down]) * (h / 2), 1], 3 * i);
    }
    const faces = new Uint32Array(6 * (w - 1) * (h - 1));
    for (let row = 0, n = 0; row < h - 1; row++) for (let column = 0; column < w - 1; column++) {
      const i = row * w + column;
      faces.set([i, i + w, i + 1, i + 1, i + w, i + w + 1], n);
      n += 6;
    }
    gl.getExtension("OES_element_index_uint");
    const give = (name, values, size) => {
      const where = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(where);
      gl.vertexAttribPointer(where, size, gl.FLOAT, false, 0, 0);
    };
    give("place", place, 2);
    give("depth", depth, 1);
    give("normal", normal, 3);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, faces, gl.STATIC_DRAW);
    gl.enable(gl.DEPTH_TEST);
    const paper = (image) => {
      const texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, gl.RGB, gl.UNSIGNED_BYTE, image);
      for (const [key, value] of [[gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE], [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE], [gl.TEXTURE_MIN_FILTER, gl.LINEAR]]) gl.texParameteri(gl.TEXTURE_2D, key, value);
      return texture;
    };
    let around = -0.25, over = 0.4, far = 2.8, textures = [], waiting = false;
    const uniform = (name) => gl.getUniformLocation(program, name);
    const draw = () => {
      waiting = false;
      const dots = Math.min(2, devicePixelRatio || 1), cw = Math.round(stage.clientWidth * dots), ch = Math.round(stage.clientHeight * dots);
      if (!cw || !textures.length) return;
      if (canvas.width !== cw || canvas.height !== ch) { canvas.width = cw; canvas.height = ch; }
      gl.viewport(0, 0, cw, ch);
      gl.clearColor(0.05, 0.055, 0.06, 1);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      const [sa, ca, so, co] = [Math.sin(around), Math.cos(around), Math.sin(over), Math.cos(over)];
      // turn about y, then x, move away, then perspective of 40 degrees; columns first
      const lens = 1 / Math.tan(0.35), wide = lens / Math.max(cw / ch, ratio * 0.75), tall = wide * (cw / ch), near = 0.1, end = 20;
      const a = (end + near) / (near - end), b = (2 * end * near) / (near - end);
      const rows = [[ca, 0, sa, 0], [so * sa, co, -so * ca, 0], [-co * sa, so, co * ca, -far]];
      const view = [];
      for (let column = 0; column < 4; column++) {
        const [vx, vy, vz] = rows.map((row) => row[column]);
        view.push(wide * vx, tall * vy, a * vz + (column === 3 ? b : 0), -vz);
      }
      gl.uniformMatrix4fv(uniform("view"), false, view);
      gl.uniform1f(uniform("tall"), (height.value / 100) * 1.4);
      gl.uniform1f(uniform("ratio"), ratio);
      gl.uniform1f(uniform("shaded"), height.value > 0 ? 1 : 0);
      gl.bindTexture(gl.TEXTURE_2D, textures[coloured.checked ? 1 : 0]);
      gl.drawElements(gl.TRIANGLES, faces.length, gl.UNSIGNED_INT, 0);
      canvas.dataset.drawn = "yes";
    };
    const ask = () => { if (!waiting) { waiting = true; requestAnimationFrame(draw); } };
    const turn = (dx, dy) => { around = clamp(around + dx, -1.5, 1.5); over = clamp(over + dy, -1.5, 1.5); ask(); };
    const closer = (factor) => { far = clamp(far * factor, 1.4, 9); ask(); };
    const pointers = new Map();
    let last = 0;
    canvas.addEventListener("pointerdown", (event) => { pointers.set(event.pointerId, [event.clientX, event.clientY]); canvas.setPointerCapture(event.pointerId); last = 0; });
    canvas.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
      if (pointers.size === 1) return turn((event.clientX - before[0]) * 0.008, (event.clientY - before[1]) * 0.008);
      const [p, q] = [...pointers.values()], gap = Math.hypot(p[0] - q[0], p[1] - q[1]);
      if (last) closer(last / gap);
      last = gap;
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => { pointers.delete(event.pointerId); last = 0; });
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); closer(Math.exp(event.deltaY * 0.001)); }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
      if (moves[event.key]) turn(...moves[event.key]);
      else if (event.key === "+" || event.key === "=") closer(0.9);
      else if (event.key === "-") closer(1.1);
      else return;
      event.preventDefault();
    });
    height.addEventListener("input", ask);
    coloured.addEventListener("change", ask);
    at("front").addEventListener("click", () => { around = 0; over = 0; ask(); });
    addEventListener("resize", ask);
    addEventListener("beforeprint", draw);
    Promise.all([at("after"), at("map").querySelector("img")].map((image) => image.decode())).then(() => {
      textures = [paper(at("after")), paper(at("map").querySelector("img"))];
      draw();
    });
  }
}
