// The map: every image a point. Mounted twice: with the points, which are sent once, and with what is shown of them.
// What a person does goes back as the row of a point or as a polygon in the units of the map.

const OUTLIERS = 0.005; // share of the points at each end of an axis that may lie outside the first view
const MARGIN = 0.06;
const BAR = 36; // pixels at the top where the buttons are
const AROUND = 320; // pixels of a page that are above and below the map
const CELLS = 256;
const REACH = 9; // pixels from the pointer to the point that it means
const STILL = 4; // pixels that a click may move
const STAGES = [1, 2, 3]; // as map.py numbers them: faded, grey, full; 0 is hidden
const OPACITY = [0, 0.16, 0.5, 0.9];
const TOOLS = { pan: ["Move", "✥"], box: ["Select a rectangle (Shift and drag)", "▭"], lasso: ["Select an area", "◌"] };
const ZOOMS = { "Zoom in": ["+", 1.5], "Zoom out": ["−", 1 / 1.5] };

const tables = new Map(); // the points of each map of the page, by the element that brought them
const views = new Map(); // where a person has moved to, by the id of the points
const maps = new Map();

export default function ({ data, parentElement, setTriggerValue }) {
  const sent = unpack(data);
  if (sent.names) {
    const box = extent(sent.places);
    tables.set(parentElement, { ...sent, grid: index(sent.places, box), box });
    maps.forEach((map) => map.show());
    return () => tables.delete(parentElement);
  }
  if (!maps.has(parentElement)) maps.set(parentElement, new Chart(parentElement));
  const map = maps.get(parentElement);
  map.pick = (what) => setTriggerValue("picked", what);
  map.show(sent);
  return () => {
    map.end();
    maps.delete(parentElement);
  };
}

function extent(places) {
  const sides = [0, 1].map((side) => {
    const sorted = places.filter((value, at) => at % 2 === side && Number.isFinite(value)).sort();
    if (!sorted.length) return [-1, 1];
    const cut = Math.floor(OUTLIERS * (sorted.length - 1));
    const [low, high] = [sorted[cut], sorted[sorted.length - 1 - cut]];
    const margin = MARGIN * (high - low) || 1;
    return [low - margin, high + margin];
  });
  return { x: sides[0], y: sides[1] };
}

// The points of each cell of a grid one after another, so that those around the pointer are found at once.
function index(places, box) {
  const cell = (value, [low, high]) =>
    Math.min(CELLS - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * CELLS)));
  const across = (x) => cell(x, box.x);
  const down = (y) => cell(y, box.y);
  const cells = Int32Array.from(
    { length: places.length / 2 },
    (_, row) => down(places[2 * row + 1]) * CELLS + across(places[2 * row]),
  );
  const starts = new Int32Array(CELLS * CELLS + 1);
  cells.forEach((at) => starts[at + 1]++);
  for (let at = 0; at < CELLS * CELLS; at++) starts[at + 1] += starts[at];
  const rows = new Int32Array(cells.length);
  const next = starts.slice();
  cells.forEach((at, row) => (rows[next[at]++] = row));
  return { across, down, starts, rows };
}

class Chart {
  constructor(root) {
    this.host = element(root, "div", "map");
    this.title = element(this.host, "div", "title");
    this.stage = element(this.host, "div", "stage");
    this.points = element(this.stage, "canvas", "points");
    this.over = element(this.stage, "canvas", "over");
    this.over.tabIndex = 0;
    this.legend = element(this.stage, "div", "legend");
    this.tip = element(this.stage, "div", "tip");
    this.painter = painter(this.points);
    this.tool = "pan";
    this.path = [];
    this.buttons();
    this.listen();
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(this.stage);
  }

  end() {
    this.watch.disconnect();
    this.painter.end();
    this.host.remove();
  }

  show(sent = this.sent) {
    if (!sent) return;
    this.sent = sent;
    this.table = [...tables.values()].find((table) => table.id === sent.points);
    this.stage.style.height = `max(${sent.height}px, 100vh - ${AROUND}px)`;
    this.title.textContent = sent.title;
    this.tip.hidden = true;
    if (!this.table) return;
    this.colours = sent.palette.map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
    this.paint = this.painted();
    this.painter.load(this.table.places, this.paint, this.colours);
    this.describe();
    this.shown = Number(this.host.dataset.drawn ?? 0) + 1;
    this.resize();
  }

