//! Issues from a table: what we export, and what Linear, Jira and GitHub do.
//!
//! The whole table is looked at before anything is made. A row that cannot be an issue stops all of it, unless those rows shall
//! be left out; a cell that cannot be understood is left empty and told.

use std::collections::{BTreeMap, HashMap, HashSet};

use compeer_core::group::Member;
use compeer_core::{EntryHash, GroupId};

use super::super::Spaces;
use super::csv::{CsvError, read, read_list};
use super::things::THINGS;
use crate::error::ActError;
use crate::model::{Day, FIELDS_PER_OP, Field, HIGHEST_ESTIMATE, Kind, Op, OpError, Priority, Status};
use crate::view::View;

/// Rows that a table may have.
const ROWS: usize = 5000;
/// Problems and notes that are told.
const TOLD: usize = 500;
/// Labels that an issue may come with: the other fields need room in the operation, too.
const LABELS: usize = FIELDS_PER_OP - 12;

/// What a column can be, with the names it goes by: ours first, then those of others, in lower case.
const COLUMNS: [(Column, &[&str]); 13] = [
    (Column::Key, &["key", "id", "issue key", "identifier", "number", "issue number", "#"]),
    (Column::Title, &["title", "summary", "name", "subject"]),
    (Column::Status, &["status", "state"]),
    (Column::Priority, &["priority"]),
    (Column::Assignee, &["assignee", "assignees", "assigned to", "owner"]),
    (Column::Estimate, &["estimate", "story points", "points", "custom field (story points)", "story point estimate"]),
    (Column::Due, &["due", "due date", "duedate", "due on"]),
    (Column::Labels, &["labels", "label", "tags"]),
    (Column::Project, &["project", "project name"]),
    (Column::Cycle, &["cycle", "cycle name", "sprint", "milestone", "iteration"]),
    (Column::Parent, &["parent", "parent issue", "parent key", "epic link"]),
    (Column::Blocks, &["blocks", "outward issue link (blocks)"]),
    (Column::Description, &["description", "body"]),
];
const ARCHIVED: &str = "archived";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Column {
    Key,
    Title,
    Status,
    Priority,
    Assignee,
    Estimate,
    Due,
    Labels,
    Project,
    Cycle,
    Parent,
    Blocks,
    Description,
    Archived,
}

impl Column {
    fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase();
        if name == ARCHIVED {
            return Some(Self::Archived);
        }
        COLUMNS.into_iter().find(|(_, names)| names.contains(&name.as_str())).map(|(column, _)| column)
    }
}

/// Why a table, or a row of it, is no issue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Not a table.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// No column with titles.
    #[error("there is no column named Title or Summary")]
    NoTitles,
    /// No title in this row.
    #[error("there is no title")]
    NoTitle,
    /// A field that cannot be.
    #[error(transparent)]
    Content(#[from] OpError),
}

/// Something in a row that was left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowNote {
    /// A cell with something that is not known.
    #[error("“{value}” in {column} is not understood, and is left out")]
    Unknown {
        /// Of which column.
        column: &'static str,
        /// What it says.
        value: String,
    },
    /// Nobody in the space, or more than one, is called that.
    #[error("nobody here, or more than one, is called “{0}”, so it is nobody's")]
    Person(String),
    /// More labels than can be set at once.
    #[error("only the first {0} labels are taken")]
    Labels(usize),
}

/// What became of a table, or would.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportReport {
    /// Rows with something in them.
    pub rows: usize,
    /// Issues that were made; none while only looking, or when there are errors.
    pub made: Vec<EntryHash>,
    /// Issues that can be made.
    pub good: usize,
    /// Labels, projects and cycles that are new, by title.
    pub new: Vec<String>,
    /// What is wrong, by line of the table. Of very many, the first.
    pub errors: Vec<(usize, RowError)>,
    /// What is left out, by line.
    pub notes: Vec<(usize, RowNote)>,
    /// Columns that are not read.
    pub ignored: Vec<String>,
}

/// How a table is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportOptions {
    /// Only look.
    pub look: bool,
    /// Leave out rows with errors instead of making nothing.
    pub skip: bool,
}

/// One row, as far as it says something by itself.
#[derive(Default)]
struct Row {
    key: String,
    fields: Vec<Field>,
    labels: Vec<String>,
    project: Option<String>,
    cycle: Option<String>,
    parent: Option<String>,
    blocks: Vec<String>,
}

