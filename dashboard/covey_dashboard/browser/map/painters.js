// Painters of points: with WebGL, or without where there is none.

/** @import { Colour } from "./map_layout.js" */
/** @import { View } from "./map_view.js" */

/**
 * `load` takes x and y of each point, then the index of its colour and its state; `draw` the width of a point and how
 * many pixels of the canvas are one of the page.
 *
 * @typedef {object} Painter
 * @property {(places: Float32Array, paint: Uint8Array, colours: Colour[]) => void} load
 * @property {(view: View, pointSize: number, ratio: number) => void} draw
 * @property {() => void} end
 */

/** How opaque each state is drawn, as map_view.py numbers them: faded, pale, full; 0 is hidden. */
const OPACITIES = new Map([
  [1, 0.16],
  [2, 0.5],
  [3, 0.9],
]);

const VERTICES = `
  attribute vec2 place, paint;
  uniform vec2 centre, zoom;
  uniform mediump float size;
  uniform float state;
  varying float colour;
  void main() {
    colour = paint.x;
    gl_Position = paint.y == state ? vec4((place - centre) * zoom, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
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

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Painter}
 */
export function createPainter(canvas) {
  const gl = canvas.getContext("webgl", {
    antialias: false,
    powerPreference: "low-power",
    preserveDrawingBuffer: true,
  });
  return gl ? new WebglPainter(canvas, gl) : new PlainPainter(canvas);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {CanvasRenderingContext2D}
 */
export function flatContext(canvas) {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("This browser cannot draw on a canvas.");
  return pen;
}

/** @implements {Painter} */
class WebglPainter {
  /** @type {Parameters<Painter["load"]> | undefined} */
  loaded;
  /** @type {Parameters<Painter["draw"]> | undefined} */
  drawn;
  /** @type {Set<number>} */
  states = new Set();

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {WebGLRenderingContext} gl
   */
  constructor(canvas, gl) {
    this.canvas = canvas;
    this.gl = gl;
    this.program = createProgram(gl);
    this.buffers = this.createBuffers();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => this.restore());
  }

  /** Loads and draws again, since a context that comes back is empty. */
  restore() {
    const { loaded, drawn } = this;
    this.program = createProgram(this.gl);
    this.buffers = this.createBuffers();
    this.loaded = undefined;
    if (loaded) this.load(...loaded);
    if (drawn) this.draw(...drawn);
  }

  createBuffers() {
    const { gl } = this;
    return {
      places: this.createBuffer("place", gl.FLOAT),
      paint: this.createBuffer("paint", gl.UNSIGNED_BYTE),
    };
  }

  /**
   * @param {string} attribute Of two numbers.
   * @param {number} type
   */
  createBuffer(attribute, type) {
    const { gl } = this;
    const location = gl.getAttribLocation(this.program, attribute);
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, 2, type, false, 0, 0);
    return buffer;
  }

  /** @type {Painter["load"]} */
  load(places, paint, colours) {
    const { gl, buffers } = this;
    if (places !== this.loaded?.[0]) this.fillBuffer(buffers.places, places);
    this.fillBuffer(buffers.paint, paint);
    const texture = new Uint8Array(256 * 4);
    colours.forEach((colour, index) => texture.set([...colour, 255], 4 * index));
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, texture);
    this.loaded = [places, paint, colours];
    this.states = new Set(paint.filter((_, index) => index % 2));
  }

  /**
   * @param {WebGLBuffer} buffer
   * @param {Float32Array | Uint8Array} array
   */
  fillBuffer(buffer, array) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, array, gl.DYNAMIC_DRAW);
  }

  /** @type {Painter["draw"]} */
  draw({ x, y, scale }, pointSize, ratio) {
    this.drawn = [{ x, y, scale }, pointSize, ratio];
    if (!this.loaded) return;
    const { gl } = this;
    const { width, height } = this.canvas;
    gl.viewport(0, 0, width, height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(this.uniform("centre"), x, y);
    gl.uniform2f(this.uniform("zoom"), (2 * scale * ratio) / width, (2 * scale * ratio) / height);
    gl.uniform1f(this.uniform("size"), pointSize);
    for (const [state, opacity] of OPACITIES) {
      if (!this.states.has(state)) continue; // each drawing passes over all points
      gl.uniform1f(this.uniform("state"), state);
      gl.uniform1f(this.uniform("opacity"), opacity);
      gl.drawArrays(gl.POINTS, 0, this.loaded[0].length / 2);
    }
  }

  /** @param {string} name */
  uniform(name) {
    return this.gl.getUniformLocation(this.program, name);
  }

  end() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/**
 * Sets up a context that blends points, with a texture for the palette.
 *
 * @param {WebGLRenderingContext} gl
 */
function createProgram(gl) {
  const program = gl.createProgram();
  attachShader(gl, program, gl.VERTEX_SHADER, VERTICES);
  attachShader(gl, program, gl.FRAGMENT_SHADER, FRAGMENTS);
  gl.linkProgram(program);
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  return program;
}

/**
 * @param {WebGLRenderingContext} gl
 * @param {WebGLProgram} program
 * @param {number} type
 * @param {string} source
 */
function attachShader(gl, program, type, source) {
  const shader = gl.createShader(type);
  if (!shader) return; // the context is lost: all is done again when it is back
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  gl.attachShader(program, shader);
}

/** @implements {Painter} */
class PlainPainter {
  places = new Float32Array();
  paint = new Uint8Array();
  /** @type {Colour[]} */
  colours = [];

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.pen = flatContext(canvas);
  }

  /** @type {Painter["load"]} */
  load(places, paint, colours) {
    Object.assign(this, { places, paint, colours });
  }

  /** @type {Painter["draw"]} */
  draw(view, pointSize, ratio) {
    const { pen, colours } = this;
    pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
    for (const [state, opacity] of OPACITIES) {
      pen.globalAlpha = opacity;
      colours.forEach((colour, index) => {
        pen.fillStyle = `rgb(${colour})`;
        this.drawSquares(index, state, view, pointSize, ratio);
      });
    }
  }

  /**
   * @param {number} colour
   * @param {number} state
   * @param {View} view
   * @param {number} pointSize
   * @param {number} ratio
   */
  drawSquares(colour, state, { x, y, scale }, pointSize, ratio) {
    const { pen, places, paint } = this;
    const { width, height } = pen.canvas;
    for (let index = 0; index < paint.length; index += 2) {
      if (paint[index] !== colour || paint[index + 1] !== state) continue;
      const across = width / 2 + (places[index] - x) * scale * ratio - pointSize / 2;
      const down = height / 2 - (places[index + 1] - y) * scale * ratio - pointSize / 2;
      pen.fillRect(across, down, pointSize, pointSize);
    }
  }

  end() {}
}
