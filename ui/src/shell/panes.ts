/** All panes but the talk, which is what the page begins with: they come in one piece, right after it. */
export { BoardPane } from '~/features/boards/BoardPane';
export { BoardsPane } from '~/features/boards/BoardsPane';
export { FilesPane } from '~/features/files/FilesPane';
export { FirstRun } from '~/features/first-run/FirstRun';
export { Welcome } from '~/features/first-run/Welcome';
export { IssuePane } from '~/features/issues/IssuePane';
export { IssuesPane } from '~/features/issues/IssuesPane';
export { NetworkPane } from '~/features/network/NetworkPane';
export { PagePane } from '~/features/pages/PagePane';
export { PeoplePane } from '~/features/people/PeoplePane';
export { SearchPane } from '~/features/search/SearchPane';
export { SettingsPane } from '~/features/settings/SettingsPane';
export { DetailPanel } from './Detail';
export { Dialogs } from './Dialogs';
