//! The page that explains the folder to whoever opens it.

use super::text::plain;
use super::{ExportError, Folder, Reading};

pub(super) fn write(reading: &Reading, folder: &mut Folder) -> Result<(), ExportError> {
    let name = plain(&reading.source.name);
    let text = format!(
        "# {name}

This folder holds everything that was in the space \"{name}\" of Compeer. You need no program to read it.

- `messages/`: what was said, a folder for each topic and two files for each month: `.md` to read, `.json` for programs.
  `topics.json` says what the topics are.
- `comments/`: what was said about issues, boards and pages, in the same form.
- `issues.csv`: the issues as a table for spreadsheets. `issues.json`: the same with everything that was changed, by whom and
  when. `space.json` has the labels, projects, cycles and saved views.
- `boards/`: each drawing twice: `.excalidraw` opens in Excalidraw, `.svg` in every browser. `boards.json` says whose they are.
- `pages/`: what was written together, as Markdown, in the order of folders in which the pages stood. `pages.json` says whose they are.
- `files/`: the files. `files.json` lists all, also those that were on no computer in reach: they have no `path`.
- `people.json`: who is named in all of this.
- `record.jsonl`: every single act, in the form in which Compeer takes it in again.
- `manifest.json`: every file with its size and BLAKE3 hash, who was in the space, and who exported it when.
  `manifest.sig`: the signature of that computer over it.

Times are in UTC. What was deleted is gone; a mark says by whom.

Is it whole? `compeer export verify FOLDER` says so. Back into Compeer: `compeer import FOLDER`, or \"Import\" on the page.
"
    );
    folder.put("README.md", text.as_bytes())
}
