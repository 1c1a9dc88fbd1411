import { button, element } from "../shared/elements.js";
import { xenoCantoNumber } from "../shared/texts.js";

/** Why an image has no sound, where it can be heard, and a field to say where the recordings are. */
export class Silence {
  /**
   * @param {Node} parent
   * @param {(folder: string) => void} nameFolder Called with the folder of recordings that a person names.
   */
  constructor(parent, nameFolder) {
    this.host = element(parent, "div", "silence");
    this.reason = element(this.host, "div", "reason");
    this.reason.role = "status";
    this.link = element(this.host, "a", "");
    Object.assign(this.link, { target: "_blank", rel: "noopener noreferrer" });
    this.form = element(this.host, "form", "folder");
    const label = element(this.form, "label", "", "Folder with the recordings");
    this.field = element(label, "input", "");
    Object.assign(this.field, { type: "text", placeholder: "such as /home/ana/recordings", spellcheck: false });
    button(this.form, "Use this folder", "Play the recordings in this folder", () => this.form.requestSubmit());
    this.form.onsubmit = (event) => {
      event.preventDefault();
      if (this.field.value.trim()) nameFolder(this.field.value.trim());
    };
    this.field.onkeydown = (event) => {
      if (event.key !== "Escape") event.stopPropagation(); // the viewer has keys of its own
    };
    this.hide();
  }

  hide() {
    this.host.hidden = true;
  }

  /**
   * @param {string} name Of the image.
   * @param {string} reason
   * @param {boolean} canName Whether a folder may be named.
   */
  show(name, reason, canName) {
    this.host.hidden = false;
    this.reason.textContent = reason;
    const number = xenoCantoNumber(name);
    this.link.hidden = !number;
    this.link.textContent = `Listen at xeno-canto: XC${number}`;
    this.link.href = `https://xeno-canto.org/${number}`;
    this.form.hidden = !canName;
  }
}
