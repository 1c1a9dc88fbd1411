import { element } from "../shared/elements.js";

/**
 * Appends the picture of an image, or a grey tile with its name where there is none.
 *
 * @param {Node} parent
 * @param {string} address "" for none.
 * @param {string} name
 */
export function appendPicture(parent, address, name) {
  const appendName = () => element(element(parent, "div", "grey"), "bdi", "", name);
  if (!address) {
    appendName();
    return;
  }
  const image = element(parent, "img", "");
  Object.assign(image, { alt: "", draggable: false, decoding: "async" });
  image.onerror = () => {
    image.remove();
    appendName();
  };
  image.src = address;
}
