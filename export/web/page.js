import { readBank } from "./bank.js";
import { crop, fit, pad } from "./pixels.js";
import { withProvenance } from "./provenance.js";

const $ = (id) => document.getElementById(id);
const model = await (await fetch("model.json")).json();
const worker = new Worker("worker.js");
const own = new Map(); // name of an own style -> its vector
const shares = new Map(); // style name -> share, 0 to 100, in the order of choice
let ready = false;
let photograph = null; // {width, height, rgb}: the photograph as the network takes it
let painting = null; // the photograph of the run in progress
let stale = false; // whether something changed meanwhile
let runs = 0;

worker.onmessage = ({ data }) => {
  if (data.type === "progress") {
    $("progress").value = data.share;
  } else if (data.type === "loaded") {
    ready = true;
    $("progress").hidden = true;
    document.body.dataset.accelerator = data.accelerator;
    say(photograph ? "" : "Ready.");
    repaint();
  } else if (data.type === "painted") {
    if (painting === photograph) show(data.pixels);
    painting = null;
    if (stale) repaint();
  } else {
    painting = null;
    say(`Something went wrong: ${data.message}`);
  }
};
worker.onerror = (event) => say(`Something went wrong: ${event.message}`);
worker.postMessage({ type: "load" });
navigator.serviceWorker?.register("service_worker.js");

$("styles").append(...model.styles.map(styleButton));
toggle(model.styles[0]);

$("file").onchange = ({ target }) => target.files[0] && open(target.files[0]);
$("bank").onchange = ({ target }) => target.files[0] && openBank(target.files[0]);
$("own").onclick = () => $("bank").click();
$("another").onclick = () => $("file").click();
$("strength").oninput = repaint;
$("divider").oninput = ({ target }) => $("after").style.setProperty("--divider", `${target.value}%`);
$("download").onclick = download;
$("camera").onclick = startCamera;
$("shoot").onclick = shoot;
$("cancel").onclick = () => $("viewfinder").close();
$("viewfinder").onclose = () => {
  for (const track of $("video").srcObject?.getTracks() ?? []) track.stop();
};

const stage = $("stage");
for (const kind of ["dragover", "dragleave", "drop"]) {
  stage.addEventListener(kind, (event) => {
    event.preventDefault();
    stage.classList.toggle("over", kind === "dragover");
    const file = kind === "drop" && event.dataTransfer.files[0];
    if (file) file.name.endsWith(".safetensors") ? openBank(file) : open(file);
  });
}

function say(text) {
  $("status").textContent = text;
}

function title(name) {
  return name.replaceAll("_", " ");
}

function styleButton(name) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = title(name);
  button.dataset.style = name;
  button.setAttribute("aria-pressed", "false");
  button.onclick = () => toggle(name);
  return button;
}

async function openBank(file) {
  try {
    const vectors = await readBank(await file.arrayBuffer(), model.space, model.vector_size);
    const taken = [...vectors.keys()].find((name) => model.styles.includes(name));
    if (taken) throw new Error(`There is a style of this name already: ${title(taken)}.`);
    $("styles").prepend(...[...vectors.keys()].filter((name) => !own.has(name)).map(styleButton));
    for (const [name, vector] of vectors) own.set(name, vector);
    $("styles").scrollLeft = 0;
    const [first] = vectors.keys();
    shares.clear();
    say(`Own styles: ${[...vectors.keys()].map(title).join(", ")}.`);
    toggle(first);
  } catch (error) {
    say(error.message);
  }
}

function toggle(name) {
  if (!shares.delete(name)) shares.set(name, 100);
  if (!shares.size) shares.set(name, 100); // one at least
  for (const button of $("styles").children) {
    button.setAttribute("aria-pressed", String(shares.has(button.dataset.style)));
  }
  $("mixture").replaceChildren(...(shares.size > 1 ? [...shares.keys()].map(slider) : []));
  repaint();
}

function slider(name) {
  const label = document.createElement("label");
  label.className = "slider";
  const input = Object.assign(document.createElement("input"), { type: "range", min: 1, max: 100 });
  input.value = shares.get(name);
  input.oninput = () => {
    shares.set(name, Number(input.value));
    repaint();
  };
  label.append(title(name), input);
  return label;
}

async function open(source) {
  try {
    // Upright, as the camera meant it.
    const bitmap = await createImageBitmap(source, { imageOrientation: "from-image" });
    take(bitmap, bitmap.width, bitmap.height);
  } catch {
    say("This file is no picture that your browser can read.");
  }
}

function take(drawable, fullWidth, fullHeight) {
  const [width, height] = fit(fullWidth, fullHeight, model.width, model.height);
  for (const id of ["before", "after"]) Object.assign($(id), { width, height });
  const context = $("before").getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white"; // below transparent pixels
  context.fillRect(0, 0, width, height);
  context.drawImage(drawable, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  photograph = { width, height, rgb: pad(data, width, height, model.width, model.height) };
  $("after").getContext("2d").clearRect(0, 0, width, height);
  $("empty").hidden = true;
  $("compare").hidden = false;
  $("another").disabled = false;
  $("download").disabled = true;
  repaint();
}

function repaint() {
  if (!ready || !photograph) return;
  if (painting) {
    stale = true; // the newest settings are painted when this run is over
    return;
  }
  stale = false;
  const total = [...shares.values()].reduce((sum, share) => sum + share, 0);
  const weights = new Float32Array(model.styles.map((name) => (shares.get(name) ?? 0) / total));
  const vector = new Float32Array(model.vector_size);
  for (const [name, share] of shares) {
    own.get(name)?.forEach((value, index) => (vector[index] += (share / total) * value));
  }
  painting = photograph;
  runs += 1;
  say("Painting …");
  const strength = $("strength").value / 100;
  worker.postMessage({ type: "paint", id: runs, pixels: photograph.rgb, weights, vector, strength });
}

function show(pixels) {
  const { width, height } = photograph;
  const rgba = crop(pixels, model.width, model.height, width, height);
  $("after").getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
  $("download").disabled = false;
  document.body.dataset.painted = runs;
  say("Drag the slider on the picture to compare.");
}

async function download() {
  const jpeg = await new Promise((resolve) => $("after").toBlob(resolve, "image/jpeg", 0.92));
  const url = URL.createObjectURL(await withProvenance(jpeg, model.software));
  Object.assign(document.createElement("a"), { href: url, download: "painted.jpg" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

async function startCamera() {
  try {
    $("video").srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    $("viewfinder").showModal();
  } catch {
    say("There is no camera that this page may use.");
  }
}

function shoot() {
  take($("video"), $("video").videoWidth, $("video").videoHeight);
  $("viewfinder").close();
}
