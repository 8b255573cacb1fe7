/** What was dropped on the page: files, and the files of dropped folders with their paths. */
import type { ToUpload } from '~/api/uploads';

/** A folder dropped by mistake must not fill the memory of the page. */
const most = 10_000;

/** Must be called while the drop event is handled: afterwards the browser has forgotten its items. */
export async function droppedFiles(data: DataTransfer): Promise<ToUpload[]> {
  const entries = [...data.items]
    .filter((item) => item.kind === 'file')
    .map((item) => item.webkitGetAsEntry());
  if (entries.every((entry) => entry === null)) {
    return [...data.files].map((file) => ({ file, name: file.name }));
  }
  const found: ToUpload[] = [];
  for (const entry of entries) if (entry !== null) await walk(entry, '', found);
  return found;
}

async function walk(entry: FileSystemEntry, folder: string, found: ToUpload[]): Promise<void> {
  if (found.length >= most) return;
  const name = folder + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    found.push({ file, name });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives a hundred entries at a time, and none when it is done.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return;
    for (const child of some) await walk(child, `${name}/`, found);
  }
}
