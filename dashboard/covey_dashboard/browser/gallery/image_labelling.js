import { ClassInput } from "../shared/class_input.js";
import { classOfKey } from "../shared/class_matches.js";
import { button, element } from "../shared/elements.js";

/** @import { ClassEntry } from "../shared/class_input.js" */

/** The field in the viewer that gives a class to the image that is shown; the keys 1 to 9 give the first nine. */
export class ImageLabelling {
  /** @type {ClassEntry[]} */
  classes = [];

  /**
   * @param {Node} parent
   * @param {(label: string) => void} give Called with the name of a class.
   */
  constructor(parent, give) {
    this.give = give;
    this.host = element(parent, "span", "image-labelling");
    this.input = new ClassInput(this.host, "Class of this image");
    this.input.confirm = () => this.giveTyped();
    button(
      this.host,
      "Label",
      "Give the class in the field to this image (Enter); the keys 1 to 9 give the first nine",
      () => this.giveTyped(),
    );
  }

  /** @param {ClassEntry[] | null} classes Those that exist; null where images cannot be labelled. */
  show(classes) {
    this.host.hidden = !classes;
    this.classes = classes ?? [];
    this.input.show(this.classes, undefined);
  }

  giveTyped() {
    if (this.input.chosen) this.give(this.input.chosen);
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} Whether the key gives a class.
   */
  followKey(event) {
    const chosen = classOfKey(this.classes, event);
    if (chosen) this.give(chosen.name);
    return chosen !== undefined;
  }
}
