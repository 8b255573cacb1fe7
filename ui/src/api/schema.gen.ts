// Written by `cargo xtask api` from the program's API description. Change the handlers, not this file.

/** One change of an issue. The first is its making. */
export interface Activity {
  /**
   * Which field: title, status, priority, assignee, estimate, due, parent, label, blocks, project, cycle, description or
   * archived; null for its making.
   */
  field: string | null;
  /** What that was before, in words: content, never markup. Null for nothing, and for a description. */
  from: string | null;
  /** Who. */
  person: IssuePerson;
  /** When. */
  time: number;
  /** What it became. */
  to: string | null;
}

/** The message that another one answers. */
export interface Answered {
  /** Its author's name; null while it is not here. */
  author_name: string | null;
  /** Whether it was deleted. */
  deleted: boolean;
  /** Its id. */
  id: string;
  /** How its text begins: content, never markup; null while it is not here. */
  text: string | null;
}

/** That a space is archived. */
export type Archived = Deed & {
  /** Whether I may take it back. */
  may_restore: boolean;
};

/** What a page says about who is at it. */
export interface Attendance {
  /** Somebody has used one of its tabs lately. */
  active: boolean;
  /** Somebody looks at it now, or the browser shows notifications for it. */
  tells: boolean;
}

/** How much I want to hear of a space or of a place in it. */
export type Attention = "all" | "mentions" | "muted";

/** How much I want to hear. */
export interface AttentionChange {
  attention?: Attention | null;
  /** Of what: the id of a topic, or `general`; of the whole space when left out. */
  place?: string | null;
}

/** What the end of a line is bound to. */
export interface Binding {
  /** An element. */
  elementId: string;
  /** The point of it that the line is fixed to, as parts of its size. */
  fixedPoint?: number[];
  /** How far beside its middle the line aims. */
  focus: number;
  /** How far before it the line ends. */
  gap: number;
}

/** A board. */
export interface Board {
  /** Whether it was put away. */
  archived: boolean;
  /** When something was last drawn on it, or it was made. */
  at: number;
  /** By whom. */
  by: BoardPerson;
  /** When it was made. */
  created: number;
  /** How many elements stand on it. */
  elements: number;
  /** Who of the others has it open now. */
  here: BoardPerson[];
  /** Its id. */
  id: string;
  /** What it is called: content, never markup. */
  title: string | null;
  /** Comments of others that I have not read. */
  unread: number;
}

/** What shall be different about a board; what is left out stays. */
export interface BoardChange {
  /** Whether it is put away. */
  archived?: boolean | null;
  /** Another title. */
  title?: string | null;
}

/** A device on a board. */
export interface BoardDevice {
  /** Its id. */
  device: string;
  /** That person's name: content, never markup. */
  name: string;
  /** Whose it is. */
  person: string;
}

/**
 * An element of a board, as Excalidraw's open file has it (version 2). Which fields there are depends on `type`. What
 * Excalidraw can work out again is left out; on the way in it is passed over.
 */
export interface BoardElement {
  /** How far it is turned, in radians. */
  angle?: number;
  /** Of texts: whether they are as wide as their words. */
  autoResize?: boolean;
  /** The colour it is filled with. */
  backgroundColor?: string | null;
  /** Of texts: the element they are written into. */
  containerId?: string | null;
  crop?: Crop | null;
  /** Of arrows: whether they turn at right angles only. */
  elbowed?: boolean;
  /** Of lines: how they end. */
  endArrowhead?: string | null;
  endBinding?: Binding | null;
  /** Of those: whether the last part is hidden. */
  endIsSpecial?: boolean | null;
  /** Of pictures: the id of the file in the space. */
  fileId?: string | null;
  /** `solid`, `hachure`, `cross-hatch` or `zigzag`. */
  fillStyle?: string | null;
  /** Of those: the parts that were fixed by hand. */
  fixedSegments?: FixedSegment[] | null;
  /** Of texts: Excalidraw's number of the font. */
  fontFamily?: number;
  /** Of texts: in pixels. */
  fontSize?: number;
  /** The frame it lies in. */
  frameId?: string | null;
  /** The groups it is in, the innermost first. */
  groupIds?: string[];
  /** How high. */
  height?: number;
  /** 1 to 64 letters, digits, `-` and `_`. */
  id: string;
  /** Its place between those below and those above it: a fractional index. */
  index?: string | null;
  /** Whether it is there no more. */
  isDeleted?: boolean;
  /** Of texts: of the size. */
  lineHeight?: number;
  /** Where a click on its link leads: a page or a mailbox. */
  link?: string | null;
  /** Whether it is kept from being moved by accident. */
  locked?: boolean;
  /** Of frames: what they are called. */
  name?: string | null;
  /** Of 100. */
  opacity?: number | null;
  /** Of texts: the words as they were written. */
  originalText?: string;
  /** Of lines and strokes: where they go, seen from `x` and `y`. */
  points?: number[][];
  /** Of strokes: how hard the pen was pressed at each point, of 1. */
  pressures?: number[];
  /** How roughly it is drawn, from 0. */
  roughness?: number | null;
  roundness?: Roundness | null;
  /** Of pictures: -1 where they are mirrored, from left to right and from top to bottom. */
  scale?: number[];
  /** By which a rough shape looks the same to everybody. */
  seed?: number;
  /** Of strokes: whether that is made up. */
  simulatePressure?: boolean;
  /** Of lines: how they begin. */
  startArrowhead?: string | null;
  startBinding?: Binding | null;
  /** Of those: whether the first part is hidden. */
  startIsSpecial?: boolean | null;
  /** The colour of its lines. */
  strokeColor?: string | null;
  /** `solid`, `dashed` or `dotted`. */
  strokeStyle?: string | null;
  /** In pixels. */
  strokeWidth?: number | null;
  /** Of texts: the words, broken into lines. */
  text?: string;
  /** Of texts: `left`, `center` or `right`. */
  textAlign?: string;
  /**
   * `rectangle`, `diamond`, `ellipse`, `line`, `arrow`, `freedraw`, `text`, `image` or `frame`; of one that is deleted it says
   * nothing.
   */
  type?: string;
  /** Of texts: `top`, `middle` or `bottom`. */
  verticalAlign?: string;
  /** How wide. */
  width?: number;
  /** From the left, in pixels. */
  x?: number;
  /** From the top. */
  y?: number;
}

