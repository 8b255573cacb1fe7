/** What can be done with a talk: its name, whether it is resolved, and how much of it is news. */
import { useNavigate } from '@tanstack/react-router';
import { changeTopic, setAttention } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import { general } from '~/api/talk';
import type { Space, Topic } from '~/api/types';
import { IconButton } from '~/kit/Button';
import { Menu, MenuChoice, MenuItem, MenuLine } from '~/kit/Menu';
import { tellFailure, tellUndoable } from '~/kit/toast';
import { attentions } from '~/parts/attentions';
import { GuestItems, RoomItems } from '~/parts/Guests';
import { showDialog } from '~/parts/dialogs';

export function TopicMenu({ space, topic }: { space: Space; topic: Topic }) {
  const id = space.space;
  const failed = (error: unknown) => tellFailure(sentenceOf(error));
  const resolve = (resolved: boolean) => changeTopic(id, topic.id, { resolved });
  const toggle = () => {
    const words = topic.resolved ? 'Open again.' : 'Resolved.';
    const back = () => void resolve(topic.resolved).catch(failed);
    resolve(!topic.resolved).then(() => tellUndoable(words, null, back), failed);
  };
  const navigate = useNavigate();
  const own = topic.id !== general && space.level !== 'read';
  return (
    <Menu
      trigger={
        <IconButton
          icon="more"
          label={space.room ? 'More about this room' : 'More about this topic'}
        />
      }
    >
      {own && (
        <>
          <MenuItem
            icon="pen"
            onSelect={() => showDialog({ kind: 'rename-topic', space: id, topic: topic.id })}
          >
            Rename
          </MenuItem>
          <MenuItem icon="check" onSelect={toggle}>
            {topic.resolved ? 'Open again' : 'Resolve'}
          </MenuItem>
          <MenuLine />
          <GuestItems space={space} thing={topic.id} noun="topic" />
        </>
      )}
      <RoomItems space={space} go={(path) => void navigate({ to: path })} />
      {attentions.map(([attention, words]) => (
        <MenuChoice
          key={attention}
          chosen={topic.attention === attention}
          onSelect={() => void setAttention(id, topic.id, attention).catch(failed)}
        >
          {words}
        </MenuChoice>
      ))}
    </Menu>
  );
}
