// Shared by all components: browser_component.py puts this before the script of each.

// Reads a payload of binary_payload.py: the length of a JSON text, the text, then the arrays that it lists.
function unpack(bytes) {
  const whole = bytes.slice().buffer;
  let start = 4 + new DataView(whole).getUint32(0, true);
  const payload = JSON.parse(new TextDecoder().decode(new Uint8Array(whole, 4, start - 4)));
  const types = { f4: Float32Array, i4: Int32Array, u1: Uint8Array };
  for (const [name, type, length] of payload.arrays) {
    payload[name] = new types[type](whole, start, length);
    start += Math.ceil(payload[name].byteLength / 8) * 8;
  }
  return payload;
}

function element(parent, name, className, text = "") {
  const child = document.createElement(name);
  child.className = className;
  child.textContent = text;
  parent.append(child);
  return child;
}

function button(parent, text, title, act) {
  const control = element(parent, "button", "", text);
  // A handler that returned a value could cancel the event.
  const onclick = (event) => {
    act(event);
  };
  Object.assign(control, { type: "button", title, ariaLabel: title, onclick });
  return control;
}
