//! Issues, from what spaces hand out to what travels.

use compeer_core::GroupId;
use compeer_spaces::{
    Activity, Day, ImportReport, IssueDetail, IssueInfo, IssueRef, IssueSetup, Kind, Priority, Status, ThingInfo,
};

use super::dto;
use crate::error::words::sentence;

impl From<Status> for dto::IssueStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Triage => Self::Triage,
            Status::Backlog => Self::Backlog,
            Status::Todo => Self::Todo,
            Status::Doing => Self::Doing,
            Status::Review => Self::Review,
            Status::Done => Self::Done,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

impl From<dto::IssueStatus> for Status {
    fn from(status: dto::IssueStatus) -> Self {
        match status {
            dto::IssueStatus::Triage => Self::Triage,
            dto::IssueStatus::Backlog => Self::Backlog,
            dto::IssueStatus::Todo => Self::Todo,
            dto::IssueStatus::Doing => Self::Doing,
            dto::IssueStatus::Review => Self::Review,
            dto::IssueStatus::Done => Self::Done,
            dto::IssueStatus::Cancelled => Self::Cancelled,
        }
    }
}

impl From<Priority> for dto::IssuePriority {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::Urgent => Self::Urgent,
            Priority::High => Self::High,
            Priority::Medium => Self::Medium,
            Priority::Low => Self::Low,
            Priority::None => Self::None,
        }
    }
}

impl From<dto::IssuePriority> for Priority {
    fn from(priority: dto::IssuePriority) -> Self {
        match priority {
            dto::IssuePriority::Urgent => Self::Urgent,
            dto::IssuePriority::High => Self::High,
            dto::IssuePriority::Medium => Self::Medium,
            dto::IssuePriority::Low => Self::Low,
            dto::IssuePriority::None => Self::None,
        }
    }
}

impl From<dto::IssueThingKind> for Kind {
    fn from(kind: dto::IssueThingKind) -> Self {
        match kind {
            dto::IssueThingKind::Label => Self::Label,
            dto::IssueThingKind::Project => Self::Project,
            dto::IssueThingKind::Cycle => Self::Cycle,
            dto::IssueThingKind::View => Self::SavedView,
        }
    }
}

fn person((person, name): (GroupId, String)) -> dto::IssuePerson {
    dto::IssuePerson { person: person.to_string(), name }
}

fn day(day: Option<Day>) -> Option<String> {
    day.map(|day| day.to_string())
}

impl From<IssueInfo> for dto::Issue {
    fn from(info: IssueInfo) -> Self {
        Self {
            id: info.id.to_string(),
            key: info.key,
            title: info.title,
            status: info.status.into(),
            priority: info.priority.into(),
            assignee: info.assignee.map(person),
            estimate: info.estimate,
            due: day(info.due),
            parent: info.parent.map(|id| id.to_string()),
            labels: info.labels.iter().map(ToString::to_string).collect(),
            project: info.project.map(|id| id.to_string()),
            cycle: info.cycle.map(|id| id.to_string()),
            blocked: info.blocked,
            parts: info.parts,
            parts_over: info.parts_over,
            comments: info.comments,
            unread: info.unread,
            mentions: info.mentions,
            created: info.created,
            updated: info.updated,
            author: person(info.author),
            archived: info.archived,
        }
    }
}

impl From<IssueRef> for dto::IssueRef {
    fn from(other: IssueRef) -> Self {
        Self { id: other.id.to_string(), key: other.key, title: other.title, status: other.status.into() }
    }
}

impl From<IssueDetail> for dto::IssueDetail {
    fn from(detail: IssueDetail) -> Self {
        let refs = |all: Vec<IssueRef>| all.into_iter().map(Into::into).collect();
        Self {
            issue: detail.issue.into(),
            description: detail.description,
            above: refs(detail.above),
            parts: refs(detail.parts),
            blocks: refs(detail.blocks),
            blocked_by: refs(detail.blocked_by),
            first_unread: detail.first_unread.map(|id| id.to_string()),
        }
    }
}

impl From<Activity> for dto::Activity {
    fn from(one: Activity) -> Self {
        Self {
            time: one.time,
            person: person(one.person),
            field: one.field.map(str::to_owned),
            from: one.from,
            to: one.to,
        }
    }
}

impl From<ThingInfo> for dto::IssueThing {
    fn from(thing: ThingInfo) -> Self {
        Self {
            id: thing.id.to_string(),
            title: thing.title,
            hue: thing.hue,
            start: day(thing.start),
            due: day(thing.due),
            lead: thing.lead.map(person),
            description: thing.description,
            query: thing.query,
            archived: thing.archived,
            issues: thing.issues,
            over: thing.over,
        }
    }
}

impl From<IssueSetup> for dto::IssueSetup {
    fn from(setup: IssueSetup) -> Self {
        let things = |all: Vec<ThingInfo>| all.into_iter().map(Into::into).collect();
        Self {
            prefix: setup.prefix,
            labels: things(setup.labels),
            projects: things(setup.projects),
            cycles: things(setup.cycles),
            views: things(setup.views),
        }
    }
}

impl From<ImportReport> for dto::ImportReport {
    fn from(report: ImportReport) -> Self {
        fn remarks<E: std::error::Error>(all: Vec<(usize, E)>) -> Vec<dto::ImportRemark> {
            all.into_iter().map(|(line, what)| dto::ImportRemark { line: line as u64, text: sentence(&what) }).collect()
        }
        Self {
            rows: report.rows as u64,
            good: report.good as u64,
            made: report.made.iter().map(ToString::to_string).collect(),
            new: report.new,
            errors: remarks(report.errors),
            notes: remarks(report.notes),
            ignored: report.ignored,
        }
    }
}
