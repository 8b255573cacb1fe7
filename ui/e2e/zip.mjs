/** A ZIP file of JSON files, as tests need one: stored, nothing packed. */
import { crc32 } from 'node:zlib';

/** @param {Record<string, unknown>} files @returns {Buffer} */
export function zip(files) {
  /** @type {Buffer[]} */ const bodies = [];
  /** @type {Buffer[]} */ const records = [];
  let at = 0;
  for (const [name, value] of Object.entries(files)) {
    const [title, content] = [Buffer.from(name), Buffer.from(JSON.stringify(value))];
    const numbers = Buffer.alloc(26);
    numbers.writeUInt16LE(20, 0);
    numbers.writeUInt32LE(crc32(content), 10);
    numbers.writeUInt32LE(content.length, 14);
    numbers.writeUInt32LE(content.length, 18);
    numbers.writeUInt16LE(title.length, 22);
    const body = Buffer.concat([Buffer.from('PK\x03\x04'), numbers, title, content]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    records.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), numbers, rest, title]));
    bodies.push(body);
    at += body.length;
  }
  const directory = Buffer.concat(records);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(records.length, 8);
  end.writeUInt16LE(records.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...bodies, directory, end]);
}
