// The gallery: every image of a selection, drawn only where a person looks. Which are taken out goes back to Python as
// runs of places. Names come from file names: they are only ever the text of a node.

const GAP = 8;
const CAPTION = 30;
const AHEAD = 2; // rows that are drawn above and below what is seen
const WAIT = 150; // milliseconds after the last click until Python is told
const LISTED = 200; // recordings
const SIZES = { min: 72, max: 320, first: 132 };
const KEPT = "covey gallery size";
const XENO_CANTO = /^XC(\d+)/;

const taken = new Map(); // what is out, by the version of what Python sent: newer than what was sent with it

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  parentElement.gallery ??= new Gallery(parentElement);
  const gallery = parentElement.gallery;
  gallery.tell = (version, runs) => setStateValue("out", { version, runs });
  gallery.ask = (place) => setTriggerValue("like", place);
  gallery.show(data);
  return () => {
    gallery.end();
    delete parentElement.gallery;
  };
}

// A picture, or a grey tile with the name where there is none.
function picture(parent, address, name) {
  const grey = () => element(parent, "div", "grey").append(element(parent, "bdi", "", name));
  if (!address) return grey();
  const made = element(parent, "img", "");
  Object.assign(made, { alt: "", draggable: false, decoding: "async" });
  made.onerror = () => {
    made.remove();
    grey();
  };
  made.src = address;
  return made;
}

const base = (name) => name.split("/").pop();
const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

class Gallery {
  constructor(root) {
    this.host = element(root, "div", "gallery");
    this.bar = element(this.host, "div", "bar");
    this.count = element(this.bar, "span", "count");
    this.count.setAttribute("role", "status");
    this.buttons();
    this.sources = element(this.host, "div", "sources");
    this.sources.hidden = true;
    this.grid = element(this.host, "div", "grid");
    this.grid.tabIndex = 0;
    Object.entries({ role: "listbox", "aria-multiselectable": true, "aria-label": "Images" }).forEach(([key, value]) =>
      this.grid.setAttribute(key, value),
    );
    this.space = element(this.grid, "div", "space");
    this.viewer = new Viewer(this);
    this.tiles = new Map();
    this.at = 0;
    this.anchor = -1;
    this.listen();
    this.watch = new ResizeObserver(() => this.arrange());
    this.watch.observe(this.grid);
  }

  buttons() {
    button(this.bar, "All in", "Take all images back in", () => this.all(0));
    button(this.bar, "All out", "Take all images out", () => this.all(1));
    this.likes = button(this.bar, "More like these", "Find the images nearest to those that are in", () =>
      this.like(-1),
    );
    this.from = button(this.bar, "", "The recordings that the images come from", () => this.fold());
    this.from.setAttribute("aria-expanded", "false");
    const label = element(this.bar, "label", "size", "Size");
    this.slider = element(label, "input", "");
    const { min, max, first } = SIZES;
    Object.assign(this.slider, { type: "range", min, max, step: 4, value: localStorage.getItem(KEPT) ?? first });
    this.slider.oninput = () => {
      localStorage.setItem(KEPT, this.slider.value);
      this.arrange(this.at);
    };
  }

  show(bytes) {
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    const before = this.sent;
    if (before) taken.delete(before.version);
    this.sent = unpack(bytes);
    const { version, view, names, height } = this.sent;
    this.out = taken.get(version) ?? this.sent.out;
    taken.set(version, this.out);
    this.tiles.forEach((tile) => tile.remove());
    this.tiles.clear();
    this.grid.style.height = `${height}px`;
    this.likes.hidden = !this.sent.like;
    this.from.hidden = !this.sent.recordings.length;
    if (before?.view !== view) {
      [this.at, this.anchor, this.grid.scrollTop] = [0, -1, 0];
      this.viewer.close();
    }
    this.at = Math.min(this.at, Math.max(0, names.length - 1));
    this.arrange();
    this.tally();
  }

  end() {
    this.flush();
    this.watch.disconnect();
    this.host.remove();
  }

  // Where the tiles lie; the image `keep` stays in view.
  arrange(keep = -1) {
    const width = this.grid.clientWidth;
    if (!this.sent || !width) return;
    this.columns = Math.max(1, Math.floor((width + GAP) / (Number(this.slider.value) + GAP)));
    this.across = (width + GAP) / this.columns;
    this.down = (this.across - GAP) / 2 + CAPTION + GAP;
    this.space.style.height = `${Math.ceil(this.sent.names.length / this.columns) * this.down}px`;
    this.tiles.forEach((tile, place) => this.put(tile, place));
    if (keep >= 0) this.reveal(keep);
    this.draw();
  }

  put(tile, place) {
    const { columns, across, down } = this;
    tile.style.transform = `translate(${(place % columns) * across}px, ${Math.floor(place / columns) * down}px)`;
    tile.style.width = `${across - GAP}px`;
    tile.style.height = `${down - GAP}px`;
  }