impl Spaces {
    /// Makes issues of a table.
    pub async fn import_issues(
        &self,
        space: GroupId,
        table: &str,
        options: ImportOptions,
    ) -> Result<ImportReport, ActError> {
        self.person_id()?;
        let rules = self.rules_to_make(&space)?;
        self.catch_up(space).await;
        let names = self.inner.view.with(move |view| view.people(&space)).await?;
        let members = names.into_iter().filter(|(person, _)| rules.members().contains_key(&Member::Group(*person)));
        let members: Vec<_> = members.map(|(person, (name, _))| (person, name.to_lowercase())).collect();
        let mut report = ImportReport::default();
        let rows = match read(table, ROWS + 1) {
            Ok(rows) => plan(rows, &members, &mut report),
            Err(error) => {
                report.errors.push((1, error.into()));
                return Ok(report);
            }
        };
        report.good = rows.len();
        let things = self.wanted_things(space, &rows, &mut report).await?;
        if options.look || rows.is_empty() || !(report.errors.is_empty() || options.skip) {
            return Ok(report);
        }
        let things = self.make_things(space, things).await?;
        report.made = self.make_rows(space, &rows, &things).await?;
        Ok(report)
    }

    /// The labels, projects and cycles that rows name, and which of them are here.
    async fn wanted_things(
        &self,
        space: GroupId,
        rows: &[Row],
        report: &mut ImportReport,
    ) -> Result<Vec<(Kind, String, Option<EntryHash>)>, ActError> {
        let here = move |view: &View| {
            let mut here = HashMap::new();
            for kind in [Kind::Label, Kind::Project, Kind::Cycle] {
                for row in view.things(&space, kind, THINGS)? {
                    here.entry((kind, row.title.to_lowercase())).or_insert(row.hash);
                }
            }
            Ok(here)
        };
        let here = self.inner.view.with(here).await?;
        let (mut seen, mut wanted) = (HashSet::new(), Vec::new());
        for row in rows {
            let labels = row.labels.iter().map(|label| (Kind::Label, label));
            let project = row.project.iter().map(|project| (Kind::Project, project));
            let cycle = row.cycle.iter().map(|cycle| (Kind::Cycle, cycle));
            for (kind, title) in labels.chain(project).chain(cycle) {
                let key = (kind, title.to_lowercase());
                if seen.insert(key.clone()) {
                    let found = here.get(&key).copied();
                    if found.is_none() {
                        report.new.push(title.clone());
                    }
                    wanted.push((kind, title.clone(), found));
                }
            }
        }
        Ok(wanted)
    }

    async fn make_things(
        &self,
        space: GroupId,
        wanted: Vec<(Kind, String, Option<EntryHash>)>,
    ) -> Result<HashMap<(Kind, String), EntryHash>, ActError> {
        let new: Vec<_> = wanted.iter().filter(|(.., found)| found.is_none()).collect();
        let make = |(kind, title, _): &&(Kind, String, Option<EntryHash>)| {
            Op::Make { kind: *kind, fields: vec![Field::Title { text: title.clone() }] }.encode()
        };
        let ops = new.iter().map(make).collect::<Result<Vec<_>, _>>()?;
        let made = if ops.is_empty() { Vec::new() } else { self.inner.journal.append_all(space, ops).await? };
        let mut made = made.into_iter().map(|made| made.hash);
        let named = |(kind, title, found): (Kind, String, Option<EntryHash>)| {
            Some(((kind, title.to_lowercase()), found.or_else(|| made.next())?))
        };
        Ok(wanted.into_iter().filter_map(named).collect())
    }

