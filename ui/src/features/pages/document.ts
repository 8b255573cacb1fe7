/**
 * A page's text as Loro has it, as a document of the editor. The shape is that of loro-prosemirror: a map for each node with
 * `nodeName`, `attributes` and `children`, a text for each run of words. Others may have written anything: what the editor
 * does not know is left out, and what does not fit together is mended in the same way at everybody.
 */
import {
  LoroList,
  LoroMap,
  LoroText,
  isContainer,
  type ContainerID,
  type LoroDoc,
} from 'loro-crdt';
import { Fragment, type Mark, type Node } from 'prosemirror-model';
import { cleaned, schema } from './schema';

/** What was made of each container; the nodes of unchanged ones stay the same objects. */
export type Mapping = Map<ContainerID, Node | Node[]>;

/** Containers with something in them that no editor writes. It is taken out before the next change, or it would be in its way. */
export type Strange = Set<ContainerID>;

/** Nodes within each other, at most. */
export const deepest = 32;

export const rootOf = (doc: LoroDoc): LoroMap => doc.getMap('doc');

/** The children of a node's map, if it has any. */
export function childrenOf(map: LoroMap): LoroList | null {
  const children = map.get('children');
  return children instanceof LoroList ? children : null;
}

const isMap = (value: unknown): value is LoroMap => value instanceof LoroMap;

/** The whole text. */
export function readDocument(doc: LoroDoc, mapping: Mapping, strange: Strange): Node {
  const root = rootOf(doc);
  const known = mapping.get(root.id);
  if (known !== undefined && !Array.isArray(known)) return known;
  const node = schema.node(
    'doc',
    null,
    fitting(schema.nodes.doc, readChildren(root, mapping, strange, 1)),
  );
  mapping.set(root.id, node);
  return node;
}

function readChildren(map: LoroMap, mapping: Mapping, strange: Strange, depth: number): Node[] {
  if (!(map.get('attributes') instanceof LoroMap)) strange.add(map.id);
  const list = childrenOf(map);
  if (list === null) strange.add(map.id);
  if (list === null || depth > deepest) return [];
  return list.toArray().flatMap((child: unknown): Node[] => {
    if (child instanceof LoroText) return readText(child, mapping);
    if (!isMap(child)) {
      strange.add(list.id);
      return [];
    }
    const node = readNode(child, mapping, strange, depth);
    return node === null ? [] : [node];
  });
}

function readNode(map: LoroMap, mapping: Mapping, strange: Strange, depth: number): Node | null {
  const known = mapping.get(map.id);
  if (known !== undefined && !Array.isArray(known)) return known;
  const name = map.get('nodeName');
  const type =
    typeof name === 'string' && Object.hasOwn(schema.nodes, name)
      ? schema.nodes[name as 'doc']
      : null;
  if (type === null || type === schema.nodes.doc || type.isText) return null;
  const said = map.get('attributes');
  const attrs = cleaned(type.name, said instanceof LoroMap ? said.toJSON() : {});
  if (attrs === null) return null;
  const children = readChildren(map, mapping, strange, depth + 1);
  // A list of nothing is what is left when one person emptied it while another wrote beside it.
  if (children.length === 0 && !type.isLeaf && !type.isTextblock && type !== schema.nodes.list_item)
    return null;
  const node = type.create(attrs, type.isLeaf ? null : fitting(type, children));
  mapping.set(map.id, node);
  return node;
}

function readText(text: LoroText, mapping: Mapping): Node[] {
  const known = mapping.get(text.id);
  if (Array.isArray(known)) return known;
  const nodes = text.toDelta().flatMap(({ insert, attributes }): Node[] => {
    if (typeof insert !== 'string' || insert === '') return [];
    const marks = Object.entries(attributes ?? {}).flatMap(([name, said]): Mark[] => {
      const type = Object.hasOwn(schema.marks, name) ? schema.marks[name as 'em'] : null;
      const attrs = type === null || said === null ? null : cleaned(name, said);
      return type === null || attrs === null ? [] : [type.create(attrs)];
    });
    // In the order of the schema, and without those that exclude each other.
    return [
      schema.text(
        insert,
        marks.reduce<readonly Mark[]>((set, mark) => mark.addToSet(set), []),
      ),
    ];
  });
  // Words that only differed in what was left out are one.
  const joined: Node[] = [];
  Fragment.from(nodes).forEach((node) => joined.push(node));
  mapping.set(text.id, joined);
  return joined;
}

/** The children that a node of this type can have, with what must stand between them. */
function fitting(type: (typeof schema.nodes)['doc'], children: Node[]): Fragment {
  let match = type.contentMatch;
  const fit: Node[] = [];
  const add = (node: Node): boolean => {
    const next = match.matchType(node.type);
    if (next === null) return false;
    match = next;
    fit.push(node.mark(type.allowedMarks(node.marks)));
    return true;
  };
  for (const child of children) {
    if (add(child)) continue;
    const before = match.fillBefore(Fragment.from(child));
    if (before !== null) {
      nodesOf(before).forEach(add);
      add(child);
      continue;
    }
    // What stands a level too deep or too high is kept where it can be.
    const around = match.findWrapping(child.type);
    const wrapped = around?.reduceRight<Node | null>(
      (node, one) => node && one.createAndFill(null, node),
      child,
    );
    if (wrapped) add(wrapped);
  }
  const rest = match.fillBefore(Fragment.empty, true);
  return Fragment.from(rest === null ? fit : [...fit, ...nodesOf(rest)]);
}

function nodesOf(fragment: Fragment): Node[] {
  const nodes: Node[] = [];
  fragment.forEach((node) => nodes.push(node));
  return nodes;
}

/** Forgets what was made of containers that have changed, and of what they stand in. */
export function forget(doc: LoroDoc, changed: ContainerID[], mapping: Mapping): void {
  for (const id of changed) {
    mapping.delete(id);
    let above: unknown = doc.getContainerById(id)?.parent();
    while (isContainer(above)) {
      mapping.delete(above.id);
      above = above.parent();
    }
  }
}

/** Takes out what no editor writes. */
export function mend(doc: LoroDoc, strange: Strange): void {
  for (const id of strange) {
    const container = doc.getContainerById(id);
    if (container instanceof LoroMap) {
      if (!(container.get('attributes') instanceof LoroMap))
        container.setContainer('attributes', new LoroMap());
      if (childrenOf(container) === null) container.setContainer('children', new LoroList());
    } else if (container instanceof LoroList) {
      const children: unknown[] = container.toArray();
      for (let at = children.length - 1; at >= 0; at -= 1) {
        const child = children[at];
        if (!(child instanceof LoroMap || child instanceof LoroText)) container.delete(at, 1);
      }
    }
  }
  strange.clear();
}
