/** PDFs, drawn as pictures: no script of theirs runs, no form, no link, and nothing is fetched from elsewhere. */
import { getDocument, GlobalWorkerOptions } from 'pdfjs-dist';
import worker from 'pdfjs-dist/build/pdf.worker.min.mjs?url';

GlobalWorkerOptions.workerSrc = worker;

/** Pixels of the longer side of a drawn page. */
const side = 900;
/** How long opening and drawing may take, in ms. */
const patience = 15_000;

export function openPdf(url: string) {
  const task = getDocument({
    url,
    // Fonts that a document does not bring are the system's.
    useSystemFonts: true,
    enableXfa: false,
    useWasm: false,
    disableAutoFetch: true,
    stopAtErrors: true,
    maxImageSize: 64 * 1024 * 1024,
  });
  const timer = setTimeout(() => void task.destroy(), patience);
  return {
    /** Draws the first page, and says how many there are. */
    async drawFirst(canvas: HTMLCanvasElement): Promise<number> {
      const document = await task.promise;
      const page = await document.getPage(1);
      const whole = page.getViewport({ scale: 1 });
      const scale = side / Math.max(whole.width, whole.height);
      const viewport = page.getViewport({ scale });
      canvas.width = Math.max(1, Math.round(viewport.width));
      canvas.height = Math.max(1, Math.round(viewport.height));
      await page.render({ canvas, viewport }).promise;
      clearTimeout(timer);
      return document.numPages;
    },
    close: () => {
      clearTimeout(timer);
      void task.destroy();
    },
  };
}