    async fn make_rows(
        &self,
        space: GroupId,
        rows: &[Row],
        things: &HashMap<(Kind, String), EntryHash>,
    ) -> Result<Vec<EntryHash>, ActError> {
        let thing = |kind, title: &String| things.get(&(kind, title.to_lowercase())).copied();
        let fields = |row: &Row| {
            let labels: std::collections::BTreeSet<_> =
                row.labels.iter().filter_map(|label| thing(Kind::Label, label)).collect();
            let mut fields = row.fields.clone();
            fields.extend(labels.into_iter().map(|label| Field::Label { label, on: true }));
            let project = row.project.as_ref().and_then(|title| thing(Kind::Project, title));
            fields.extend(project.map(|project| Field::Project { project: Some(project) }));
            let cycle = row.cycle.as_ref().and_then(|title| thing(Kind::Cycle, title));
            fields.extend(cycle.map(|cycle| Field::Cycle { cycle: Some(cycle) }));
            fields
        };
        let made = self.number_and_make(space, rows.iter().map(fields).collect()).await?;
        let by_key: BTreeMap<&str, EntryHash> =
            rows.iter().zip(&made).filter(|(row, _)| !row.key.is_empty()).map(|(row, id)| (&*row.key, *id)).collect();
        let found = |key: &String| by_key.get(key.as_str()).copied();
        let mut ops = Vec::new();
        for (row, object) in rows.iter().zip(&made) {
            let parent = row.parent.as_ref().and_then(found).filter(|parent| parent != object);
            let parent = parent.map(|issue| Field::Parent { issue: Some(issue) });
            let blocks = row.blocks.iter().filter_map(found).filter(|other| other != object);
            let blocks = blocks.take(FIELDS_PER_OP - 1).map(|issue| Field::Blocks { issue, on: true });
            let fields: Vec<Field> = parent.into_iter().chain(blocks).collect();
            if !fields.is_empty() {
                ops.push(Op::Set { object: *object, fields }.encode()?);
            }
        }
        if !ops.is_empty() {
            self.inner.journal.append_all(space, ops).await?;
            self.catch_up(space).await;
        }
        Ok(made)
    }
}

/// What the rows say; what is wrong with them goes to the report.
fn plan(rows: Vec<(usize, Vec<String>)>, members: &[(GroupId, String)], report: &mut ImportReport) -> Vec<Row> {
    let mut rows = rows.into_iter();
    let Some((_, head)) = rows.next() else {
        report.errors.push((1, RowError::NoTitles));
        return Vec::new();
    };
    let columns: Vec<Option<Column>> = head.iter().map(|name| Column::named(name)).collect();
    let ignored = head.iter().zip(&columns).filter(|(name, column)| column.is_none() && !name.trim().is_empty());
    report.ignored = ignored.map(|(name, _)| name.trim().chars().take(80).collect()).take(TOLD).collect();
    if !columns.contains(&Some(Column::Title)) {
        report.errors.push((1, RowError::NoTitles));
        return Vec::new();
    }
    let mut good = Vec::new();
    for (line, cells) in rows {
        report.rows += 1;
        let mut notes = Vec::new();
        match row(&columns, cells, members, &mut notes) {
            Ok(row) => good.push(row),
            Err(error) if report.errors.len() < TOLD => report.errors.push((line, error)),
            Err(_) => {}
        }
        let room = TOLD - report.notes.len().min(TOLD);
        report.notes.extend(notes.into_iter().take(room).map(|note| (line, note)));
    }
    good
}

