/** Code as it was written, coloured as soon as that is worked out; nothing moves by it. */
import { useEffect, useState } from 'react';
import { highlight, type Piece } from './highlight';

export function Code({ text, language }: { text: string; language: string }) {
  const [pieces, setPieces] = useState<Piece[] | null>(null);
  useEffect(() => {
    let gone = false;
    void highlight(text, language).then((found) => {
      if (!gone) setPieces(found);
    });
    return () => {
      gone = true;
    };
  }, [text, language]);
  return (
    <code>
      {pieces === null
        ? text
        : pieces.map(([part, look], index) =>
            look === '' ? (
              part
            ) : (
              <span key={index} className={`code-${look}`}>
                {part}
              </span>
            ),
          )}
    </code>
  );
}