  // The place of each point's colour in the palette, and its stage.
  painted() {
    const { codes, states } = this.sent;
    const found = new Uint8Array(2 * states.length);
    states.forEach((state, row) => {
      found[2 * row] = codes[row] < 0 ? 0 : (codes[row] % (this.colours.length - 1)) + 1;
      found[2 * row + 1] = state;
    });
    return found;
  }

  buttons() {
    const bar = element(this.stage, "div", "tools");
    const tools = Object.entries(TOOLS).map(([tool, [title, sign]]) => {
      const made = button(bar, sign, title, () => {
        this.tool = tool;
        tools.forEach((one) => (one.ariaPressed = one === made));
      });
      made.ariaPressed = tool === this.tool;
      return made;
    });
    Object.entries(ZOOMS).forEach(([title, [sign, factor]]) =>
      button(bar, sign, title, () => this.zoom(factor, this.width / 2, this.height / 2)),
    );
    button(bar, "⟲", "Show everything", () => this.home());
  }

  // The legend, all of it text.
  describe() {
    this.legend.replaceChildren();
    for (const { name, code, count } of this.sent.legend) {
      const row = element(this.legend, "div", "row");
      const spot = element(row, "span", "spot");
      spot.style.background = this.sent.palette[code < 0 ? 0 : (code % (this.colours.length - 1)) + 1];
      element(row, "bdi", "name", name);
      element(row, "span", "count", count);
    }
    if (this.sent.more) element(this.legend, "div", "row more", this.sent.more);
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!this.table || !width) return;
    const ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.points, this.over]) {
      if (canvas.width === Math.round(width * ratio) && canvas.height === Math.round(height * ratio)) continue;
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    Object.assign(this, { width, height, ratio });
    if (!views.has(this.table.id)) this.home();
    else this.draw();
  }

  get view() {
    return views.get(this.table.id);
  }

  fitted() {
    const { x, y } = this.table.box;
    const scale = Math.min(this.width / (x[1] - x[0]), (this.height - BAR) / (y[1] - y[0]));
    return { x: (x[0] + x[1]) / 2, y: (y[0] + y[1]) / 2 + BAR / 2 / scale, scale };
  }

  home() {
    if (!this.table) return;
    views.set(this.table.id, this.fitted());
    this.draw();
  }

  zoom(factor, across, down) {
    if (!this.table) return;
    const [x, y] = this.place(across, down);
    this.view.scale *= factor;
    const [nowX, nowY] = this.place(across, down);
    this.view.x += x - nowX;
    this.view.y += y - nowY;
    this.draw();
  }

  place(across, down) {
    const { x, y, scale } = this.view;
    return [x + (across - this.width / 2) / scale, y - (down - this.height / 2) / scale];
  }

  spot(x, y) {
    const view = this.view;
    return [this.width / 2 + (x - view.x) * view.scale, this.height / 2 - (y - view.y) * view.scale];
  }

  draw() {
    cancelAnimationFrame(this.frame);
    if (!this.table) return;
    const { x, y, scale } = this.view;
    this.host.dataset.view = [x, y, scale].join(" ");
    this.frame = requestAnimationFrame(() => {
      const closer = Math.min(3, Math.max(1, (scale / this.fitted().scale) ** 0.4));
      const size = Math.min(8, Math.max(3, 60 / Math.sqrt(this.sent.states.length) + 2.5)) * closer;
      this.painter.draw(this.view, size * this.ratio, this.ratio);
      this.annotate();
      this.host.dataset.drawn = this.shown;
    });
  }

  // The names of groups where they lie, the largest first, none over another, and the area that is being drawn.
  annotate() {
    const pen = this.over.getContext("2d");
    const style = getComputedStyle(this.host);
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    Object.assign(pen, {
      font: `600 12px ${style.fontFamily}`,
      textAlign: "center",
      textBaseline: "middle",
      lineWidth: 3,
    });
    Object.assign(pen, { strokeStyle: style.backgroundColor, fillStyle: style.color, lineJoin: "round" });
    const taken = [];
    for (const { name, x, y } of this.sent.marks) {
      const [middle, down] = this.spot(x, y);
      if (middle < 0 || middle > this.width) continue;
      const half = pen.measureText(name).width / 2 + 3;
      const across = Math.max(half, Math.min(middle, this.width - half));
      if (taken.some(([a, d, h]) => Math.abs(a - across) < h + half && Math.abs(d - down) < 15)) continue;
      taken.push([across, down, half]);
      pen.strokeText(name, across, down);
      pen.fillText(name, across, down);
    }
    this.outline(pen, style);
  }

  outline(pen, style) {
    if (this.path.length < 2) return;
    pen.beginPath();
    this.path.forEach(([across, down]) => pen.lineTo(across, down));
    pen.closePath();
    Object.assign(pen, { strokeStyle: style.color, lineWidth: 1.5 });
    pen.setLineDash([5, 4]);
    pen.stroke();
    pen.setLineDash([]);
  }

  nearest(across, down) {
    const { grid, places } = this.table;
    const [x, y] = this.place(across, down);
    const reach = REACH / this.view.scale;
    let best = -1;
    let least = reach * reach;
    for (let row = grid.down(y - reach); row <= grid.down(y + reach); row++) {
      const first = grid.starts[row * CELLS + grid.across(x - reach)];
      const last = grid.starts[row * CELLS + grid.across(x + reach) + 1];
      for (let at = first; at < last; at++) {
        const point = grid.rows[at];
        const far = (places[2 * point] - x) ** 2 + (places[2 * point + 1] - y) ** 2;
        if (far > least || !this.sent.states[point]) continue;
        [best, least] = [point, far];
      }
    }
    return best;
  }

  hover(across, down) {
    const row = this.nearest(across, down);
    this.tip.hidden = row < 0;
    if (row < 0 || row === this.told) return this.put(across, down);
    this.told = row;
    this.tip.replaceChildren();
    const { clusters, codes, values, classes, kinds, column, address } = this.sent;
    if (address) {
      const picture = element(this.tip, "img", "");
      picture.onerror = () => {
        picture.remove();
      };
      picture.src = address + encodeURIComponent(this.table.names[row].toWellFormed());
    }
    element(this.tip, "bdi", "name", this.table.names[row]);
    element(this.tip, "div", "", clusters[row] < 0 ? "noise" : `cluster ${clusters[row]}`);
    if (classes[row] >= 0) element(this.tip, "bdi", "", kinds[classes[row]]);
    const recording = this.table.recordings[this.table.sources[row]];
    if (recording) element(this.tip, "bdi", "", `recording ${recording}`);
    if (column) element(this.tip, "bdi", "", `${column}: ${values[codes[row]] ?? "unknown"}`);
    return this.put(across, down);
  }

  put(across, down) {
    this.tip.style.left = `${Math.max(0, Math.min(across + 14, this.width - 236))}px`;
    const below = down < this.height / 2;
    this.tip.style.top = below ? `${down + 14}px` : "auto";
    this.tip.style.bottom = below ? "auto" : `${this.height - down + 10}px`;
  }

  listen() {
    const at = (event) => {
      const box = this.over.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const act = (what) => (event) => {
      if (this.table && this.view) what(event, ...at(event));
    };
    this.over.addEventListener(
      "wheel",
      act((event, across, down) => {
        event.preventDefault();
        this.zoom(Math.exp(-Math.sign(event.deltaY) * Math.min(120, Math.abs(event.deltaY)) * 0.002), across, down);
      }),
      { passive: false },
    );
    this.over.onpointerdown = act((event, ...from) => {
      if (event.button) return;
      this.over.setPointerCapture(event.pointerId);
      this.drag = { from, last: from, tool: event.shiftKey ? "box" : this.tool, moved: false };
    });
    this.over.onpointermove = act((event, ...to) => (this.drag ? this.move(to) : this.hover(...to)));
    this.over.onpointerup = act((event, ...to) => this.drop(to));
    this.over.onpointercancel = () => {
      this.cancel();
    };
    this.over.onpointerleave = () => {
      this.tip.hidden = true;
    };
    this.over.onkeydown = (event) => {
      if (event.key === "Escape") this.cancel();
    };
  }

  move(to) {
    const { from, last, tool, moved } = this.drag;
    if (!moved && Math.hypot(to[0] - from[0], to[1] - from[1]) < STILL) return;
    this.tip.hidden = this.drag.moved = true;
    if (tool === "pan") {
      this.view.x -= (to[0] - last[0]) / this.view.scale;
      this.view.y += (to[1] - last[1]) / this.view.scale;
    } else if (tool === "box") {
      this.path = [from, [to[0], from[1]], to, [from[0], to[1]]];
    } else {
      this.path.push(to);
    }
    this.drag.last = to;
    this.draw();
  }

  drop(to) {
    if (!this.drag) return;
    const { moved, tool } = this.drag;
    const area = this.path.map(([across, down]) => this.place(across, down));
    this.cancel();
    if (!moved) this.pick({ row: this.nearest(...to) });
    else if (tool !== "pan" && area.length > 2) this.pick({ area });
  }

  cancel() {
    this.drag = null;
    this.path = [];
    this.draw();
  }
}

