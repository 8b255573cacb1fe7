/** Stands in for the parsers of diagrams that are written as text: the boards do not offer them. */
export function parseMermaidToExcalidraw(): Promise<never> {
  return Promise.reject(new Error('Diagrams from text are not part of the boards.'));
}