/** What is new on a board that a page has open. */
export interface BoardNews {
  /** What was drawn. */
  drawn?: Drawing;
  /** The other devices that have it open, when some came or went. */
  here?: BoardDevice[];
  /** What they show, of those that show something else than before. */
  shown?: BoardShown[];
}

/** An element that somebody is drawing just now. */
export interface BoardPart {
  element: BoardElement | null;
  /** Which. */
  id: string;
  /** How many of its points, and of the pressures at them, are as they were. */
  keep: number;
}

/** Somebody, by id and name. */
export interface BoardPerson {
  /** The name: content, never markup. */
  name: string;
  /** The person's id. */
  person: string;
}

/** Where somebody points on a board. */
export interface BoardPointer {
  /** Whether it is pressed. */
  down: boolean;
  /** Whether it leaves a trail of light. */
  laser: boolean;
  /** From the left, in pixels of the board. */
  x: number;
  /** From the top. */
  y: number;
}

/** What a page shows to the others who have the board open, in place of what it showed before. */
export interface BoardShowing {
  /** What is being drawn or moved just now, at most 64 elements. */
  drawing?: BoardElement[];
  pointer?: BoardPointer | null;
  /** The ids of what is selected, at most 256. */
  selected?: string[];
}

/** What somebody shows now. */
export interface BoardShown {
  /** On which device. */
  device: string;
  /** All that they are drawing, if that is something else than before. What is not named has ended. */
  drawing?: BoardPart[];
  pointer: BoardPointer | null;
  /** What they have selected, if that is something else than before. */
  selected?: string[];
}

/** Something said at a board. */
export interface Comment {
  /** The element it is about; null for the board as a whole. Nobody promises that there is one. */
  element: string | null;
  /** What was said. */
  message: Message;
}

/** What of a picture is seen. */
export interface Crop {
  /** How high. */
  height: number;
  /** How high all of it is. */
  naturalHeight: number;
  /** How wide all of it is. */
  naturalWidth: number;
  /** How wide. */
  width: number;
  /** From its left. */
  x: number;
  /** From its top. */
  y: number;
}

/** What somebody did to a space as a whole. */
export interface Deed {
  /** When. */
  at: number;
  /** Who. */
  by: string | null;
  /** What they are called. */
  by_name: string;
}

/** That a message was deleted. */
export interface Deleted {
  /** Who did it. */
  by: string;
  /** That person's name. */
  by_name: string;
}

/** A text that an issue's description had. */
export interface Description {
  /** Who wrote it. */
  author_name: string;
  /** Markdown. */
  text: string;
  /** Since when. */
  time: number;
}

/** Whether this computer's desktop shows notifications. */
export type DesktopState = "ready" | "no-session" | "no-program" | "failed";

/** How a member's device is reached now. */
export type DevicePath = "direct" | "relay" | "none" | "self";

/** Whom to talk to. */
export interface DirectTalk {
  /** The people's ids, one to eight; everybody must share a space with me. */
  people: string[];
}

/** An answer that says nothing but that it was done. */
export type Done = Record<string, unknown>;

/** What stands on a board, or what has changed there. */
export interface Drawing {
  /** Whether this is all there is, instead of what has changed. */
  all: boolean;
  /** The ids of those that are there no more. Of all that there is, none is. */
  deleted: string[];
  /** The elements that are there, or changed. */
  elements: BoardElement[];
  /** Elements that are not shown because the board has too many. */
  hidden: number;
  /** What to ask with next time. */
  upto: number;
}

/** How many elements changed. */
export interface ElementsDrawn {
  /** Those that were otherwise before. */
  count: number;
  /** Whoever was told with this `upto`, or a later one, has been told of them. */
  upto: number;
}

/** How a space ended. */
export type End = Deed & {
  /** Members with devices that are not known to have heard of it: everything still lies there. */
  unheard: Unheard[];
};

/** The key period a space is in. A new one starts whenever somebody leaves. */
export interface Epoch {
  /** How many there have been. */
  number: number;
  /** Since when. */
  since: number;
}

/** Something happened. Which of the fields are there depends on `event`. */
export interface Event {
  /** When. */
  at: number;
  /** The device. */
  device?: string;
  /** What happened. */
  event: EventName;
  /** The file. */
  file?: File;
  /** The ids of files. */
  files?: string[];
  /** The folder in which they lie, absolute. */
  folder?: string;
  /** How many members have it, its author included. */
  held_by?: number;
  /** The message, file or problem. */
  id?: string;
  /** The export or import. */
  job?: Job;
  /** How many of those name me. */
  mentions?: number;
  /** The message. */
  message?: Message;
  /** The person's or device's name. */
  name?: string;
  /** How many members there are. */
  of?: number;
  /** How the device is reached. */
  path?: PathKind;
  /** The person. */
  person?: string;
  /** The id of the topic, or `general`. */
  place?: string;
  /** The problem. */
  problem?: Problem;
  /** Round trip in milliseconds. */
  rtt_ms?: number;
  /** What was chosen for this device. */
  settings?: Settings;
  /** The space it happened in. */
  space?: string;
  /** The space as it is now. */
  space_info?: Space;
  /** Where the message is. */
  state?: MessageState;
  /** Whether the message is to be told to me now, by what I want to hear and whether it is quiet. */
  tell?: boolean;
  /** The transfer. */
  transfer?: Transfer;
  /** Messages I have not read. */
  unread?: number;
}

/** What happened. */
export type EventName = "hello" | "lagged" | "chat.message" | "chat.changed" | "chat.state" | "topic.changed" | "issue.changed" | "board.changed" | "page.changed" | "chat.typing" | "read.changed" | "file.added" | "file.changed" | "file.removed" | "transfer.changed" | "transfers.done" | "job.ended" | "space.changed" | "space.joined" | "space.left" | "space.ended" | "member.joined" | "member.removed" | "member.changed" | "profile.changed" | "presence.changed" | "settings.changed" | "peer.up" | "peer.down" | "peer.path" | "problem.added" | "problem.dismissed";

/** Where to put a file. */
export interface FetchRequest {
  /** A folder; only scripts may name one. */
  to?: string | null;
}

