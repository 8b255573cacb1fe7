//! `/spaces/{space}/issues`: what is to be done. What is said at an issue is among the messages, with it as their place.

mod ask;
mod convert;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use compeer_core::{EntryHash, GroupId};
use compeer_spaces::ImportOptions;

use super::extract::{Id, JsonBody, Path, Query};
use super::{Shared, dto};
use crate::error::ApiError;
use ask::IssueQuery;

/// Bytes of a body with a table in it.
pub(super) const TABLE_LIMIT: usize = 8 * 1024 * 1024;

/// Issues that fit, in order.
#[utoipa::path(
    get, path = "/spaces/{space}/issues", tag = "issues",
    params(("space" = String, Path, description = "The space's id."), IssueQuery),
    responses((status = 200, body = dto::IssuePage))
)]
pub(super) async fn list(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    Query(query): Query<IssueQuery>,
) -> Result<Json<dto::IssuePage>, ApiError> {
    let filter = ask::filter(api.node.spaces(), space, query).await?;
    let (issues, total) = api.node.spaces().issues(space, filter).await?;
    Ok(Json(dto::IssuePage { issues: issues.into_iter().map(Into::into).collect(), total }))
}

/// Open issues that are mine, in all spaces on this device.
#[utoipa::path(get, path = "/issues/mine", tag = "issues", responses((status = 200, body = [dto::MyIssues])))]
pub(super) async fn mine(State(api): Shared) -> Result<Json<Vec<dto::MyIssues>>, ApiError> {
    let mut mine = Vec::new();
    for info in api.node.spaces().list().await? {
        let issues = api.node.spaces().my_issues(info.space).await?;
        if !issues.is_empty() {
            let issues = issues.into_iter().map(Into::into).collect();
            mine.push(dto::MyIssues { space: info.space.to_string(), name: info.name, issues });
        }
    }
    Ok(Json(mine))
}

/// Makes an issue. It needs a title.
#[utoipa::path(
    post, path = "/spaces/{space}/issues", tag = "issues",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::IssueChange,
    responses((status = 201, body = dto::IssueDetail))
)]
pub(super) async fn create(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::IssueChange>,
) -> Result<(StatusCode, Json<dto::IssueDetail>), ApiError> {
    if body.title.is_none() {
        return Err(no_title());
    }
    let fields = ask::fields(api.node.spaces(), space, body).await?;
    Ok((StatusCode::CREATED, Json(api.node.spaces().create_issue(space, fields).await?.into())))
}

/// One issue, by its id or key. A key that several have is a conflict that names them.
#[utoipa::path(
    get, path = "/spaces/{space}/issues/{issue}", tag = "issues",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("issue" = String, Path, description = "The issue's id or key.")
    ),
    responses((status = 200, body = dto::IssueDetail))
)]
pub(super) async fn get_one(
    State(api): Shared,
    Path((Id(space), issue)): Path<(Id<GroupId>, String)>,
) -> Result<Json<dto::IssueDetail>, ApiError> {
    let issue = api.node.spaces().find_issue(space, &issue).await?;
    Ok(Json(api.node.spaces().issue(space, issue).await?.into()))
}

/// Changes an issue.
#[utoipa::path(
    patch, path = "/spaces/{space}/issues/{issue}", tag = "issues",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("issue" = String, Path, description = "The issue's id or key.")
    ),
    request_body = dto::IssueChange,
    responses((status = 200, body = dto::IssueDetail))
)]
pub(super) async fn change(
    State(api): Shared,
    Path((Id(space), issue)): Path<(Id<GroupId>, String)>,
    JsonBody(body): JsonBody<dto::IssueChange>,
) -> Result<Json<dto::IssueDetail>, ApiError> {
    let issue = api.node.spaces().find_issue(space, &issue).await?;
    let fields = ask::fields(api.node.spaces(), space, body).await?;
    api.node.spaces().change_issues(space, vec![issue], fields).await?;
    Ok(Json(api.node.spaces().issue(space, issue).await?.into()))
}

/// Makes the same change of many issues, all of them or none.
#[utoipa::path(
    post, path = "/spaces/{space}/issues/change", tag = "issues",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::IssuesChange,
    responses((status = 200, body = dto::Issues))
)]
pub(super) async fn change_many(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::IssuesChange>,
) -> Result<Json<dto::Issues>, ApiError> {
    let mut issues = Vec::new();
    for issue in &body.issues {
        issues.push(api.node.spaces().find_issue(space, issue).await?);
    }
    let fields = ask::fields(api.node.spaces(), space, body.change).await?;
    let issues = api.node.spaces().change_issues(space, issues, fields).await?;
    Ok(Json(dto::Issues { issues: issues.into_iter().map(Into::into).collect() }))
}

