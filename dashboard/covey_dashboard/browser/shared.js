// What stands before the script of each component.

// A text of JSON behind its length, then the arrays that it lists: as packing.py packs them.
function unpack(bytes) {
  const whole = bytes.slice().buffer;
  let at = 4 + new DataView(whole).getUint32(0, true);
  const found = JSON.parse(new TextDecoder().decode(new Uint8Array(whole, 4, at - 4)));
  const kinds = { f4: Float32Array, i4: Int32Array, u1: Uint8Array };
  for (const [name, kind, length] of found.arrays) {
    found[name] = new kinds[kind](whole, at, length);
    at += Math.ceil(found[name].byteLength / 8) * 8;
  }
  return found;
}

function element(parent, name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  parent.append(made);
  return made;
}

function button(parent, text, title, act) {
  const made = element(parent, "button", "", text);
  Object.assign(made, { type: "button", title, ariaLabel: title, onclick: act });
  return made;
}

