// Reads what binary_payload.py packs.

const ARRAY_TYPES = { f4: Float32Array, i1: Int8Array, i2: Int16Array, i4: Int32Array, u1: Uint8Array };

/** @typedef {Int8Array | Int16Array | Int32Array} IntArray Whole numbers, as narrow as they are small. */
/** @typedef {{ arrays: [name: string, type: keyof typeof ARRAY_TYPES, length: number][] }} Header */

/**
 * Unpacks the length of a JSON text, the text, then the arrays that it lists.
 *
 * @template {object} Fields What the payload holds: the caller knows which payload it asked for.
 * @param {Uint8Array} bytes
 * @returns {Fields}
 */
export function unpack(bytes) {
  const buffer = bytes.slice().buffer;
  let start = 4 + new DataView(buffer).getUint32(0, true);
  /** @type {Fields & Header} */
  const fields = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, start - 4)));
  for (const [name, type, length] of fields.arrays) {
    const array = new ARRAY_TYPES[type](buffer, start, length);
    Object.assign(fields, { [name]: array });
    start += Math.ceil(array.byteLength / 8) * 8;
  }
  return fields;
}
