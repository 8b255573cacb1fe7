/**
 * The shapes of HTTP API v1 under the names that the page uses. They are generated from the handlers (`schema.gen.ts`);
 * only events are written here, because a union tells more than the one loose object of the description.
 */
import type {
  Job,
  Message,
  PathKind as Path,
  Problem,
  Settings,
  Space,
  Transfer,
  File as SharedFile,
} from './schema.gen';

export type {
  Activity,
  Answered,
  Board,
  BoardDevice,
  BoardElement,
  BoardNews,
  BoardPart,
  BoardPointer,
  BoardShowing,
  BoardShown,
  Comment,
  Drawing,
  ElementsDrawn,
  Description,
  ImportReport,
  Issue,
  IssueChange,
  IssueDetail,
  IssuePage,
  IssuePriority,
  IssueRef,
  IssueSetup,
  IssueStatus,
  IssueThing,
  IssueThingChange,
  IssueThingKind,
  End,
  FileRef,
  Found,
  Holder,
  Invitation,
  InvitationMail,
  GuestInvitation,
  InvitePreview,
  InviteRequest,
  Job,
  Level,
  MailChange,
  MailSecurity,
  MailSettings,
  Member,
  MemberDevice,
  Message,
  MessageChange,
  MessagePage,
  NewInvitation,
  Page,
  PageChange,
  PageLive,
  PageMarkdown,
  PageRun,
  PageVersion,
  Part,
  Peer,
  Presence,
  Problem,
  ProblemDocument,
  Reaction,
  Retention,
  Quiet,
  SearchAnswer,
  Settings,
  SettingsChange,
  Settled,
  Space,
  Status,
  Attention,
  Topic,
  Transfer,
  Version,
} from './schema.gen';
export type { Path, SharedFile };

/** What `/events` sends, one JSON object each. */
export type NodeEvent =
  | { event: 'hello' | 'lagged'; at: number }
  | {
      event: 'chat.message' | 'chat.changed';
      at: number;
      space: string;
      id: string;
      message: Message;
      /** Whether it is to be told to me now; of `chat.message`. */
      tell?: boolean;
    }
  | ({ event: 'chat.state'; at: number; space: string; id: string } & Pick<
      Message,
      'state' | 'held_by' | 'of'
    >)
  | {
      event: 'chat.typing';
      at: number;
      space: string;
      place: string;
      person: string;
      name: string;
    }
  | { event: 'topic.changed'; at: number; space: string; id: string }
  | { event: 'board.changed'; at: number; space: string; id: string }
  | { event: 'page.changed'; at: number; space: string; id: string }
  | { event: 'read.changed'; at: number; space: string; unread: number; mentions: number }
  | {
      event: 'file.added' | 'file.changed';
      at: number;
      space: string;
      id: string;
      file: SharedFile;
    }
  | { event: 'file.removed'; at: number; space: string; id: string }
  | { event: 'transfer.changed'; at: number; space: string; id: string; transfer: Transfer }
  | { event: 'transfers.done'; at: number; space: string; files: string[]; folder: string }
  | { event: 'job.ended'; at: number; id: string; job: Job }
  | { event: 'space.changed'; at: number; space: string; space_info: Space }
  | { event: 'space.joined' | 'space.left' | 'space.ended'; at: number; space: string }
  | {
      event: 'member.joined' | 'member.removed' | 'member.changed';
      at: number;
      space: string;
      person: string;
      name?: string;
    }
  | { event: 'issue.changed'; at: number; space: string; id?: string }
  | { event: 'profile.changed'; at: number; person: string }
  | { event: 'presence.changed'; at: number; device: string }
  | { event: 'settings.changed'; at: number; settings: Settings }
  | { event: 'peer.up'; at: number; device: string; name: string | null; path: Path }
  | { event: 'peer.down'; at: number; device: string }
  | { event: 'peer.path'; at: number; device: string; path: Path; rtt_ms: number | null }
  | { event: 'problem.added'; at: number; problem: Problem }
  | { event: 'problem.dismissed'; at: number; id: string };