/** A listed file. */
export interface File {
  /** The person who listed it. */
  author: string;
  /** That person's name. */
  author_name: string;
  /** The hash of its content. */
  blob: string;
  /** How many members have it whole. */
  held_by: number;
  /** Whether it is here. */
  here: boolean;
  /** Who they are. */
  holders: FileHolder[];
  /** Its id. */
  id: string;
  /** What it can be shown as; null when it can only be downloaded. */
  media: string | null;
  /** Its name: a relative path with `/`. */
  name: string;
  /** Where it lies here. */
  path: string | null;
  /** Bytes. */
  size: number;
  /** Where it is. */
  state: FileState;
  /** When. */
  time: number;
  transfer: Transfer | null;
}

/** A member who has a file. */
export interface FileHolder {
  /** The name. */
  name: string;
  /** Whether the person is here now. */
  online: boolean;
  /** The person. */
  person: string;
}

/** The file that a message is about. */
export interface FileRef {
  /** The file's id. */
  id: string;
  /** What it can be shown as. */
  media: string | null;
  /** Its name; null when it is not on the list of files: taken off, or not arrived yet. */
  name: string | null;
  /** Bytes; null when it is not on the list. */
  size: number | null;
}

/** Where a listed file is, seen from this device. */
export type FileState = "here" | "remote" | "fetching" | "changed" | "missing";

/** A part of an arrow that was fixed by hand. */
export interface FixedSegment {
  /** Where it ends. */
  end: number[];
  /** The number of the point where it ends. */
  index: number;
  /** Where it starts. */
  start: number[];
}

/** A folder of the list. */
export interface Folder {
  /** Every file whose name starts with it and `/`. */
  folder: string;
}

/** Which files to fetch, and where to put them. */
export interface FolderRequest {
  /** A folder of the list: every file whose name starts with it and `/`. */
  folder: string;
  /** A folder; only scripts may name one. */
  to?: string | null;
}

/** One result. */
export interface Found {
  /** Who wrote or listed it; null for people, spaces and topics. */
  author: string | null;
  /** That person's name. */
  author_name: string | null;
  /** Whether who wrote or listed it, or the person that it is, is a guest there. */
  guest: boolean;
  /** Its id: that of the message, file, person, space, topic, issue, board or page. */
  id: string;
  /** What it is. */
  kind: FoundKind;
  /** Whether that is a room, in which guests take part. */
  room: boolean;
  /** The space it is in. */
  space: string;
  /** That space's name; empty while it is not known. */
  space_name: string;
  /** What of its text stands around what was found, in stretches. */
  text: Part[];
  /** When; null for people, spaces and topics. */
  time: number | null;
  /** Its name, in stretches; for a message, the name of its file. Empty where it has none. */
  title: Part[];
  /** The topic it was said at; null in the general talk, and for what is not said. */
  topic: string | null;
  /** That topic's title; null while it is not known. */
  topic_title: string | null;
}

/** What a result is. */
export type FoundKind = "message" | "file" | "person" | "space" | "topic" | "issue" | "board" | "page";

/** A guest's fresh invitation. */
export interface GuestInvitation {
  /** The invitation. */
  invitation: NewInvitation;
  /** The room that it leads to. */
  room: Space;
}

/** A room of a space, and who is or may become a guest in it. */
export interface GuestRoom {
  /** Its guests, by name. */
  guests: Member[];
  /** Its invitations that can still be used, newest first. */
  invitations: Invitation[];
  /** What it was made for. */
  kind: RoomKind;
  /** Its name. */
  name: string;
  /** The room: a space of its own. */
  space: string;
  /** Which topic or board. */
  thing: string;
}

/** Whether a member has a message. */
export interface Holder {
  /** Whether one of the person's devices has it. */
  holds: boolean;
  /** The name. */
  name: string;
  /** The person. */
  person: string;
}

/** Something about a row of a table. */
export interface ImportRemark {
  /** The line in which the row begins, from 1. */
  line: number;
  /** What is to be said. */
  text: string;
}

/** What became of a table, or would. */
export interface ImportReport {
  /** Rows that cannot be issues; of very many, the first 500. */
  errors: ImportRemark[];
  /** How many of them can be issues. */
  good: number;
  /** Columns that are not read. */
  ignored: string[];
  /** The ids of the issues that were made, in order; none while only looking, or when there are errors. */
  made: string[];
  /** Labels, projects and cycles that are new, by title. */
  new: string[];
  /** What is left out. */
  notes: ImportRemark[];
  /** Rows with something in them, the first aside. */
  rows: number;
}

/** An invitation as managers see it. */
export interface Invitation {
  /** Who made it. */
  by_name: string;
  /** When it was made. */
  created: number;
  /** Until when. */
  expires: number;
  /** Its id. */
  id: string;
  /** What the newcomer may do. */
  level: Level;
  /** The mail address it was made for, if it was made on this computer for one. */
  mail: string | null;
  /** Where it stands. */
  state: InvitationState;
  /** How many have used it. */
  used: number;
  /** For how many people it is. */
  uses: number;
}

/** What became of an invitation's mail. */
export interface InvitationMail {
  /** Why not; null as well where no server is set. */
  problem: string | null;
  /** Whether the server has taken it. */
  sent: boolean;
  /** To whom it is. */
  to: string;
}

/** Where an invitation stands. */
export type InvitationState = "open" | "used" | "expired" | "revoked" | "lapsed";

/** What an invitation says before it is used. */
export interface InvitePreview {
  /** Whether I am in the space already. */
  already_member: boolean;
  /** Whether that is over. */
  expired: boolean;
  /** Until when it can be used. */
  expires: number;
  guest_at: RoomKind | null;
  /** The inviter's name, as the inviter wrote it down. */
  inviter_name: string;
  /** What I may do there. */
  level: Level;
  /** The space's id. */
  space: string;
  /** The space's name, as the inviter wrote it down. */
  space_name: string;
}

/** What a new invitation shall allow. */
export interface InviteRequest {
  /** For how long: a number and m, h or d; `7d` when left out. */
  expires?: string | null;
  /** What the newcomer may do; `write` when left out. */
  level?: Level;
  /** The mail address of whom it is for. If a mail server is set, it is sent there. */
  mail?: string | null;
  /** For how many people; 1 when left out. */
  uses?: number | null;
}

/** An invitation that was received. */
export interface InviteText {
  /** The text that starts with `compeer1`. */
  invite: string;
}