fn row(
    columns: &[Option<Column>],
    cells: Vec<String>,
    members: &[(GroupId, String)],
    notes: &mut Vec<RowNote>,
) -> Result<Row, RowError> {
    let mut row = Row::default();
    let mut title = None;
    for (column, cell) in columns.iter().zip(cells) {
        let (Some(column), false) = (column, cell.trim().is_empty()) else { continue };
        let trimmed = cell.trim().to_owned();
        let mut unknown = |column, value: &str| {
            notes.push(RowNote::Unknown { column, value: value.chars().take(80).collect() });
        };
        match column {
            Column::Key => row.key = trimmed,
            // A second column of titles says nothing new.
            Column::Title if title.is_some() => {}
            Column::Title => title = Some(trimmed.split_whitespace().collect::<Vec<_>>().join(" ")),
            Column::Description => row.fields.push(Field::Description { text: cell.replace("\r\n", "\n") }),
            Column::Status => match status(&trimmed) {
                Some(status) => row.fields.push(Field::Status { status }),
                None => unknown("Status", &trimmed),
            },
            Column::Priority => match priority(&trimmed) {
                Some(priority) => row.fields.push(Field::Priority { priority }),
                None => unknown("Priority", &trimmed),
            },
            Column::Assignee => match person(&trimmed, members) {
                Some(person) => row.fields.push(Field::Assignee { person: Some(person) }),
                None => notes.push(RowNote::Person(trimmed.chars().take(80).collect())),
            },
            Column::Estimate => match estimate(&trimmed) {
                Some(points) => row.fields.push(Field::Estimate { points: Some(points) }),
                None => unknown("Estimate", &trimmed),
            },
            Column::Due => match day(&trimmed) {
                Some(day) => row.fields.push(Field::Due { day: Some(day) }),
                None => unknown("Due", &trimmed),
            },
            Column::Labels => {
                let labels = read_list(&cell).into_iter().map(|label| label.trim().to_owned());
                row.labels.extend(
                    labels.filter(|label| !label.is_empty() && !row.labels.contains(label)).collect::<Vec<_>>(),
                );
            }
            Column::Project => row.project = Some(trimmed),
            Column::Cycle => row.cycle = Some(trimmed),
            Column::Parent => row.parent = Some(trimmed),
            Column::Blocks => row.blocks.extend(read_list(&cell).into_iter().map(|key| key.trim().to_owned())),
            Column::Archived => {
                let on = !["no", "false", "0"].contains(&trimmed.to_lowercase().as_str());
                row.fields.push(Field::Archived { on });
            }
        }
    }
    if row.labels.len() > LABELS {
        row.labels.truncate(LABELS);
        notes.push(RowNote::Labels(LABELS));
    }
    row.fields.insert(0, Field::Title { text: title.ok_or(RowError::NoTitle)? });
    let titles = row.labels.iter().chain(&row.project).chain(&row.cycle);
    let titles = titles.map(|title| Field::Title { text: title.clone() });
    for field in row.fields.iter().cloned().chain(titles) {
        Op::Set { object: EntryHash::from_bytes([0; 32]), fields: vec![field] }.encode()?;
    }
    Ok(row)
}

fn status(word: &str) -> Option<Status> {
    let word = word.to_lowercase();
    Status::named(&word).or(match word.as_str() {
        "to do" | "open" | "unstarted" | "selected for development" | "ready" | "reopened" => Some(Status::Todo),
        "in progress" | "started" | "in development" | "active" => Some(Status::Doing),
        "in review" | "code review" | "ready for review" | "testing" => Some(Status::Review),
        "closed" | "resolved" | "complete" | "completed" | "merged" => Some(Status::Done),
        "canceled" | "duplicate" | "won't do" | "won't fix" | "wontfix" | "not planned" | "not_planned" => {
            Some(Status::Cancelled)
        }
        "icebox" => Some(Status::Backlog),
        "new" => Some(Status::Triage),
        _ => None,
    })
}

fn priority(word: &str) -> Option<Priority> {
    let word = word.to_lowercase();
    Priority::named(&word).or(match word.as_str() {
        "highest" | "critical" | "blocker" | "p0" | "1" => Some(Priority::Urgent),
        "major" | "p1" | "2" => Some(Priority::High),
        "normal" | "p2" | "3" => Some(Priority::Medium),
        "minor" | "lowest" | "trivial" | "p3" | "4" => Some(Priority::Low),
        "no priority" | "0" => Some(Priority::None),
        _ => None,
    })
}

/// Points; half ones are rounded.
fn estimate(text: &str) -> Option<u16> {
    let points: f64 = text.replace(',', ".").parse().ok()?;
    let points = points.round();
    // In range, so whole and exact.
    (0.0..=f64::from(HIGHEST_ESTIMATE)).contains(&points).then_some(points as u16)
}

/// A day as ISO 8601 has it, with or without a time; or as Jira has it, `27/Nov/26 9:00 AM`.
fn day(text: &str) -> Option<Day> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    if let Some(day) = text.get(..10).and_then(Day::parse) {
        let rest = &text[10..];
        return (rest.is_empty() || rest.starts_with(['T', ' '])).then_some(day);
    }
    let mut parts = text.split_whitespace().next()?.split('/');
    let (day, month, year) = (parts.next()?, parts.next()?.to_lowercase(), parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let (day, year): (u32, u32) = (day.parse().ok()?, year.parse().ok()?);
    let year = if year < 100 { 2000 + year } else { year };
    Day::parse(&format!("{year:04}-{month:02}-{day:02}"))
}

