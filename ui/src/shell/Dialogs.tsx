/** Draws whichever dialog is open. */
import { useSpaces } from '~/api/queries';
import { useStore } from '~/api/store';
import { CreateDialog } from '~/features/spaces/CreateDialog';
import { MoveDialog } from '~/features/chat/MoveDialog';
import { RenameTopicDialog, TopicDialog } from '~/features/chat/TopicDialogs';
import { InviteDialog } from '~/features/spaces/InviteDialog';
import { JoinDialog } from '~/features/spaces/JoinDialog';
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
    case 'join':
      // A second dropped invitation is another dialog, not the first one's text.
      return (
        <JoinDialog key={open.invite ?? ''} invite={open.invite ?? ''} onClose={closeDialog} />
      );
    case 'palette':
      return <OpenPalette current={current} onClose={closeDialog} />;
    case 'shortcuts':
      return <ShortcutSheet onClose={closeDialog} />;
  }
  const space = spaces.find((item) => item.space === open.space);
  if (space === undefined) return null;
  switch (open.kind) {
    case 'invite':
      return <InviteDialog space={space} onClose={closeDialog} />;
    case 'rename':
      return <RenameDialog space={space} onClose={closeDialog} />;
    case 'leave':
      return <LeaveDialog space={space} onClose={closeDialog} />;
    case 'delete':
      return <DeleteDialog space={space} onClose={closeDialog} />;
    case 'topic':
      return <TopicDialog space={space} onClose={closeDialog} />;
    case 'rename-topic':
      return <RenameTopicDialog space={space} topic={open.topic} onClose={closeDialog} />;
    case 'move':
      return (
        <MoveDialog space={space} place={open.place} message={open.message} onClose={closeDialog} />
      );
    case 'remove-member':
      return <RemoveMemberDialog space={space} person={open.person} onClose={closeDialog} />;
  }
}
