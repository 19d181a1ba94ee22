// Between pictures of any shape and the square that the network takes.

/** Largest whole size of the shape of (width, height) within (limitWidth, limitHeight). */
export function fit(width, height, limitWidth, limitHeight) {
  const scale = Math.min(limitWidth / width, limitHeight / height);
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

/** Index within 0..length-1 of a place outside, by reflection without repeating the border. */
export function reflect(index, length) {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const place = ((index % period) + period) % period;
  return place < length ? place : period - place;
}

/** RGB pixels of height x width from RGBA pixels, continued by reflection evenly on opposite sides. */
export function pad(rgba, width, height, toWidth, toHeight) {
  const left = (toWidth - width) >> 1;
  const top = (toHeight - height) >> 1;
  const rgb = new Uint8Array(toWidth * toHeight * 3);
  for (let y = 0, out = 0; y < toHeight; y++) {
    const row = reflect(y - top, height) * width;
    for (let x = 0; x < toWidth; x++, out += 3) {
      const from = 4 * (row + reflect(x - left, width));
      rgb[out] = rgba[from];
      rgb[out + 1] = rgba[from + 1];
      rgb[out + 2] = rgba[from + 2];
    }
  }
  return rgb;
}

/** The RGBA pixels of the middle width x height of RGB pixels: what `pad` continued. */
export function crop(rgb, fromWidth, fromHeight, width, height) {
  const left = (fromWidth - width) >> 1;
  const top = (fromHeight - height) >> 1;
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let y = 0, out = 0; y < height; y++) {
    let from = 3 * ((y + top) * fromWidth + left);
    for (let x = 0; x < width; x++, out += 4, from += 3) {
      rgba[out] = rgb[from];
      rgba[out + 1] = rgb[from + 1];
      rgba[out + 2] = rgb[from + 2];
      rgba[out + 3] = 255;
    }
  }
  return rgba;
}