/** An issue as it stands in a list. */
export interface Issue {
  /** Whether it was put away. */
  archived: boolean;
  assignee: IssuePerson | null;
  /** Who made it. */
  author: IssuePerson;
  /** Whether one that blocks it is not over. */
  blocked: boolean;
  /** Messages said at it: those whose `place` it is. */
  comments: number;
  /** When it was made. */
  created: number;
  /** The id of its cycle. */
  cycle: string | null;
  /** By which day. */
  due: string | null;
  /** Points. */
  estimate: number | null;
  /** Its id. */
  id: string;
  /** What it is called, such as `WEB-123`; with a suffix where several have that number. */
  key: string;
  /** The ids of its labels. */
  labels: string[];
  /** How many of those name me. */
  mentions: number;
  /** The id of the issue it is part of. */
  parent: string | null;
  /** How many issues are part of it. */
  parts: number;
  /** How many of those are over. */
  parts_over: number;
  /** How much it matters. */
  priority: IssuePriority;
  /** The id of its project. */
  project: string | null;
  /** How far it is. */
  status: IssueStatus;
  /** Its title: content, never markup. */
  title: string;
  /** How many of those I have not read. */
  unread: number;
  /** When a field of it was last set. */
  updated: number;
}

/**
 * What shall be different about an issue; what is left out stays, and null takes away. Where an issue's id can stand, so can
 * its key.
 */
export interface IssueChange {
  /** Issues that cannot be done before it. */
  add_blocks?: string[];
  /** Ids of labels it gets. */
  add_labels?: string[];
  /** Whether it is put away. */
  archived?: boolean;
  /** Who does it: a person's id, or `me`. */
  assignee?: string | null;
  /** Its cycle. */
  cycle?: string | null;
  /** What it is about, in Markdown: at most 32 KiB. */
  description?: string;
  /** By which day. */
  due?: string | null;
  /** Points, at most 1,000. */
  estimate?: number | null;
  /** The issue it is part of. */
  parent?: string | null;
  /** How much it matters. */
  priority?: IssuePriority;
  /** Its project. */
  project?: string | null;
  /** Issues that can, after all. */
  remove_blocks?: string[];
  /** Ids of labels it loses. */
  remove_labels?: string[];
  /** How far it is. */
  status?: IssueStatus;
  /** One line of at most 200 characters. */
  title?: string;
}

/** Everything about one issue but what is said at it. */
export interface IssueDetail {
  /** What it is part of, the nearest first. */
  above: IssueRef[];
  /** What has to be done before it. */
  blocked_by: IssueRef[];
  /** What cannot be done before it. */
  blocks: IssueRef[];
  /** What it is about, in Markdown: content, never markup. */
  description: string;
  /** The oldest message at it that I have not read. */
  first_unread: string | null;
  /** As in a list. */
  issue: Issue;
  /** What is part of it. */
  parts: IssueRef[];
}

/** A table of issues to make. */
export interface IssueImport {
  /** Only say what would come of it. */
  look?: boolean;
  /** Leave out rows that cannot be issues; otherwise nothing is made when there is one. */
  skip?: boolean;
  /** Comma-separated values, or with semicolons or tabs: at most 5,000 rows and 8 MiB. The first row names the columns. */
  table: string;
}

/** Issues that fit a filter. */
export interface IssuePage {
  /** Some of them, in order. */
  issues: Issue[];
  /** How many there are in all. */
  total: number;
}

/** Somebody an issue has to do with. */
export interface IssuePerson {
  /** Their name. */
  name: string;
  /** Their id. */
  person: string;
}

/** How much an issue matters. */
export type IssuePriority = "urgent" | "high" | "medium" | "low" | "none";

/** Another issue, as far as a line about it needs. */
export interface IssueRef {
  /** Its id. */
  id: string;
  /** What it is called. */
  key: string;
  /** How far it is. */
  status: IssueStatus;
  /** Its title. */
  title: string;
}

/** What the issues of a space are sorted into. */
export interface IssueSetup {
  /** Cycles, the last first. */
  cycles: IssueThing[];
  /** Labels, by title. */
  labels: IssueThing[];
  /** How keys begin. */
  prefix: string;
  /** Projects, by title. */
  projects: IssueThing[];
  /** Saved views, by title. */
  views: IssueThing[];
}

/** How far an issue is, in the order of the work. */
export type IssueStatus = "triage" | "backlog" | "todo" | "doing" | "review" | "done" | "cancelled";

/** A label, project, cycle or saved view. */
export interface IssueThing {
  /** Whether it was put away. */
  archived: boolean;
  /** A project's description, in Markdown. */
  description: string;
  /** The last day. */
  due: string | null;
  /** A label's colour, in degrees. */
  hue: number | null;
  /** Its id. */
  id: string;
  /** How many issues are in it, put away ones aside. */
  issues: number;
  lead: IssuePerson | null;
  /** How many of those are over. */
  over: number;
  /** What a saved view asks for, as in the address of a list of issues. */
  query: string;
  /** The first day. */
  start: string | null;
  /** Its title: content, never markup. */
  title: string;
}

/** What shall be different about a label, project, cycle or saved view; what is left out stays, and null takes away. */
export interface IssueThingChange {
  /** Whether it is put away. */
  archived?: boolean;
  /** A project's description, in Markdown. */
  description?: string;
  /** The last day. */
  due?: string | null;
  /** A label's colour, in degrees from 0 to 359. */
  hue?: number;
  /** Who leads a project: a person's id, or `me`. */
  lead?: string | null;
  /** What a saved view asks for. */
  query?: string;
  /** The first day. */
  start?: string | null;
  /** One line of at most 200 characters. */
  title?: string;
}

/** What something that issues are sorted into is. */
export type IssueThingKind = "label" | "project" | "cycle" | "view";

/** Issues as they are after a change. */
export interface Issues {
  /** In the order they were named. */
  issues: Issue[];
}

/** The same change of many issues. */
export interface IssuesChange {
  /** What shall be different. */
  change: IssueChange;
  /** Which, by id or key: at most 1,000. */
  issues: string[];
}