/// What became of an issue, oldest first: the last 2,000 changes.
#[utoipa::path(
    get, path = "/spaces/{space}/issues/{issue}/activity", tag = "issues",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("issue" = String, Path, description = "The issue's id or key.")
    ),
    responses((status = 200, body = [dto::Activity]))
)]
pub(super) async fn activity(
    State(api): Shared,
    Path((Id(space), issue)): Path<(Id<GroupId>, String)>,
) -> Result<Json<Vec<dto::Activity>>, ApiError> {
    let issue = api.node.spaces().find_issue(space, &issue).await?;
    Ok(Json(api.node.spaces().issue_activity(space, issue).await?.into_iter().map(Into::into).collect()))
}

/// The texts that an issue's description has had, oldest first.
#[utoipa::path(
    get, path = "/spaces/{space}/issues/{issue}/descriptions", tag = "issues",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("issue" = String, Path, description = "The issue's id or key.")
    ),
    responses((status = 200, body = [dto::Description]))
)]
pub(super) async fn descriptions(
    State(api): Shared,
    Path((Id(space), issue)): Path<(Id<GroupId>, String)>,
) -> Result<Json<Vec<dto::Description>>, ApiError> {
    let issue = api.node.spaces().find_issue(space, &issue).await?;
    let texts = api.node.spaces().issue_descriptions(space, issue).await?.into_iter();
    let texts = texts.map(|(author_name, text)| dto::Description { text: text.text, time: text.time, author_name });
    Ok(Json(texts.collect()))
}

/// What the issues of a space are sorted into, and how their keys begin.
#[utoipa::path(
    get, path = "/spaces/{space}/issues/setup", tag = "issues",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = dto::IssueSetup))
)]
pub(super) async fn setup(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
) -> Result<Json<dto::IssueSetup>, ApiError> {
    Ok(Json(api.node.spaces().issue_setup(space).await?.into()))
}

/// Says how the keys of a space begin. Keys with what they began with before are still understood.
#[utoipa::path(
    patch, path = "/spaces/{space}/issues/setup", tag = "issues",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::KeyPrefix,
    responses((status = 200, body = dto::IssueSetup))
)]
pub(super) async fn set_prefix(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::KeyPrefix>,
) -> Result<Json<dto::IssueSetup>, ApiError> {
    api.node.spaces().set_key_prefix(space, body.prefix.trim().to_ascii_uppercase()).await?;
    Ok(Json(api.node.spaces().issue_setup(space).await?.into()))
}

/// Makes a label, project, cycle or saved view. A label that is there already is not made again.
#[utoipa::path(
    post, path = "/spaces/{space}/issues/things", tag = "issues",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::NewIssueThing,
    responses((status = 201, body = dto::IssueThing))
)]
pub(super) async fn create_thing(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::NewIssueThing>,
) -> Result<(StatusCode, Json<dto::IssueThing>), ApiError> {
    if body.fields.title.is_none() {
        return Err(no_title());
    }
    let fields = ask::thing_fields(api.node.spaces(), body.fields)?;
    let thing = api.node.spaces().create_thing(space, body.kind.into(), fields).await?;
    Ok((StatusCode::CREATED, Json(thing.into())))
}

/// Changes a label, project, cycle or saved view.
#[utoipa::path(
    patch, path = "/spaces/{space}/issues/things/{thing}", tag = "issues",
    params(
        ("space" = String, Path, description = "The space's id."),
        ("thing" = String, Path, description = "Its id.")
    ),
    request_body = dto::IssueThingChange,
    responses((status = 200, body = dto::IssueThing))
)]
pub(super) async fn change_thing(
    State(api): Shared,
    Path((Id(space), Id(thing))): Path<(Id<GroupId>, Id<EntryHash>)>,
    JsonBody(body): JsonBody<dto::IssueThingChange>,
) -> Result<Json<dto::IssueThing>, ApiError> {
    let fields = ask::thing_fields(api.node.spaces(), body)?;
    Ok(Json(api.node.spaces().change_thing(space, thing, fields).await?.into()))
}

/// All issues of a space as comma-separated values (RFC 4180). A cell that a spreadsheet would take for a formula has a `'`
/// before it, which importing takes away again.
#[utoipa::path(
    get, path = "/spaces/{space}/issues/export", tag = "issues",
    params(("space" = String, Path, description = "The space's id.")),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
pub(super) async fn export(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
) -> Result<([(HeaderName, &'static str); 2], String), ApiError> {
    let table = api.node.spaces().export_issues(space).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"issues.csv\""),
    ];
    Ok((headers, table))
}

/// Makes issues of a table as we, Linear, Jira or GitHub export them.
#[utoipa::path(
    post, path = "/spaces/{space}/issues/import", tag = "issues",
    params(("space" = String, Path, description = "The space's id.")),
    request_body = dto::IssueImport,
    responses((status = 200, body = dto::ImportReport))
)]
pub(super) async fn import(
    State(api): Shared,
    Path(Id(space)): Path<Id<GroupId>>,
    JsonBody(body): JsonBody<dto::IssueImport>,
) -> Result<Json<dto::ImportReport>, ApiError> {
    let options = ImportOptions { look: body.look, skip: body.skip };
    Ok(Json(api.node.spaces().import_issues(space, &body.table, options).await?.into()))
}

fn no_title() -> ApiError {
    ApiError::bad_request("It needs a title.", "Give it one of at most 200 characters.")
}
