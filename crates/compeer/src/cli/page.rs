//! `compeer page`: what people write together, and Markdown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use axum::http::StatusCode;
use serde_json::json;

use super::Context;
use super::args::Page;
use super::client::Client;
use super::find::{find_page, find_space, short};
use super::output::{table, time};
use crate::api::dto;
use crate::error::ApiError;
use crate::files;
use crate::text::{quoted, shorten};

/// Bytes of a file that becomes a page.
const FILE_BYTES: u64 = 1 << 20;

pub(super) async fn run(context: &Context, verb: Page) -> Result<(), ApiError> {
    let client = context.client()?;
    match verb {
        Page::List { space } => {
            let space = find_space(&client, &space).await?;
            let pages = list(&client, &space).await?;
            context.out.either(&pages, || {
                let row = |(depth, page): (usize, &dto::Page)| {
                    let mark = if page.archived { "archived" } else { "" };
                    let changed = format!("{} by {}", time(page.changed_ms), page.changed_by.name);
                    vec![
                        format!("{}{}", "  ".repeat(depth), title(page)),
                        changed,
                        short(&page.id).to_owned(),
                        mark.into(),
                    ]
                };
                let rows: Vec<_> = as_they_stand(&pages).into_iter().map(row).collect();
                table(&["PAGE", "CHANGED", "ID", ""], &rows)
            })
        }
        Page::Show { space, page } => {
            let (space, page) = of(&client, &space, &page).await?;
            let markdown = markdown(&client, &space, &page.id).await?;
            context.out.either(&json!({ "page": page, "markdown": markdown }), || {
                let changed = format!("Changed {} by {}.", time(page.changed_ms), page.changed_by.name);
                format!("{}\n{changed}\n\n{markdown}", title(&page))
            })
        }
        Page::Create { space, title, file, under } => {
            let space = find_space(&client, &space).await?;
            let parent = under_id(&client, &space, under).await?;
            let markdown = file.as_deref().map(read).transpose()?;
            let page = create(&client, &space, dto::NewPage { title, parent, markdown }).await?;
            context.out.either(&json!({ "id": page.id }), || {
                format!("Created, as {}. It is on the page of the space.\n", short(&page.id))
            })
        }
        Page::Rename { space, page, title } => {
            let change = dto::PageChange { title: Some(title), ..dto::PageChange::default() };
            changed(context, &client, &space, &page, change, "Renamed.\n").await
        }
        Page::Move { space, page, under } => {
            let space = find_space(&client, &space).await?;
            let parent = under_id(&client, &space, under).await?;
            let change = dto::PageChange { parent: Some(parent), ..dto::PageChange::default() };
            changed(context, &client, &space, &page, change, "Moved.\n").await
        }
        Page::Archive { space, page } => {
            let change = dto::PageChange { archived: Some(true), ..dto::PageChange::default() };
            changed(context, &client, &space, &page, change, "Put away.\n").await
        }
        Page::Restore { space, page } => {
            let change = dto::PageChange { archived: Some(false), ..dto::PageChange::default() };
            changed(context, &client, &space, &page, change, "Taken back.\n").await
        }
        Page::History { space, page, at } => {
            let (space, page) = of(&client, &space, &page).await?;
            let path = format!("/spaces/{space}/pages/{}/history", page.id);
            let runs: Vec<dto::PageRun> = client.get(&path).await?;
            let Some(at) = at else {
                return context.out.either(&runs, || {
                    let row = |run: &dto::PageRun| {
                        vec![time(run.to_ms), run.name.clone(), run.updates.to_string(), short(&run.id).to_owned()]
                    };
                    table(&["UNTIL", "WHO", "UPDATES", "ID"], &runs.iter().map(row).collect::<Vec<_>>())
                });
            };
            let mut found = runs.iter().filter(|run| !at.is_empty() && run.id.starts_with(&at));
            let (Some(run), None) = (found.next(), found.next()) else { return Err(no_version(&space, &page.id, &at)) };
            let version: dto::PageVersion = client.get(&format!("{path}/{}", run.id)).await?;
            context.out.either(&version, || version.markdown.clone())
        }
        Page::Export { space, page } => {
            let (space, page) = of(&client, &space, &page).await?;
            let markdown = markdown(&client, &space, &page.id).await?;
            context.out.either(&json!({ "markdown": markdown }), || markdown.clone())
        }
        Page::Import { space, files, under } => {
            let space = find_space(&client, &space).await?;
            let parent = under_id(&client, &space, under).await?;
            // All are read before the first becomes a page.
            let texts = files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
            let mut made = Vec::new();
            for (file, markdown) in files.iter().zip(texts) {
                let title = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let new = dto::NewPage { title, parent: parent.clone(), markdown: Some(markdown) };
                made.push(create(&client, &space, new).await?.id);
            }
            context.out.either(&json!({ "made": made }), || format!("Pages made: {}.\n", made.len()))
        }
    }
}

