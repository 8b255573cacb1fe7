/** Makes a profile picture small and square before it leaves the browser. */

const side = 256;
const most = 64 * 1024;

/** Base64 of a square WebP or JPEG of at most 64 KiB. Throws a sentence when it cannot be one. */
export async function toPicture(file: Blob): Promise<{ base64: string; url: string }> {
  const image = await createImageBitmap(file).catch(() => {
    throw new Error('This is no picture that can be read here. PNG, JPEG and WebP can.');
  });
  const canvas = document.createElement('canvas');
  canvas.width = side;
  canvas.height = side;
  const edge = Math.min(image.width, image.height);
  canvas
    .getContext('2d')
    ?.drawImage(
      image,
      (image.width - edge) / 2,
      (image.height - edge) / 2,
      edge,
      edge,
      0,
      0,
      side,
      side,
    );
  image.close();
  for (const quality of [0.9, 0.75, 0.5]) {
    for (const type of ['image/webp', 'image/jpeg']) {
      const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, type, quality));
      if (blob?.type === type && blob.size <= most) {
        return { base64: toBase64(await blob.arrayBuffer()), url: URL.createObjectURL(blob) };
      }
    }
  }
  throw new Error('This picture could not be made small enough.');
}

function toBase64(bytes: ArrayBuffer): string {
  let text = '';
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text);
}
