/** Takes in Excalidraw's open file. Its elements get ids of their own here, so that the same file can be taken in twice. */
import { restoreElements } from '@excalidraw/excalidraw';
import type { OrderedExcalidrawElement } from '@excalidraw/excalidraw/element/types';
import type { BinaryFileData } from '@excalidraw/excalidraw/types';
import { pictureType } from '~/parts/pictures';

/** Elements of one file. */
const most = 50_000;

interface OpenFile {
  type?: unknown;
  elements?: unknown;
  files?: unknown;
}

const fresh = () => crypto.randomUUID().replaceAll('-', '').slice(0, 21);

/** The bytes behind an address that holds them itself; null for any other address. */
function bytesOf(address: unknown): Uint8Array<ArrayBuffer> | null {
  const data =
    typeof address === 'string' ? /^data:[^,]*;base64,(.*)$/s.exec(address)?.[1] : undefined;
  if (data === undefined) return null;
  try {
    return Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

export async function imported(
  text: string,
  share: (picture: File) => Promise<string>,
): Promise<{ elements: OrderedExcalidrawElement[]; files: BinaryFileData[] }> {
  const wrong = new Error('This is not a drawing of Excalidraw.');
  let file: OpenFile;
  try {
    file = JSON.parse(text) as OpenFile;
  } catch {
    throw wrong;
  }
  if (file.type !== 'excalidraw' || !Array.isArray(file.elements)) throw wrong;
  if (file.elements.length > most)
    throw new Error('This drawing has more elements than a board holds.');
  const ids = new Map<string, string>();
  const own = (id: unknown): string | null => {
    if (typeof id !== 'string') return null;
    const known = ids.get(id) ?? fresh();
    ids.set(id, known);
    return known;
  };
  const pictures = new Map<string, string>();
  const files: BinaryFileData[] = [];
  for (const [id, one] of Object.entries((file.files ?? {}) as Record<string, BinaryFileData>)) {
    const bytes = bytesOf(one.dataURL);
    if (bytes === null) continue;
    const type = pictureType(bytes) ?? 'image/svg+xml';
    const shared = await share(
      new File([bytes], `picture-${files.length + 1}.${type.slice(6, 10)}`, { type }),
    );
    pictures.set(id, shared);
    files.push({ ...one, id: shared as BinaryFileData['id'] });
  }
  const restored = restoreElements(file.elements as never, null, { repairBindings: true });
  const elements = restored
    .filter((element) => !element.isDeleted)
    .map((element) => {
      const wide = element as unknown as Record<string, unknown>;
      const binding = (key: string) => {
        const bound = wide[key] as { elementId?: unknown } | null | undefined;
        return bound ? { [key]: { ...bound, elementId: own(bound.elementId) } } : {};
      };
      const bound = element.boundElements?.map((one) => ({ ...one, id: own(one.id) })) ?? null;
      return {
        ...element,
        id: own(element.id),
        // Above all that is there.
        index: null,
        groupIds: element.groupIds.map(own),
        frameId: own(element.frameId),
        boundElements: bound,
        ...('containerId' in element ? { containerId: own(element.containerId) } : {}),
        ...binding('startBinding'),
        ...binding('endBinding'),
        ...(element.type === 'image'
          ? { fileId: pictures.get(element.fileId ?? '') ?? null, status: 'saved' }
          : {}),
      } as unknown as OrderedExcalidrawElement;
    });
  return { elements, files };
}