/** An export or import. */
export interface Job {
  /** Steps in all, as far as they are known. */
  all: number;
  /** Of an export: bytes in all. */
  bytes: number;
  /** Steps that are done. */
  done: number;
  error: ProblemDocument | null;
  /** Files that went along. */
  files: number;
  /** Its number since the start. */
  id: string;
  /** What it does. */
  kind: JobKind;
  /** Of an import: reactions, files and the like that there is no way to say here. */
  lost: number;
  /** Of an export: files that are on no disk here, or were not wanted. They are listed. */
  missing: number;
  /** What that is called; empty while it is not known. */
  name: string;
  /** The folder or file, absolute. */
  path: string;
  /** Of an import: private conversations that were left out. */
  private: number;
  /** The space that is exported, or the one that was made, once it is. */
  space: string | null;
  /** How it goes. */
  state: JobState;
}

/** What a job does. */
export type JobKind = "export" | "import";

/** How a job goes. */
export type JobState = "running" | "done" | "failed" | "cancelled";

/** How keys shall begin. */
export interface KeyPrefix {
  /** 2 to 5 letters. */
  prefix: string;
}

/** The newest message of a space. */
export interface LastMessage {
  /** When. */
  at: number;
  /** Who wrote it. */
  author_name: string;
  /** Its text, or the name of the file it is about when there is none. */
  text: string;
}

/** Something that was not shared, or not taken off the list. */
export interface LeftOut {
  /** Where it lies; a folder stands for all that is in it. What is on the list already, by its name there. */
  path: string;
  /** Why, in a sentence. */
  reason: string;
}

/** What a member may do. */
export type Level = "read" | "write" | "manage";

/** A new level for a member. */
export interface LevelChange {
  /** The level. */
  level: Level;
}

/** How a file came to be on the list. */
export type Listed = "new" | "version" | "before";

/** Files to share where they lie. */
export interface LocalFiles {
  /** Absolute paths; a folder goes whole. */
  paths: string[];
}

/** A mail server. */
export interface MailChange {
  /** One more certificate authority to trust, in PEM. */
  authority?: string | null;
  /** The address that mails come from. */
  from: string;
  /** Its name. */
  host: string;
  /** The password that goes with it. Left out, the one before stays. */
  password?: string | null;
  /** Its port. */
  port: number;
  /** How the connection is secured. */
  security?: MailSecurity;
  /** Whom it knows me as. */
  user?: string | null;
}

/** How a connection to a mail server is secured. */
export type MailSecurity = "tls" | "starttls" | "none";

/** A mail that the server has taken. */
export interface MailSent {
  /** To whom. */
  to: string;
}

/** The server that is set; all is empty while none is. */
export interface MailSettings {
  /** Whether a certificate authority of its own is trusted. */
  authority: boolean;
  /** The address that mails come from. */
  from: string;
  /** Whether a password is kept. */
  has_password: boolean;
  /** Its name. */
  host: string;
  /** Its port. */
  port: number;
  /** How the connection is secured. */
  security: MailSecurity;
  /** Whether one is. */
  set: boolean;
  /** Whom it knows me as; null if it does not ask. */
  user: string | null;
}

/** Where a test goes. */
export interface MailTest {
  /** An address; the one that mails come from when left out. */
  to?: string | null;
}

/** A member of a space. */
export interface Member {
  /** The person's devices. */
  devices: MemberDevice[];
  /** Whether the person is a guest: in a room, and not in the space that it belongs to. */
  guest: boolean;
  /** The person's colour, in degrees. */
  hue: number;
  /** Since when. */
  joined: number;
  /** What the person may do. */
  level: Level;
  /** Whether it is me. */
  me: boolean;
  /** The name. */
  name: string;
  /** The person's id. */
  person: string;
  /** Where the picture can be had. */
  picture: string | null;
  /** Whether the person is here. */
  presence: Presence;
}

/** A device of a member. */
export interface MemberDevice {
  /** Since when nobody has been at it, as it says; null while somebody is, or while it is not linked. */
  away_since: number | null;
  /** Its id. */
  device: string;
  /** Whether it has everything that this device has. */
  has_all: boolean;
  /** When it was last linked. */
  last_seen: number | null;
  /** How many entries it lacks, as far as known here. */
  missing: number;
  /** What its owner calls it. */
  name: string;
  /** How it is reached now. */
  path: DevicePath;
  /** Round trip in milliseconds. */
  rtt_ms: number | null;
}

/** A chat message. */
export interface Message {
  /** The person who wrote it. */
  author: string;
  /** The device it was written on. */
  author_device: string;
  /** That person's name. */
  author_name: string;
  /** When its text was last changed; null when it never was. */
  changed: number | null;
  deleted: Deleted | null;
  file: FileRef | null;
  /** Whether that person is a guest here, as in [`super::Member`]. */
  guest: boolean;
  /** How many members have it, its author included. */
  held_by: number;
  /** Its id. */
  id: string;
  /**
   * The name of who imported it; null when it was written here. Then it is only said to be by its author, and from its
   * time: nobody has signed that.
   */
  imported: string | null;
  /** Whether it names me. */
  mention: boolean;
  /** Whether I wrote it. */
  mine: boolean;
  /** The label its sender's page gave it. */
  nonce: string | null;
  /** How many members there are. */
  of: number;
  /** Whether it is pinned. */
  pinned: boolean;
  place: Place | null;
  /** How people reacted to it. */
  reactions: Reaction[];
  reply: Answered | null;
  /** Where it is. */
  state: MessageState;
  /** The text, as last written: content, never markup. Empty only when there is a file. */
  text: string;
  /** When it was sent. */
  time: number;
  /** Whether I have not read it. */
  unread: boolean;
}

/** What shall be different about a message from now on; what is left out stays. */
export interface MessageChange {
  /** Whether it is pinned. */
  pinned?: boolean | null;
  /** Where it stands: the id of a topic, or `general`. */
  place?: string | null;
  reaction?: MyReaction | null;
  /** Another text, by whoever wrote it. */
  text?: string | null;
}

/** Some messages, oldest first. */
export interface MessagePage {
  /** The messages. */
  messages: Message[];
  /** Whether there are more in the direction that was asked for. */
  more: boolean;
}

/** Where a message is. */
export type MessageState = "waiting" | "sent" | "held" | "undelivered";

/** Messages to move. */
export interface Move {
  /** Their ids, at most 1,000. */
  messages: string[];
  /** Where to: the id of a topic, or `general`. */
  place: string;
}

/** How many messages moved. */
export interface Moved {
  /** Those that were elsewhere before. */
  count: number;
}