  draw() {
    const { scrollTop, clientHeight } = this.grid;
    const first = Math.max(0, Math.floor(scrollTop / this.down) - AHEAD) * this.columns;
    const rows = Math.ceil((scrollTop + clientHeight) / this.down) + AHEAD;
    const last = Math.min(this.sent.names.length, rows * this.columns);
    this.tiles.forEach((tile, place) => (place < first || place >= last) && this.drop(tile, place));
    for (let place = first; place < last; place++) if (!this.tiles.has(place)) this.make(place);
    this.mark();
  }

  // An image that is no longer wanted must not keep others waiting.
  drop(tile, place) {
    tile.querySelector("img")?.removeAttribute("src");
    tile.remove();
    this.tiles.delete(place);
  }

  make(place) {
    const name = this.sent.names[place];
    const tile = element(this.space, "div", "tile");
    Object.assign(tile, { id: `tile-${place}`, title: name });
    tile.setAttribute("role", "option");
    picture(element(tile, "div", "picture"), this.address(place), name);
    element(element(tile, "div", "caption"), "bdi", "", base(name));
    const larger = button(tile, "⤢", "Enlarge (Enter)", (event) => {
      event.stopPropagation();
      this.viewer.open(place);
    });
    larger.tabIndex = -1;
    tile.onclick = (event) => {
      this.click(place, event.shiftKey);
    };
    tile.ondblclick = () => {
      this.viewer.open(place);
    };
    this.tiles.set(place, tile);
    this.put(tile, place);
  }

  address(place) {
    const { images, names } = this.sent;
    return images && images + encodeURIComponent(names[place].toWellFormed());
  }

  mark() {
    this.tiles.forEach((tile, place) => {
      tile.classList.toggle("out", Boolean(this.out[place]));
      tile.classList.toggle("at", place === this.at);
      tile.setAttribute("aria-selected", String(!this.out[place]));
    });
    this.grid.setAttribute("aria-activedescendant", `tile-${this.at}`);
  }

  click(place, ranged) {
    this.at = place;
    this.toggle(place, ranged);
  }

  // A range gets what the image has that was clicked before.
  toggle(place, ranged = false) {
    if (ranged && this.anchor >= 0) {
      const [first, last] = [Math.min(this.anchor, place), Math.max(this.anchor, place)];
      this.out.fill(this.out[this.anchor], first, last + 1);
    } else {
      this.out[place] = 1 - this.out[place];
      this.anchor = place;
    }
    this.changed();
  }

  all(out) {
    this.out.fill(out);
    this.anchor = -1;
    this.changed();
  }

  like(place) {
    this.flush();
    this.viewer.close();
    this.ask(place);
  }

  changed() {
    this.mark();
    this.tally();
    this.viewer.mark();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.flush(), WAIT);
  }

  flush() {
    if (!this.waiting) return;
    clearTimeout(this.waiting);
    this.waiting = 0;
    const runs = [];
    this.out.forEach((out, place) => {
      if (!out) return;
      if (this.out[place - 1]) runs[runs.length - 1] = place;
      else runs.push(place, place);
    });
    this.tell(this.sent.version, runs);
  }

  tally() {
    const { names, sources, recordings } = this.sent;
    const all = names.length;
    const out = this.out.reduce((sum, one) => sum + one, 0);
    this.count.textContent = out
      ? `${(all - out).toLocaleString("en")} of ${counted(all, "image")}`
      : counted(all, "image");
    const counts = new Uint32Array(recordings.length);
    sources.forEach((source, place) => source >= 0 && !this.out[place] && counts[source]++);
    this.counts = [...counts.entries()].filter(([, count]) => count).sort((one, other) => other[1] - one[1]);
    this.from.textContent = counted(this.counts.length, "recording");
    this.list();
  }

  fold() {
    this.sources.hidden = !this.sources.hidden;
    this.from.setAttribute("aria-expanded", String(!this.sources.hidden));
    this.list();
  }

  list() {
    this.sources.replaceChildren();
    if (this.sources.hidden) return;
    const most = this.counts[0]?.[1] ?? 1;
    for (const [source, count] of this.counts.slice(0, LISTED)) {
      const row = element(this.sources, "div", "source");
      element(row, "bdi", "", this.sent.recordings[source]).title = this.sent.recordings[source];
      element(element(row, "span", ""), "span", "length").style.width = `${(100 * count) / most}%`;
      element(row, "span", "number", count.toLocaleString("en"));
    }
    const more = this.counts.length - LISTED;
    if (more > 0) element(this.sources, "div", "", `and ${counted(more, "more recording")}`);
  }

  listen() {
    this.grid.onscroll = () => {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(() => this.sent && this.draw());
    };
    this.grid.onkeydown = (event) => {
      this.key(event);
    };
    this.host.onpointerleave = () => {
      this.flush();
    };
  }

  key(event) {
    const page = this.columns * Math.max(1, Math.floor(this.grid.clientHeight / this.down));
    const { length } = this.sent.names;
    const steps = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -this.columns,
      ArrowDown: this.columns,
      PageUp: -page,
      PageDown: page,
      Home: -length,
      End: length,
    };
    if (!length || event.altKey || event.ctrlKey || event.metaKey) return this.flush();
    if (event.key in steps) this.move(steps[event.key]);
    else if (event.key === " ") this.toggle(this.at, event.shiftKey);
    else if (event.key === "Enter") this.viewer.open(this.at);
    else return this.flush(); // the key may mean something elsewhere
    event.preventDefault();
    event.stopPropagation();
  }

  move(step) {
    this.at = Math.min(this.sent.names.length - 1, Math.max(0, this.at + step));
    this.reveal(this.at);
    this.draw();
  }

  reveal(place) {
    const top = Math.floor(place / this.columns) * this.down;
    const lowest = top + this.down - this.grid.clientHeight;
    this.grid.scrollTop = Math.max(lowest, Math.min(top, this.grid.scrollTop));
  }
}

