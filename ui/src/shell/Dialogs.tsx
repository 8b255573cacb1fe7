/** Draws whichever dialog is open. */
import { useSpaces } from '~/api/queries';
import { useStore } from '~/api/store';
import { NewIssueDialog } from '~/features/issues/NewIssueDialog';
import { PickDialog } from '~/features/issues/PickDialog';
import { ImportDialog, PrefixDialog, SaveViewDialog } from '~/features/issues/SetupDialogs';
import { CreateDialog } from '~/features/spaces/CreateDialog';
import { MoveDialog } from '~/features/chat/MoveDialog';
import { RenameTopicDialog, TopicDialog } from '~/features/chat/TopicDialogs';
import { ExportDialog } from '~/features/spaces/ExportDialog';
import { ImportSpaceDialog } from '~/features/spaces/ImportSpaceDialog';
import { MovePageDialog, RenamePageDialog } from '~/features/pages/PageDialogs';
import { InviteDialog, InviteGuestDialog } from '~/features/spaces/InviteDialog';
import { JoinDialog } from '~/features/spaces/JoinDialog';
import { ArchiveDialog, RetentionDialog } from '~/features/spaces/KeepingDialogs';
import {
  DeleteDialog,
  LeaveDialog,
  RemoveMemberDialog,
  RenameDialog,
} from '~/features/spaces/SpaceDialogs';
import { closeDialog, openDialog } from '~/parts/dialogs';
import { OpenPalette } from './OpenPalette';
import { ShortcutSheet } from './ShortcutSheet';

export function Dialogs({ current }: { current: string | null }) {
  const open = useStore(openDialog);
  const spaces = useSpaces().data ?? [];
  if (open === null) return null;
  switch (open.kind) {
    case 'create':
      return <CreateDialog onClose={closeDialog} />;
    case 'import-space':
      return <ImportSpaceDialog onClose={closeDialog} />;
    case 'join':
      // A second dropped invitation is another dialog, not the first one's text.
      return (
        <JoinDialog key={open.invite ?? ''} invite={open.invite ?? ''} onClose={closeDialog} />
      );
    case 'palette':
      return <OpenPalette current={current} onClose={closeDialog} />;
    case 'shortcuts':
      return <ShortcutSheet onClose={closeDialog} />;
    case 'new-issue': {
      // Neither a direct talk nor a room has issues.
      const writable = spaces.filter(
        ({ level, state, direct, room }) =>
          level !== 'read' && state === 'active' && !direct && !room,
      );
      const wanted = open.space ?? current;
      const meant = writable.find((item) => item.space === wanted) ?? writable[0];
      return (
        meant && (
          <NewIssueDialog
            spaces={writable}
            space={meant.space}
            fields={open.fields}
            onClose={closeDialog}
          />
        )
      );
    }
  }
  const space = spaces.find((item) => item.space === open.space);
  if (space === undefined) return null;
  switch (open.kind) {
    case 'invite':
      return <InviteDialog space={space} onClose={closeDialog} />;
    case 'invite-guest':
      return (
        <InviteGuestDialog
          space={space}
          thing={open.thing}
          noun={open.noun}
          onClose={closeDialog}
        />
      );
    case 'rename':
      return <RenameDialog space={space} onClose={closeDialog} />;
    case 'export':
      return <ExportDialog space={space} onClose={closeDialog} />;
    case 'leave':
      return <LeaveDialog space={space} onClose={closeDialog} />;
    case 'delete':
      return <DeleteDialog space={space} onClose={closeDialog} />;
    case 'archive':
      return <ArchiveDialog space={space} onClose={closeDialog} />;
    case 'retention':
      return <RetentionDialog space={space} onClose={closeDialog} />;
    case 'topic':
      return <TopicDialog space={space} onClose={closeDialog} />;
    case 'rename-topic':
      return <RenameTopicDialog space={space} topic={open.topic} onClose={closeDialog} />;
    case 'rename-page':
      return <RenamePageDialog space={space} page={open.page} onClose={closeDialog} />;
    case 'move-page':
      return <MovePageDialog space={space} page={open.page} onClose={closeDialog} />;
    case 'move':
      return (
        <MoveDialog space={space} place={open.place} message={open.message} onClose={closeDialog} />
      );
    case 'pick':
      return (
        <PickDialog
          key={open.field}
          space={open.space}
          issues={open.issues}
          field={open.field}
          onClose={closeDialog}
        />
      );
    case 'save-view':
      return <SaveViewDialog space={space} query={open.query} onClose={closeDialog} />;
    case 'import-issues':
      return <ImportDialog space={space} onClose={closeDialog} />;
    case 'prefix':
      return <PrefixDialog space={space} onClose={closeDialog} />;
    case 'remove-member':
      return <RemoveMemberDialog space={space} person={open.person} onClose={closeDialog} />;
  }
}
