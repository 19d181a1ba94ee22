// What a downloaded picture says of its making; the same packet as keras_stylegan/provenance.py writes.

const SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";
const NAME = "http://ns.adobe.com/xap/1.0/\0";

function packet(software) {
  return (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">' +
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description ' +
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" ' +
    `rdf:about="" xmp:CreatorTool="${software}" Iptc4xmpExt:DigitalSourceType="${SOURCE_TYPE}"/>` +
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
  );
}

/** The JPEG with a packet in a segment behind its first ones (JFIF, EXIF). */
export async function withProvenance(jpeg, software) {
  const bytes = new Uint8Array(await jpeg.arrayBuffer());
  let place = 2;
  while (bytes[place] === 0xff && (bytes[place + 1] === 0xe0 || bytes[place + 1] === 0xe1)) {
    place += 2 + bytes[place + 2] * 256 + bytes[place + 3];
  }
  const segment = new TextEncoder().encode(NAME + packet(software));
  const length = segment.length + 2;
  const marker = new Uint8Array([0xff, 0xe1, length >> 8, length & 255]);
  return new Blob([bytes.slice(0, place), marker, segment, bytes.slice(place)], { type: "image/jpeg" });
}