/** What I have to do in one space. */
export interface MyIssues {
  /** Open issues that are mine, the most urgent first. */
  issues: Issue[];
  /** Its name. */
  name: string;
  /** The space's id. */
  space: string;
}

/** My reaction to a message. */
export interface MyReaction {
  /** One emoji. */
  emoji: string;
  /** Whether it shall be there. */
  on: boolean;
}

/** A board to make. */
export interface NewBoard {
  /** What it is called: one line of at most 200 characters. */
  title: string;
}

/** Something to say at a board. */
export interface NewComment {
  /** The element it is about; the board as a whole when left out. */
  element?: string | null;
  /** At most 32 KiB. */
  text: string;
}

/** Elements to draw. */
export interface NewElements {
  /** At most 5,000, each as it shall be from now on. */
  elements: BoardElement[];
}

/** What is exported, and where to. */
export interface NewExport {
  /** Whether the files go along. */
  files: boolean;
  /** The folder that is made, absolute; a new one in the home when left out. Only scripts may name it. */
  to?: string | null;
}

/** To what a guest is invited, and how. */
export interface NewGuest {
  /** What the invitation shall allow; `manage` is for no guest. */
  invite?: InviteRequest;
  /** The id of a topic or board. */
  thing: string;
}

/** What is imported. */
export interface NewImport {
  /** The folder or ZIP file, absolute. */
  path: string;
  /** Of Slack and Zulip also private channels, and what was said between few: everybody who comes in will read it. */
  private?: boolean;
  /** Of Zulip only this stream. */
  stream?: string | null;
}

/** A fresh invitation. Its text is shown this once. */
export interface NewInvitation {
  /** Until when. */
  expires: number;
  /** What to call it as a file. */
  file_name: string;
  /** Its id. */
  id: string;
  /** The text to hand over. */
  invite: string;
  /** What the newcomer may do. */
  level: Level;
  mail: InvitationMail | null;
  /** A mail with it for the user's own mail program: a `mailto:` link. */
  mailto: string;
  /** The same as a QR code: an SVG picture. */
  qr_svg: string;
  /** For how many people it is. */
  uses: number;
}

/** A label, project, cycle or saved view to make. */
export interface NewIssueThing {
  /** What its fields are; it needs a title. */
  fields: IssueThingChange;
  /** What it is. */
  kind: IssueThingKind;
}

/** A message to send. */
export interface NewMessage {
  /** The id of the listed file that it is about. */
  file?: string | null;
  /** A label of the page's own, to find its optimistic row again. */
  nonce?: string | null;
  /** What it is said at: the id of a topic, or `general`, as when left out. */
  place?: string | null;
  /** The id of the message that it answers. */
  reply?: string | null;
  /** The text; may be empty when there is a file. */
  text: string;
}

/** A page to make. */
export interface NewPage {
  /** What it shall say, as Markdown of at most 1 MiB; nothing when left out. */
  markdown?: string | null;
  /** The page it shall stand under; the top when left out. */
  parent?: string | null;
  /** What it is called: one line of at most 200 characters. */
  title: string;
}

/** A topic to make. */
export interface NewTopic {
  /** What it is called: one line of at most 200 characters. */
  title: string;
}

/** A page. */
export interface Page {
  /** Whether it was put away. */
  archived: boolean;
  /** Who last wrote on it, or made it. */
  changed_by: BoardPerson;
  /** When. */
  changed_ms: number;
  /** By whom it was made. */
  created_by: BoardPerson;
  /** When. */
  created_ms: number;
  /** Who of the others has it open now. */
  here: BoardPerson[];
  /** Its id. */
  id: string;
  /** Where it stands among its siblings: in the order of these texts, then of the ids. */
  order: string;
  /** The page it stands under; null at the top. */
  parent: string | null;
  /** What it is called: content, never markup; null while that is not here. */
  title: string | null;
  /** Comments of others that I have not read. */
  unread_comments: number;
}

/** What shall be different about a page; what is left out stays. */
export interface PageChange {
  /** Whether it is put away. */
  archived?: boolean | null;
  /** Another place among its siblings: 1 to 64 letters and digits. */
  order?: string | null;
  /** The page it shall stand under; null is the top. */
  parent?: string | null;
  /** Another title. */
  title?: string | null;
}

/** What the node says first on the socket of an open page. */
export interface PageHello {
  /** Whether something can be written. */
  can_write: boolean;
  /** The number by which Loro shall know what is written from now on: 64 bits, in decimals. */
  peer: string;
}

/** A text that the node says on the socket of an open page; one of these fields is there. */
export interface PageLive {
  /** The first one. */
  hello?: PageHello;
  /** The other devices that have the page open. */
  here?: BoardDevice[];
  /** So many updates of this socket have been kept: they are durable on this device. */
  kept?: number;
  /** Why an update was not kept. Those that go on from it will not be, either. */
  refused?: string;
}

/** What a page says. */
export interface PageMarkdown {
  /** As Markdown: content of others. */
  markdown: string;
}

/** A stretch of time in which somebody wrote on a page on one device without a pause of ten minutes, whoever else wrote then. */
export interface PageRun {
  /** On which device. */
  device: string;
  /** When it began. */
  from_ms: number;
  /** What to ask for what the page said at its end. */
  id: string;
  /** That person's name: content, never markup. */
  name: string;
  /** Who. */
  person: string;
  /** When it ended. */
  to_ms: number;
  /** How many updates were written. */
  updates: number;
}

/** What a page said once. */
export interface PageVersion {
  /** As ProseMirror's JSON, with nodes and marks of pages only. */
  json: Record<string, unknown>;
  /** As Markdown: content of others. */
  markdown: string;
}

/** A stretch of text. */
export interface Part {
  /** Whether it is what was looked for. */
  found: boolean;
  /** The text: content, never markup. */
  text: string;
}

/** How a device is reached now. */
export type PathKind = "direct" | "relay" | "none";