/// The only member of that name, or of that first name.
fn person(name: &str, members: &[(GroupId, String)]) -> Option<GroupId> {
    let name = name.to_lowercase();
    let only = |fits: &dyn Fn(&str) -> bool| {
        let mut all = members.iter().filter(|(_, member)| fits(member));
        all.next().filter(|_| all.next().is_none()).map(|(person, _)| *person)
    };
    let has_name = members.iter().any(|(_, member)| *member == name);
    if has_name {
        only(&|member| member == name)
    } else {
        only(&|member| member.split_whitespace().next() == Some(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: GroupId = GroupId::from_bytes([1; 32]);

    fn planned(table: &str) -> (Vec<Row>, ImportReport) {
        let mut report = ImportReport::default();
        let members = [
            (ANN, "ann ahlers".to_owned()),
            (GroupId::from_bytes([2; 32]), "bo".into()),
            (GroupId::from_bytes([3; 32]), "bo".into()),
        ];
        let rows = plan(read(table, ROWS + 1).expect("a table"), &members, &mut report);
        (rows, report)
    }

    #[test]
    fn tables_of_others_are_understood() {
        let linear = "ID,Team,Title,Description,Status,Estimate,Priority,Assignee,Labels,Cycle Name,Due Date,Parent issue\n\
                      ENG-1,Eng,Crane creaks,Oil it,In Progress,3,Urgent,Ann,\"Bug, Crane\",Week 3,2026-11-27T00:00:00.000Z,ENG-2\n";
        let jira = "Summary,Issue key,Status,Priority,Assignee,Due date,Labels,Labels,Sprint,Custom field (Story Points)\n\
                    Crane creaks,ENG-1,In Progress,Highest,Ann Ahlers,27/Nov/26 12:00 AM,Bug,Crane,Week 3,3.0\n";
        for table in [linear, jira] {
            let (rows, report) = planned(table);
            assert_eq!((report.errors, report.notes), (vec![], vec![]), "{table}");
            let row = &rows[0];
            for field in [
                Field::Title { text: "Crane creaks".into() },
                Field::Status { status: Status::Doing },
                Field::Priority { priority: Priority::Urgent },
                Field::Assignee { person: Some(ANN) },
                Field::Estimate { points: Some(3) },
                Field::Due { day: Day::parse("2026-11-27") },
            ] {
                assert!(row.fields.contains(&field), "{field:?} of {table}");
            }
            assert_eq!(
                (row.labels.as_slice(), row.cycle.as_deref()),
                (&["Bug".into(), "Crane".into()][..], Some("Week 3"))
            );
            assert_eq!(row.key, "ENG-1");
        }
        assert_eq!(planned(linear).1.ignored, ["Team"]);
        let github = "number\ttitle\tstate\tlabels\tmilestone\tbody\n7\tCrane creaks\tclosed\tbug\tv1\t\"a\n\nb\"\n";
        let (rows, _) = planned(github);
        assert!(rows[0].fields.contains(&Field::Status { status: Status::Done }));
        assert!(rows[0].fields.contains(&Field::Description { text: "a\n\nb".into() }));
    }

    #[test]
    fn what_is_wrong_is_told_by_line() {
        let table = "Title,Status,Assignee,Due,Estimate,Priority\n\
                     ,todo,,,,\n\
                     fine,doing,,,,\n\
                     odd,perhaps,Bo,31.12.2026,lots,very\n\
                     \"two\n\nlines\",,,,,\n";
        let (rows, report) = planned(&format!("{table}{},,,,,\n", "x".repeat(201)));
        assert_eq!((report.rows, rows.len()), (5, 3));
        let lines: Vec<_> = report.errors.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 8]);
        assert_eq!(report.errors[0].1, RowError::NoTitle);
        let notes: Vec<_> = report.notes.iter().map(|(line, note)| (*line, note.to_string())).collect();
        assert!(notes.len() == 5 && notes.iter().all(|(line, _)| *line == 4), "{notes:?}");
        assert!(rows[2].fields.contains(&Field::Title { text: "two lines".into() }));
        assert_eq!(planned("What,Who\na,b\n").1.errors, [(1, RowError::NoTitles)]);
        assert_eq!(planned("").1.errors, [(1, RowError::NoTitles)]);
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for name in super::super::export::COLUMNS {
            let made_by_itself = ["Created", "Updated", "Author"].contains(&name);
            assert_eq!(Column::named(name).is_none(), made_by_itself, "{name}");
        }
    }
}