const VERTICES = `
  attribute vec2 place, paint;
  uniform vec2 centre, zoom;
  uniform mediump float size;
  uniform float stage;
  varying float colour;
  void main() {
    colour = paint.x;
    gl_Position = paint.y == stage ? vec4((place - centre) * zoom, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = size;
  }`;
const FRAGMENTS = `
  precision mediump float;
  uniform sampler2D palette;
  uniform mediump float size;
  uniform float opacity;
  varying float colour;
  void main() {
    float edge = (0.5 - length(gl_PointCoord - 0.5)) * size;
    if (edge <= 0.0) discard;
    vec3 tint = texture2D(palette, vec2((colour + 0.5) / 256.0, 0.5)).rgb;
    float cover = opacity * min(1.0, edge);
    gl_FragColor = vec4(tint * cover, cover);
  }`;

function painter(canvas) {
  const gl = canvas.getContext("webgl", {
    antialias: false,
    powerPreference: "low-power",
    preserveDrawingBuffer: true,
  });
  return gl ? new Triangles(gl) : new Squares(canvas.getContext("2d"));
}

class Triangles {
  constructor(gl) {
    this.gl = gl;
    this.start();
    gl.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    gl.canvas.addEventListener("webglcontextrestored", () => {
      this.start();
      if (this.loaded) this.load(...this.loaded);
    });
  }