/** A device that shares a group with this one. */
export interface Peer {
  /** Its address, or the relay's URL. */
  address: string | null;
  /** Its id. */
  device: string;
  /** Whether it was found on the local network. */
  lan: boolean;
  /** When it was last linked; null when never since the start. */
  last_seen: number | null;
  /** What its owner calls it. */
  name: string | null;
  /** How it is reached now. */
  path: PathKind;
  /** Whose it is. */
  person: string | null;
  /** That person's name. */
  person_name: string | null;
  /** Bytes received per second, lately. */
  receive_rate: number;
  /** Bytes received since the link came up. */
  received_bytes: number;
  /** Whether it answered and did not let this device in, when it was last asked. */
  refuses: boolean;
  /** Round trip in milliseconds. */
  rtt_ms: number | null;
  /** Bytes sent per second, lately. */
  send_rate: number;
  /** Bytes sent since the link came up. */
  sent_bytes: number;
  /** The spaces that both are in. */
  spaces: string[];
}

/** What a message is said at. */
export interface Place {
  /** Its id. */
  id: string;
  /** What it is called: content, never markup; null while that is not here. */
  title: string | null;
}

/** Whether somebody is here. */
export type Presence = "online" | "away" | "offline";

/** Something that somebody should look at. */
export interface Problem {
  /** When it was last seen. */
  at: number;
  /** What it is, for programs. */
  code: string;
  /** The device it is about. */
  device: string | null;
  /** What to do about it. */
  hint: string;
  /** Its id, for dismissing it. */
  id: string;
  /** How much it matters. */
  severity: Severity;
  /** The space it is about. */
  space: string | null;
  /** What it is, in a plain sentence. */
  text: string;
}

/** A problem document as it travels (RFC 9457, with `code` and `hint` added). */
export interface ProblemDocument {
  /** What went wrong, for programs. */
  code: string;
  /** What went wrong this time, in one sentence. */
  detail: string;
  /** What to do about it, in one sentence. */
  hint: string;
  /** The HTTP status. */
  status: number;
  /** What went wrong, in a few words that are the same each time. */
  title: string;
  /** Always `about:blank`: `code` says what it is. */
  type: string;
}

/** What shall change about this person and device. What is left out stays. */
export interface ProfileChange {
  /** The device's name. */
  device_name?: string | null;
  /** The person's name. */
  name?: string | null;
  /** A PNG, JPEG or WebP picture of at most 64 KiB in base64; null takes it away. */
  picture?: string | null;
}

/** Times of the day at which nothing is told, by this computer's clock. */
export interface Quiet {
  /** The days on which it begins: `mon` to `sun`. */
  days: string[];
  /** From when, such as `22:00`. */
  from: string;
  /** Until when, such as `07:00`; on the next day when that is not later. */
  to: string;
}

/** Somebody who reacted. */
export interface Reacting {
  /** The name. */
  name: string;
  /** The person. */
  person: string;
}

/** How people reacted to a message with one emoji. */
export interface Reaction {
  /** The emoji. */
  emoji: string;
  /** Whether I am one of them. */
  mine: boolean;
  /** Who, whoever was first before the others. */
  people: Reacting[];
}

/** What I have read. `up_to` and `seen` can both be given. */
export interface ReadMarker {
  /** Of that only what is said there: the id of a topic, or `general`. */
  place?: string | null;
  /** Just these messages, at most 1,000. */
  seen?: string[] | null;
  /** Everything at or before this message, if it had come by the time this message came. */
  up_to?: string | null;
}

/** The relay that carries traffic when no direct path is found. */
export interface Relay {
  /** Whether this device is connected to it. */
  connected: boolean;
  /** Its address. */
  url: string;
}

/** That messages of a space go after a time. */
export type Retention = Deed & {
  /** After how many days. */
  days: number;
  /** Nothing goes before this time. */
  from: number;
};

/** After what time messages shall go. */
export interface RetentionChange {
  /** After how many days, from 7 to 3650; `null` keeps them for good. */
  days: number | null;
}

/** What a space is in which guests take part. */
export interface Room {
  /** The board in it, of a room for a board, once that has come. */
  board: string | null;
  /** How many of its members are guests. */
  guests: number;
  /** What it was made for. */
  kind: RoomKind;
  /** The space that it belongs to, if I am in that, too: a guest is not. */
  parent: string | null;
  /** The topic or board there that it was made for. */
  thing: string | null;
}

/** What a room can be made for. */
export type RoomKind = "topic" | "board";

/** How round corners are. */
export interface Roundness {
  /** 1 to 3, as Excalidraw numbers them. */
  type: number;
  /** The radius, where it was chosen. */
  value?: number;
}

/** What was found. */
export interface SearchAnswer {
  /** Whether all that is on this device was looked at. What has only just come may not be: ask again a moment later. */
  complete: boolean;
  /** How many there are from the beginning of this page on, as far as was counted. */
  count: number;
  /** What to ask for the page that follows with, as `cursor`; null when there is none. */
  next: string | null;
  /** What of the query matches nothing. Then there are no results. */
  notes: SearchNote[];
  /** The best first: people, spaces and topics by their names, then what was written. */
  results: Found[];
}

/** A part of a query that matches nothing. */
export interface SearchNote {
  /** Why, for programs: `bad-date`, `bad-operator`, `no-person`, `no-space` or `no-topic`. */
  code: string;
  /** What to do about it, in one sentence. */
  hint: string;
  /** Why, in one sentence. */
  text: string;
}

/** What was chosen for this device, and how its notifications do. */
export interface Settings {
  /** Whether the desktop says that something is new while no page does. */
  desktop: boolean;
  /** The program that shows them. */
  desktop_by: string | null;
  /** Why the last one could not be shown. */
  desktop_failure: string | null;
  /** Whether the desktop can show notifications. */
  desktop_state: DesktopState;
  /** Whether what names me is told all the same. */
  mentions_pass: boolean;
  /** Until when nothing is told, whatever `quiet` says; null when there is no pause. */
  paused_until: number | null;
  quiet: Quiet | null;
  /** Whether it is quiet now. */
  quiet_now: boolean;
  /** Whether others are told that nobody is at this device. */
  show_away: boolean;
  /** Whether it shows who wrote what, or only where something is new. */
  words: boolean;
}

/** What shall be chosen from now on. What is left out stays. */
export interface SettingsChange {
  /** As in [`Settings`]. */
  desktop?: boolean | null;
  /** As in [`Settings`]. */
  mentions_pass?: boolean | null;
  /** For how long nothing is told from now on: a number and m, h or d; `tomorrow` for until tomorrow at eight; or `off`. */
  pause?: string | null;
  quiet?: Quiet | null;
  /** As in [`Settings`]. */
  show_away?: boolean | null;
  /** As in [`Settings`]. */
  words?: boolean | null;
}

