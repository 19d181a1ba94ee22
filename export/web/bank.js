// Files of own styles, as `keras-stylegan add-style` writes them (`keras_stylegan/inference/banks.py` has the layout).

const FORMAT = "keras_stylegan styles 1";
const NAME = /^[\p{L}\p{N}_-]+$/u;

/**
 * The style vectors of a bank file by name, as a Map to Float32Array.
 *
 * @param {ArrayBuffer} content - the file.
 * @param {string} space - the network's mark, which the file must have: vectors of another network paint nonsense.
 * @param {number} size - numbers in a style vector of the network.
 * @throws {Error} for a file that is no bank, is damaged, or belongs to another network.
 */
export async function readBank(content, space, size) {
  let bank;
  try {
    bank = await parse(content);
  } catch {
    throw new Error("This file is no bank of styles, or a damaged one.");
  }
  const fits = [...bank.vectors.values()].every((vector) => vector.length === size);
  if (bank.network !== space || !fits) throw new Error("These styles belong to another network.");
  return bank.vectors;
}

async function parse(content) {
  const size = Number(new DataView(content).getBigUint64(0, true));
  const text = new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(content, 8, size));
  const { __metadata__: about, ...tensors } = JSON.parse(text);
  if (about.format !== FORMAT) throw new Error("format");
  const vectors = new Map();
  const summed = [new TextEncoder().encode(about.network)];
  // In the order of the file: that of an object puts names that are numbers first.
  const listed = Object.entries(tensors).sort(([, one], [, other]) => one.data_offsets[0] - other.data_offsets[0]);
  for (const [name, { dtype, shape, data_offsets: [start, end] }] of listed) {
    const numbers = content.slice(8 + size + start, 8 + size + end);
    const whole = start >= 0 && numbers.byteLength === end - start && shape.length === 1;
    if (dtype !== "F32" || !whole || 4 * shape[0] !== numbers.byteLength) throw new Error("shape");
    const vector = new Float32Array(numbers);
    if (!NAME.test(name) || !vector.every(Number.isFinite)) throw new Error("style");
    vectors.set(name, vector);
    summed.push(new TextEncoder().encode(`[${asciiJson(name)}, ${shape[0]}]`), new Uint8Array(numbers));
  }
  if (!vectors.size || !(await isSum(summed, about.sha256))) throw new Error("checksum");
  return { network: about.network, vectors };
}

/** A text as JSON has it with other characters than those of ASCII escaped, over which the checksum goes. */
function asciiJson(text) {
  const escaped = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, escaped);
}

async function isSum(parts, expected) {
  if (!globalThis.crypto?.subtle) return true; // a page served over plain HTTP is not given it
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
  return expected === [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