// One image in its own size, with what is known of it and its sound.
class Viewer {
  constructor(gallery) {
    this.gallery = gallery;
    this.dialog = element(gallery.host, "dialog", "viewer");
    const head = element(this.dialog, "div", "head");
    this.name = element(head, "bdi", "name");
    button(head, "✕", "Close (Esc)", () => this.close());
    this.picture = element(this.dialog, "div", "whole");
    this.facts = element(this.dialog, "div", "facts");
    this.sound = element(this.dialog, "div", "sound");
    this.buttons(element(this.dialog, "div", "bar"));
    this.dialog.onkeydown = (event) => {
      this.key(event);
    };
    this.dialog.onclick = (event) => {
      if (event.target === this.dialog) this.close();
    };
    this.dialog.onclose = () => {
      this.closed();
    };
  }

  buttons(bar) {
    button(bar, "‹", "The image before (←)", () => this.move(-1));
    button(bar, "›", "The next image (→)", () => this.move(1));
    this.taker = button(bar, "", "Take the image out, or back in (Space)", () => this.gallery.toggle(this.place));
    this.likes = button(bar, "More like this", "Find the images nearest to this one", () =>
      this.gallery.like(this.place),
    );
  }

  open(place) {
    this.show(place);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.focus();
  }

  close() {
    this.dialog.close();
  }

  closed() {
    this.picture.replaceChildren();
    this.sound.replaceChildren();
    this.gallery.reveal(this.gallery.at);
    this.gallery.draw();
    this.gallery.grid.focus();
  }

  show(place) {
    this.place = this.gallery.at = place;
    const { names, clusters, sources, recordings, like } = this.gallery.sent;
    const address = this.gallery.address(place);
    this.name.textContent = names[place];
    this.picture.replaceChildren();
    picture(this.picture, address && `${address}&whole`, names[place]);
    this.facts.replaceChildren();
    element(this.facts, "div", "", `${(place + 1).toLocaleString("en")} of ${names.length.toLocaleString("en")}`);
    if (clusters) element(this.facts, "div", "", clusters[place] < 0 ? "noise" : `cluster ${clusters[place]}`);
    if (sources[place] >= 0) element(this.facts, "bdi", "", `recording ${recordings[sources[place]]}`);
    this.likes.hidden = !like;
    this.play(names[place]);
    this.mark();
  }

  // The segment where its recording is there, else a link to where the recording comes from.
  play(name) {
    const { sound, soundless } = this.gallery.sent;
    this.sound.replaceChildren();
    const link = () => this.link(name, soundless);
    if (!sound) return link();
    const audio = element(this.sound, "audio", "");
    audio.controls = true;
    audio.onerror = () => {
      audio.remove();
      link();
    };
    audio.src = sound + encodeURIComponent(name.toWellFormed());
    return audio;
  }

  link(name, soundless) {
    const found = XENO_CANTO.exec(base(name));
    if (found) {
      const link = element(this.sound, "a", "", `Listen at xeno-canto: XC${found[1]}`);
      Object.assign(link, { href: `https://xeno-canto.org/${found[1]}`, target: "_blank", rel: "noopener noreferrer" });
    }
    if (soundless) element(this.sound, "div", "", soundless);
  }

  mark() {
    const out = this.gallery.out[this.place];
    this.taker.textContent = out ? "Take back in" : "Take out";
    this.picture.classList.toggle("out", Boolean(out));
  }

  move(step) {
    const place = this.place + step;
    if (place >= 0 && place < this.gallery.sent.names.length) this.show(place);
  }

  key(event) {
    const acts = {
      ArrowLeft: () => this.move(-1),
      ArrowRight: () => this.move(1),
      " ": () => this.gallery.toggle(this.place),
    };
    event.stopPropagation();
    if (!acts[event.key] || event.target instanceof HTMLMediaElement) return;
    acts[event.key]();
    event.preventDefault();
  }
}