fn title(page: &dto::Page) -> String {
    page.title.clone().unwrap_or_else(|| "(its title is not here yet)".into())
}

async fn list(client: &Client, space: &str) -> Result<Vec<dto::Page>, ApiError> {
    client.get(&format!("/spaces/{space}/pages")).await
}

async fn of(client: &Client, space: &str, page: &str) -> Result<(String, dto::Page), ApiError> {
    let space = find_space(client, space).await?;
    let page = find_page(client, &space, page).await?;
    let page = client.get(&format!("/spaces/{space}/pages/{page}")).await?;
    Ok((space, page))
}

async fn under_id(client: &Client, space: &str, under: Option<String>) -> Result<Option<String>, ApiError> {
    match under {
        Some(under) => find_page(client, space, &under).await.map(Some),
        None => Ok(None),
    }
}

async fn markdown(client: &Client, space: &str, page: &str) -> Result<String, ApiError> {
    let said: dto::PageMarkdown = client.get(&format!("/spaces/{space}/pages/{page}/markdown")).await?;
    Ok(said.markdown)
}

async fn create(client: &Client, space: &str, new: dto::NewPage) -> Result<dto::Page, ApiError> {
    client.post(&format!("/spaces/{space}/pages"), &new).await
}

async fn changed(
    context: &Context,
    client: &Client,
    space: &str,
    page: &str,
    change: dto::PageChange,
    words: &str,
) -> Result<(), ApiError> {
    let (space, page) = of(client, space, page).await?;
    let page: dto::Page = client.patch(&format!("/spaces/{space}/pages/{}", page.id), &change).await?;
    context.out.either(&page, || words.to_owned())
}

/// What stands in a file of Markdown.
fn read(path: &Path) -> Result<String, ApiError> {
    let no_text = || {
        ApiError::bad_request(
            format!("{} is no text that can become a page.", quoted(path)),
            "Files of Markdown in UTF-8, of at most 1 MiB, are taken in.",
        )
    };
    let bytes = files::read(path, FILE_BYTES).map_err(|error| match error {
        files::FileError::System(error) => ApiError::disk(path, &error),
        files::FileError::NotRegular | files::FileError::TooLarge(_) => no_text(),
    })?;
    String::from_utf8(bytes).map_err(|_| no_text())
}

fn no_version(space: &str, page: &str, at: &str) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "version-not-found",
        "No such version",
        format!("There is no version {} of this page, or several begin so.", shorten(at)),
        format!("`compeer page history {} {}` shows them.", short(space), short(page)),
    )
}

/// Pages with how deep they stand, each below the one it stands under.
fn as_they_stand(pages: &[dto::Page]) -> Vec<(usize, &dto::Page)> {
    let mut under: BTreeMap<Option<&str>, Vec<&dto::Page>> = BTreeMap::new();
    for page in pages {
        under.entry(page.parent.as_deref()).or_default().push(page);
    }
    let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
    let mut next: Vec<(usize, &dto::Page)> =
        under.get(&None).into_iter().flatten().rev().map(|page| (0, *page)).collect();
    while let Some((depth, page)) = next.pop() {
        if seen.insert(page.id.as_str()) {
            rows.push((depth, page));
            let below = under.get(&Some(page.id.as_str())).into_iter().flatten().rev();
            next.extend(below.map(|page| (depth + 1, *page)));
        }
    }
    rows
}
