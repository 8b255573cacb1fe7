/** Pictures on boards and pages are files of the space: uploaded once, and fetched from whoever has them when they are looked at. */
import { contentUrl, fetchFile, uploadFile } from '~/api/actions';
import { cache, keys } from '~/api/cache';
import { ApiError } from '~/api/client';
import { onEvent } from '~/api/events';
import type { SharedFile } from '~/api/types';

/** Larger ones are not fetched without being asked for; they are among the files. */
const largest = 20 * 1024 * 1024;

export type PictureType = 'image/png' | 'image/jpeg' | 'image/webp' | 'image/gif';

/** What a picture is, by its first bytes and never by its name. */
export function pictureType(bytes: Uint8Array): PictureType | null {
  const starts = (text: string, at = 0) =>
    Array.from(text, (char) => char.charCodeAt(0)).every(
      (byte, index) => bytes[at + index] === byte,
    );
  if (starts('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (starts('\xff\xd8\xff')) return 'image/jpeg';
  if (starts('RIFF') && starts('WEBP', 8)) return 'image/webp';
  if (starts('GIF87a') || starts('GIF89a')) return 'image/gif';
  return null;
}

/** Every other kind, such as a drawing that is a program (SVG), is drawn once, here, and travels as dots. */
async function asDots(file: Blob, name: string): Promise<File> {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const width = image.naturalWidth || 600;
    const height = image.naturalHeight || 600;
    const canvas = document.createElement('canvas');
    const scale = Math.min(1, 2880 / Math.max(width, height));
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const dots = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
    if (dots === null) throw new Error('This picture cannot be drawn.');
    return new File([dots], `${name}.png`, { type: 'image/png' });
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** A name that every computer can hold. */
const plain = (name: string) =>
  name
    .replace(/[\p{Cc}\p{Cf}\\/:*?"<>|]+/gu, ' ')
    .trim()
    .slice(0, 80) || 'picture';

/** Puts a picture among the files of the space, in the folder of what it stands on. Its id is what that names it by. */
export async function sharePicture(
  space: string,
  folder: 'Boards' | 'Pages',
  title: string,
  file: File,
): Promise<string> {
  const head = new Uint8Array(await file.slice(0, 16).arrayBuffer());
  const sent = pictureType(head) === null ? await asDots(file, file.name) : file;
  const name = `${folder}/${plain(title)}/${plain(sent.name)}`;
  const stop = new AbortController();
  const shared = await uploadFile(space, sent, { name, keep: true }, () => undefined, stop.signal);
  return shared.id;
}

export interface Picture {
  id: string;
  type: PictureType;
  url: string;
}

/** A picture's bytes as an address that a drawing can hold; null while it is not here. */
async function read(space: string, id: string): Promise<Picture | null> {
  const response = await fetch(contentUrl(space, id), { credentials: 'same-origin' });
  if (!response.ok) return null;
  const bytes = new Uint8Array(await response.arrayBuffer());
  const type = pictureType(bytes);
  if (type === null) return null;
  const url = await new Promise<string>((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result as string);
    reader.onerror = () => failed(new Error('unreadable'));
    reader.readAsDataURL(new Blob([bytes], { type }));
  });
  return { id, type, url };
}

/** Brings pictures here, each as soon as it is. */
export function createPictures(space: string, arrived: (picture: Picture) => void) {
  const wanted = new Set<string>();
  const asked = new Set<string>();
  const look = async (id: string) => {
    const picture = await read(space, id).catch(() => null);
    if (picture !== null) {
      wanted.delete(id);
      arrived(picture);
      return;
    }
    const files = cache.getQueryData<SharedFile[]>(keys.files(space));
    const size = files?.find((file) => file.id === id)?.size ?? 0;
    if (asked.has(id) || size > largest) return;
    asked.add(id);
    await fetchFile(space, id).catch((error: unknown) => {
      // Not listed yet, or nobody is there who has it: looked at again when something is heard of it.
      if (!(error instanceof ApiError)) asked.delete(id);
    });
  };
  const stop = onEvent((event) => {
    const id =
      event.event === 'file.added' || event.event === 'file.changed'
        ? event.id
        : event.event === 'transfer.changed' && event.transfer.state === 'done'
          ? event.transfer.file
          : null;
    if (id === null || !wanted.has(id)) return;
    if (event.event === 'file.added') asked.delete(id);
    void look(id);
  });
  return {
    want(id: string) {
      if (wanted.has(id)) return;
      wanted.add(id);
      void look(id);
    },
    stop,
  };
}
