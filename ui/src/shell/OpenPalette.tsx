/** Collects everything the palette can find. */
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { directTalk } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import { useAllPages } from '~/api/pages';
import { useAllFiles, useAllMembers, useAllTopics, useSpaces } from '~/api/queries';
import { talkPath } from '~/api/talk';
import { useFew } from '~/api/search';
import type { Space } from '~/api/types';
import type { Command } from '~/features/palette/commands';
import { Palette } from '~/features/palette/Palette';
import { tellFailure } from '~/kit/toast';
import { theme } from '~/features/settings/preferences';
import { formatWhen } from '~/kit/format';
import { hrefOf, wordsOf } from '~/parts/Found';
import { newPage, titleOf } from '~/features/pages/act';
import { showDialog } from '~/parts/dialogs';
import { fileIcon } from '~/parts/FileBits';
import { splitPath } from '~/parts/words';

const none: Space[] = [];

export function OpenPalette({ current, onClose }: { current: string | null; onClose: () => void }) {
  const navigate = useNavigate();
  const spaces = useSpaces().data ?? none;
  const membersOf = useAllMembers();
  const filesOf = useAllFiles();
  const topicsOf = useAllTopics();
  const pagesOf = useAllPages();
  const commands = useMemo(() => {
    const list: Command[] = [];
    const people = new Set<string>();
    // The open space comes first: of two people or files of one name, its own is meant.
    const order = spaces.map((_, index) => index);
    order.sort(
      (a, b) => Number(spaces[b]?.space === current) - Number(spaces[a]?.space === current),
    );
    for (const space of spaces) {
      list.push({
        key: space.space,
        group: 'Spaces',
        label: space.name,
        icon: space.direct ? 'person' : 'chat',
        ...(space.unread > 0 ? { note: `${space.unread} unread` } : {}),
        run: () => void navigate({ to: '/s/$space/chat', params: { space: space.space } }),
      });
    }
    for (const index of order) {
      const space = spaces[index];
      if (space === undefined) continue;
      const params = { space: space.space };
      for (const topic of topicsOf[index] ?? []) {
        if (topic.title === null) continue;
        list.push({
          key: topic.id,
          group: 'Topics',
          label: topic.title,
          note: space.name,
          icon: 'hash',
          run: () => void navigate({ href: talkPath({ space: space.space, place: topic.id }) }),
        });
      }
      for (const page of pagesOf[index] ?? []) {
        if (page.archived) continue;
        list.push({
          key: page.id,
          group: 'Pages',
          label: titleOf(page),
          note: space.name,
          icon: 'page',
          run: () =>
            void navigate({ to: '/s/$space/page/$page', params: { ...params, page: page.id } }),
        });
      }
      for (const member of membersOf[index] ?? []) {
        if (member.me || people.has(member.person)) continue;
        people.add(member.person);
        list.push({
          key: `message-${member.person}`,
          group: 'Actions',
          label: `Message ${member.name}`,
          icon: 'chat',
          words: 'direct talk',
          run: () =>
            void directTalk([member.person]).then(
              (talk) => navigate({ to: '/s/$space/chat', params: { space: talk.space } }),
              (error: unknown) => tellFailure(sentenceOf(error)),
            ),
        });
        list.push({
          key: member.person,
          group: 'People',
          label: member.name,
          note: space.name,
          icon: 'person',
          run: () =>
            void navigate({
              to: '/s/$space/people',
              params,
              search: { detail: `person-${member.person}` },
            }),
        });
      }
      for (const file of filesOf[index] ?? []) {
        const { name, folder } = splitPath(file.name);
        list.push({
          key: file.id,
          group: 'Files',
          label: name,
          note: space.name,
          words: folder,
          icon: fileIcon(name, file.media),
          run: () =>
            void navigate({
              to: '/s/$space/files',
              params,
              search: { detail: `file-${file.id}` },
            }),
        });
      }
    }
    const here = spaces.find(({ space, state }) => space === current && state === 'active');
    const action = (
      label: string,
      icon: Command['icon'],
      run: () => void,
      more: Partial<Command> = {},
    ) => list.push({ key: label, group: 'Actions', label, icon, run, ...more });
    if (here) {
      const params = { space: here.space };
      const note = { note: here.name };
      action('Issues', 'issue', () => void navigate({ to: '/s/$space/issues', params }), {
        ...note,
        words: 'todo tasks list',
      });
      action(
        'Issues as a board',
        'columns',
        () => void navigate({ to: '/s/$space/issues', params, search: { view: 'board' } }),
        { ...note, words: 'kanban' },
      );
      action(
        'My issues',
        'issue',
        () => void navigate({ to: '/s/$space/issues', params, search: { filter: 'assignee=me' } }),
        note,
      );
      action('Files', 'folder', () => void navigate({ to: '/s/$space/files', params }), note);
      action('People', 'people', () => void navigate({ to: '/s/$space/people', params }), note);
      if (here.level !== 'read') {
        action('Start a topic', 'hash', () => showDialog({ kind: 'topic', space: here.space }), {
          ...note,
          words: 'new thread',
        });
        if (!here.direct) {
          action(
            'New page',
            'page',
            () =>
              void newPage(here.space, null).then((href) => {
                if (href !== null) void navigate({ href });
              }),
            { ...note, words: 'create write document note wiki' },
          );
        }
      }
      action('Export space', 'download', () => showDialog({ kind: 'export', space: here.space }), {
        ...note,
        words: 'folder backup markdown',
      });
      if (here.level === 'manage') {
        const { space } = here;
        action('Invite someone', 'invite', () => showDialog({ kind: 'invite', space }), note);
        action('Rename space', 'pen', () => showDialog({ kind: 'rename', space }), note);
      }
    }
    if (spaces.some(({ level, state }) => level !== 'read' && state === 'active')) {
      action('New issue', 'plus', () => showDialog({ kind: 'new-issue' }), {
        words: 'create task bug',
      });
    }
    action('Create a space', 'plus', () => showDialog({ kind: 'create' }), { words: 'new' });
    action('Import a space', 'upload', () => showDialog({ kind: 'import-space' }), {
      words: 'slack zulip archive',
    });
    action('Join with an invitation', 'invite', () => showDialog({ kind: 'join' }));
    action('Search everything', 'search', () => void navigate({ to: '/search' }), {
      words: 'find messages',
    });
    action('Network', 'network', () => void navigate({ to: '/network' }), {
      words: 'peers devices problems',
    });
    action('Settings', 'settings', () => void navigate({ to: '/settings' }), {
      words: 'profile name picture notifications',
    });
    action('Light theme', 'sun', () => theme.set('light'), { words: 'look bright' });
    action('Dark theme', 'moon', () => theme.set('dark'), { words: 'look night' });
    action('Theme of the system', 'screen', () => theme.set('system'), { words: 'look' });
    action('Keyboard shortcuts', 'keyboard', () => showDialog({ kind: 'shortcuts' }), {
      words: 'keys help',
    });
    return list;
  }, [navigate, current, spaces, membersOf, filesOf, topicsOf, pagesOf]);
  const [query, setQuery] = useState('');
  const asked = query.trim();
  // Everything else goes by its name already. In front, because the last word may be half a word.
  const { data } = useFew(asked === '' ? '' : `is:message ${asked}`, 6);
  const more = useMemo(() => {
    if (asked === '') return [];
    const now = Date.now();
    const found = (data?.results ?? []).map((message): Command => ({
      key: message.id,
      group: 'Messages',
      label: wordsOf(message.text.length > 0 ? message.text : message.title),
      parts: message.text.length > 0 ? message.text : message.title,
      note: [
        message.author_name ?? '',
        message.topic_title ?? message.space_name,
        formatWhen(message.time ?? 0, now),
      ].join(' · '),
      icon: 'chat',
      run: () => void navigate({ href: hrefOf(message) }),
    }));
    return [
      ...found,
      {
        key: 'search',
        group: 'Search' as const,
        label: `Search everything for “${asked}”`,
        icon: 'search' as const,
        run: () => void navigate({ to: '/search', search: { q: asked } }),
      },
    ];
  }, [asked, data, navigate]);
  return <Palette {...{ commands, query, more, onClose }} onQuery={setQuery} />;
}
