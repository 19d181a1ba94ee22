// The network, away from the page so that sliders stay smooth. A classic worker: LiteRT.js loads its WebAssembly by
// importScripts, which module workers do not have.
//
// Takes {type: "load"} and answers {type: "progress", share}... {type: "loaded", accelerator}; takes {type: "paint", id,
// pixels, weights, vector, strength} and answers {type: "painted", id, pixels}; {type: "failed", id, message} to either.

let litert, runner, size;

self.onmessage = async ({ data }) => {
  try {
    if (data.type === "load") {
      const accelerator = await load();
      self.postMessage({ type: "loaded", accelerator });
    } else {
      const pixels = await paint(data);
      self.postMessage({ type: "painted", id: data.id, pixels }, [pixels.buffer]);
    }
  } catch (error) {
    self.postMessage({ type: "failed", id: data.id, message: String(error?.message ?? error) });
  }
};

async function load() {
  const { height, width } = await (await fetch("model.json")).json();
  size = [height, width];
  litert = await import("./litert/core.js");
  const fast = await litert.supportsFeature("relaxedSimd");
  const wasm = `litert/wasm/litert_wasm_${fast ? "" : "compat_"}internal`;
  // Fetched here for the progress; the runtime then finds it in the cache.
  await download(`${wasm}.wasm`, 0, 0.8);
  const model = await download("model.tflite", 0.8, 1);
  self.Module = {
    // Left alone, the runtime looks beside the worker's script,
    locateFile: (name) => new URL(`litert/wasm/${name}`, self.location).href,
    // and takes what it has to tell for errors.
    printErr: (line) => (/^(INFO|WARNING)/.test(line) ? console.debug(line) : console.error(line)),
  };
  await litert.loadLiteRt(new URL(`${wasm}.js`, self.location).href);
  for (const accelerator of litert.getWebGpuDevice() ? ["webgpu", "wasm"] : ["wasm"]) {
    try {
      const compiled = await litert.loadAndCompile(model, { accelerator });
      runner = compiled.signatures.stylize_vector;
      return accelerator;
    } catch (error) {
      if (accelerator === "wasm") throw error;
    }
  }
}

async function download(url, from, to) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  const total = Number(response.headers.get("Content-Length"));
  const parts = [];
  let received = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    received += value.length;
    if (total) self.postMessage({ type: "progress", share: from + (to - from) * Math.min(received / total, 1) });
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

async function paint({ pixels, weights, vector, strength }) {
  const inputs = {
    image: new litert.Tensor(pixels, [1, ...size, 3]),
    style_weights: new litert.Tensor(weights, [1, weights.length]),
    style_vector: new litert.Tensor(vector, [1, vector.length]),
    strength: new litert.Tensor(new Float32Array([strength]), [1]),
  };
  let outputs = {};
  try {
    outputs = await runner.run(inputs);
    return (await outputs.stylized.data()).slice(); // the memory is the runtime's own
  } finally {
    for (const tensor of [...Object.values(inputs), ...Object.values(outputs)]) tensor.delete();
  }
}
