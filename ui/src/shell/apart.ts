/** What the page fetches after its first view, in one piece: everything but the frame and the talk. */
import { later } from '~/kit/later';

const panes = () => import('./panes');

export const BoardPane = later(async () => (await panes()).BoardPane);
export const BoardsPane = later(async () => (await panes()).BoardsPane);
export const FilesPane = later(async () => (await panes()).FilesPane);
export const FirstRun = later(async () => (await panes()).FirstRun);
export const IssuePane = later(async () => (await panes()).IssuePane);
export const IssuesPane = later(async () => (await panes()).IssuesPane);
export const NetworkPane = later(async () => (await panes()).NetworkPane);
export const PagePane = later(async () => (await panes()).PagePane);
export const PeoplePane = later(async () => (await panes()).PeoplePane);
export const SearchPane = later(async () => (await panes()).SearchPane);
export const SettingsPane = later(async () => (await panes()).SettingsPane);
export const Welcome = later(async () => (await panes()).Welcome);
export const DetailPanel = later(async () => (await panes()).DetailPanel, { fallback: null });
export const Dialogs = later(async () => (await panes()).Dialogs, { fallback: null });