  start() {
    const { gl } = this;
    this.program = gl.createProgram();
    for (const [kind, source] of [
      [gl.VERTEX_SHADER, VERTICES],
      [gl.FRAGMENT_SHADER, FRAGMENTS],
    ]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(this.program, shader);
    }
    gl.linkProgram(this.program);
    gl.useProgram(this.program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    this.places = this.attribute("place", gl.FLOAT);
    this.paint = this.attribute("paint", gl.UNSIGNED_BYTE);
  }

  attribute(name, kind) {
    const { gl } = this;
    const at = gl.getAttribLocation(this.program, name);
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, 2, kind, false, 0, 0);
    return buffer;
  }

  load(places, paint, colours) {
    const { gl } = this;
    for (const [buffer, array, before] of [
      [this.places, places, this.loaded?.[0]],
      [this.paint, paint],
    ]) {
      if (array === before && !gl.isContextLost()) continue;
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, array, gl.DYNAMIC_DRAW);
    }
    const texture = new Uint8Array(256 * 4);
    colours.forEach((colour, at) => texture.set([...colour, 255], 4 * at));
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, texture);
    this.loaded = [places, paint, colours];
  }

  draw({ x, y, scale }, size, ratio) {
    const { gl } = this;
    const { width, height } = gl.canvas;
    const set = (name, ...values) =>
      gl[`uniform${values.length}f`](gl.getUniformLocation(this.program, name), ...values);
    gl.viewport(0, 0, width, height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    set("centre", x, y);
    set("zoom", (2 * scale * ratio) / width, (2 * scale * ratio) / height);
    set("size", size);
    for (const stage of STAGES) {
      set("stage", stage);
      set("opacity", OPACITY[stage]);
      gl.drawArrays(gl.POINTS, 0, this.loaded[0].length / 2);
    }
  }

  end() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

class Squares {
  constructor(pen) {
    this.pen = pen;
  }

  load(places, paint, colours) {
    Object.assign(this, { places, paint, colours });
  }

  draw({ x, y, scale }, size, ratio) {
    const { pen, places, paint, colours } = this;
    const { width, height } = pen.canvas;
    pen.clearRect(0, 0, width, height);
    for (const stage of STAGES) {
      pen.globalAlpha = OPACITY[stage];
      colours.forEach((colour, at) => {
        pen.fillStyle = `rgb(${colour})`;
        for (let row = 0; row < paint.length; row += 2) {
          if (paint[row] !== at || paint[row + 1] !== stage) continue;
          const across = width / 2 + (places[row] - x) * scale * ratio - size / 2;
          const down = height / 2 - (places[row + 1] - y) * scale * ratio - size / 2;
          pen.fillRect(across, down, size, size);
        }
      });
    }
  }

  end() {}
}