/** How many that were. */
export interface Settled {
  /** Messages and files. */
  count: number;
}

/** How much a problem matters. */
export type Severity = "warning" | "error";

/** A file that somebody wanted to be on the list, and is. */
export interface SharedFile {
  /** The file. */
  file: File;
  /** How it came there. */
  listed: Listed;
}

/** What became of paths that were to be shared. */
export interface SharedFiles {
  /** What is on the list now. */
  files: SharedFile[];
  /** What is not: the first of it. */
  left_out: LeftOut[];
  /** How much was left out. */
  left_out_count: number;
}

/** A one-time link that signs a browser in. */
export interface SignInLink {
  /** The link, good for a minute and for one browser. */
  url: string;
}

/** A space at a glance. */
export interface Space {
  archived: Archived | null;
  /** How much I want to hear of it. */
  attention: Attention;
  /** When it was founded. */
  created: number;
  /** Whether it is a talk between people, without the furniture of a space. */
  direct: boolean;
  /** Bytes it takes on this disk. */
  disk_bytes: number;
  end: End | null;
  /** The key period it is in. */
  epoch: Epoch;
  /** How many of them are here now. */
  here_now: number;
  last: LastMessage | null;
  /** What I may do in it; in an archived space nobody may more than read. */
  level: Level;
  /** How many people are in it. */
  members: number;
  /** How many of those name me. */
  mentions: number;
  /** Its name; empty while joining. A direct talk goes by the names of the others in it. */
  name: string;
  retention: Retention | null;
  room: Room | null;
  /** Its id. */
  space: string;
  /** Where it stands. */
  state: SpaceState;
  /**
   * My messages and files that nobody counts, because I had been removed or might not write any more when I wrote
   * them; until they are said again or given up.
   */
  undelivered: number;
  /** Messages I have not read. */
  unread: number;
  /** How many of them are said at boards. */
  unread_boards: number;
  /** How many of the unread are said at issues. */
  unread_issues: number;
  /** How many of them are said at pages. */
  unread_pages: number;
  /** My messages that nobody else has. */
  waiting: number;
}

/** A new space, or a new name for one. */
export interface SpaceName {
  /** The name. */
  name: string;
}

/** Where a space stands. */
export type SpaceState = "active" | "joining" | "shutout" | "removed" | "ended";

/** This device and its surroundings. */
export interface Status {
  /**
   * How a command for this peer begins in a terminal on this computer: `compeer`, or longer where that is not found or
   * means another home.
   */
  command: string;
  /** This device. */
  device: string;
  /** What others see it called. */
  device_name: string;
  /** The home folder. */
  home: string;
  /** The person's colour, in degrees. */
  hue: number;
  /** Whether devices on the local network are looked for. */
  lan_discovery: boolean;
  /** Where other devices reach this one. */
  listening: string[];
  /** The person's name. */
  name: string | null;
  /** Devices that are known here. */
  peers: Peer[];
  /** The person using it; null before the first run. */
  person: string | null;
  /** Where the person's picture can be had. */
  picture: string | null;
  /** What somebody should look at, oldest first. */
  problems: Problem[];
  /** Always true once it can be asked. */
  ready: boolean;
  relay: Relay | null;
  /** When this peer started. */
  started: number;
  /** The program's version. */
  version: string;
}

/** A topic, or the general talk of a space. */
export interface Topic {
  /** When something was last said at it, or it was made; 0 when nothing ever was. */
  at: number;
  /** How much I want to hear of it. */
  attention: Attention;
  /** Whether I chose that for it alone. */
  chosen: boolean;
  /** The oldest of them. */
  first_unread: string | null;
  /** Its id; `general` for the general talk. */
  id: string;
  last: LastMessage | null;
  /** How many of those name me. */
  mentions: number;
  /** Whether there is nothing more to say about it. */
  resolved: boolean;
  /** What it is called: content, never markup; null for the general talk, and while that is not here. */
  title: string | null;
  /** Messages of others that I have not read. */
  unread: number;
}

/** What shall be different about a topic; what is left out stays. */
export interface TopicChange {
  /** Whether there is nothing more to say about it. */
  resolved?: boolean | null;
  /** Another title. */
  title?: string | null;
}

/** A file on its way to this device. */
export interface Transfer {
  /** Verified bytes on this disk. */
  done: number;
  /** Why it failed, in a sentence. */
  error: string | null;
  /** Seconds still to go; null when nobody can tell. */
  eta_s: number | null;
  /** The file. */
  file: string;
  /** The folder that it goes to, under its name. */
  folder: string;
  /** Whom from. */
  from: TransferSource[];
  /** Its id: the file's. */
  id: string;
  /** The file's name. */
  name: string;
  /** Where it lies, once done. */
  path: string | null;
  /** Bytes per second, lately. */
  rate: number;
  /** Bytes in all. */
  size: number;
  /** The space. */
  space: string;
  /** How it goes. */
  state: TransferState;
}

/** A device that bytes come from. */
export interface TransferSource {
  /** The device. */
  device: string;
  /** Its name. */
  name: string;
  /** How it is reached. */
  path: PathKind;
}

/** How a transfer goes. */
export type TransferState = "running" | "paused" | "waiting" | "failed" | "done";

/** Where somebody is writing. */
export interface Typing {
  /** The id of a topic, or `general`, as when left out. */
  place?: string | null;
}

/** Which undelivered messages and files. */
export interface Undelivered {
  /** Their ids; all of the space when left out. */
  only?: string[] | null;
}

/** A member of whom some device has not heard of the end of a space. */
export interface Unheard {
  /** What these devices are called. */
  devices: string[];
  /** What they are called. */
  name: string;
  /** Who. */
  person: string;
}

/** What became of files that were to be taken off the list. */
export interface UnlistedFiles {
  /** How many are off the list. */
  files: number;
  /** Those that are not: the first of them, by their names. */
  left_out: LeftOut[];
  /** How many were left. */
  left_out_count: number;
}

/** What I have not read after all. */
export interface UnreadMarker {
  /** What others wrote from this message on. */
  from: string;
  /** Of that only what is said there: the id of a topic, or `general`. */
  place?: string | null;
}

/** A text that a message has or had. */
export interface Version {
  /** The text: content, never markup. */
  text: string;
  /** Since when. */
  time: number;
}
