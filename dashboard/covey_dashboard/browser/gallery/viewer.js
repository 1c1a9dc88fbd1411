import { button, element } from "../shared/elements.js";
import { describeCluster, encodeName, formatCount, xenoCantoNumber } from "../shared/texts.js";
import { appendPicture } from "./picture.js";

/** @import { Gallery } from "./gallery.js" */

/** One image in its own size, with its cluster, its recording and its sound. */
export class Viewer {
  /** @param {Gallery} gallery */
  constructor(gallery) {
    this.gallery = gallery;
    this.index = 0;
    this.dialog = element(gallery.host, "dialog", "viewer");
    const head = element(this.dialog, "div", "head");
    this.name = element(head, "bdi", "name");
    this.name.id = "viewer-name";
    this.dialog.setAttribute("aria-labelledby", this.name.id);
    button(head, "✕", "Close (Esc)", () => this.close());
    this.picture = element(this.dialog, "div", "whole");
    this.facts = element(this.dialog, "div", "facts");
    this.sound = element(this.dialog, "div", "sound");
    const bar = element(this.dialog, "div", "bar");
    button(bar, "‹", "The image before (←)", () => this.move(-1));
    button(bar, "›", "The next image (→)", () => this.move(1));
    this.remover = button(bar, "", "Take the image out, or back in (Space)", () => gallery.toggle(this.index));
    const neighbours = "Find the images nearest to this one";
    this.neighbours = button(bar, "More like this", neighbours, () => gallery.findNeighbours(this.index));
    this.listen();
  }

  listen() {
    this.dialog.onkeydown = (event) => {
      this.pressKey(event);
    };
    this.dialog.onclick = (event) => {
      if (event.target === this.dialog) this.close();
    };
    this.dialog.onclose = () => {
      this.picture.replaceChildren();
      this.sound.replaceChildren();
      this.gallery.focusCurrent();
    };
  }

  /** @param {number} index */
  open(index) {
    this.show(index);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.focus();
  }

  close() {
    this.dialog.close();
  }

  /** @param {number} index */
  show(index) {
    this.index = this.gallery.current = index;
    const { names, like } = this.gallery.content;
    const address = this.gallery.pictureAddress(index);
    this.name.textContent = names[index];
    this.picture.replaceChildren();
    appendPicture(this.picture, address && `${address}&whole`, names[index]);
    this.describe();
    this.neighbours.hidden = !like;
    this.showSound(names[index]);
    this.mark();
  }

  describe() {
    const { names, clusters, maybe, confidence, sources, recordings } = this.gallery.content;
    this.facts.replaceChildren();
    element(this.facts, "div", "", `${formatCount(this.index + 1)} of ${formatCount(names.length)}`);
    if (clusters) element(this.facts, "div", "", describeCluster(this.index, { clusters, maybe, confidence }));
    const recording = sources[this.index];
    if (recording >= 0) element(this.facts, "bdi", "", `recording ${recordings[recording]}`);
  }

  /**
   * Offers the segment where its recording is there, else a link to where the recording comes from.
   *
   * @param {string} name
   */
  showSound(name) {
    const { sound } = this.gallery.content;
    this.sound.replaceChildren();
    if (!sound) {
      this.linkRecording(name);
      return;
    }
    const audio = element(this.sound, "audio", "");
    audio.controls = true;
    audio.onerror = () => {
      audio.remove();
      this.linkRecording(name);
      void this.explainSilence(audio);
    };
    audio.src = sound + encodeName(name);
  }

  /**
   * Says why an image has no sound, unless another image is shown by then.
   *
   * @param {HTMLAudioElement} audio
   */
  async explainSilence(audio) {
    const index = this.index;
    const answer = await fetch(audio.src).catch(() => null);
    const reason = answer && answer.status === 404 ? await answer.text() : "";
    if (reason && index === this.index) element(this.sound, "div", "", reason);
  }

  /** @param {string} name */
  linkRecording(name) {
    const number = xenoCantoNumber(name);
    if (number) {
      const link = element(this.sound, "a", "", `Listen at xeno-canto: XC${number}`);
      Object.assign(link, { href: `https://xeno-canto.org/${number}`, target: "_blank", rel: "noopener noreferrer" });
    }
    const { soundless } = this.gallery.content;
    if (soundless) element(this.sound, "div", "", soundless);
  }

  mark() {
    const removed = this.gallery.isRemoved(this.index);
    this.remover.textContent = removed ? "Put back" : "Remove";
    this.picture.classList.toggle("out", removed);
  }

  /** @param {number} step */
  move(step) {
    const index = this.index + step;
    if (index >= 0 && index < this.gallery.content.names.length) this.show(index);
  }

  /** @param {KeyboardEvent} event */
  pressKey(event) {
    event.stopPropagation();
    if (event.target instanceof HTMLMediaElement) return; // it has keys of its own
    if (event.key === "ArrowLeft") this.move(-1);
    else if (event.key === "ArrowRight") this.move(1);
    else if (event.key === " ") this.gallery.toggle(this.index);
    else return;
    event.preventDefault();
  }
}
