//! The description of this API, made from the handlers themselves.

use axum::Json;
use utoipa::OpenApi;

use super::{
    board_live, boards, content, events, files, guests, invitations, issues, jobs, mail, members, messages, page_live,
    pages, problems, profile, search, settings, signin, spaces, status, topics, transfers, upload,
};
use crate::error::ProblemDocument;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Compeer",
        description = "The API of one device's peer, on loopback. Errors are problem documents (RFC 9457).",
        license(name = "MIT OR Apache-2.0")
    ),
    servers((url = "/api/v1")),
    paths(
        status::get_status, problems::dismiss, profile::change, profile::picture, settings::get_settings,
        settings::change, settings::test, settings::attend, signin::new_link, signin::sign_out,
        spaces::list, spaces::create, spaces::direct, spaces::get_one, spaces::rename, spaces::end, spaces::leave,
        spaces::archive, spaces::restore, spaces::retention,
        members::list, members::set_level, members::remove,
        invitations::list, invitations::create, invitations::revoke, invitations::preview, invitations::join,
        guests::list, guests::invite,
        mail::get_server, mail::set_server, mail::forget, mail::test,
        messages::list, messages::send, messages::get_one, messages::change, messages::remove, messages::versions, messages::pinned,
        messages::holders, messages::say_again, messages::give_up,
        messages::typing,
        topics::list, topics::create, topics::get_one, topics::change, topics::move_messages, topics::attention,
        topics::mark_read, topics::mark_unread,
        issues::list, issues::mine, issues::create, issues::get_one, issues::change, issues::change_many, issues::activity,
        issues::descriptions, issues::setup, issues::set_prefix, issues::create_thing, issues::change_thing, issues::export,
        issues::import,
        boards::list, boards::create, boards::get_one, boards::change, boards::drawing, boards::draw, boards::comments, boards::comment,
        board_live::live,
        pages::list, pages::create, pages::get_one, pages::change, pages::state, pages::markdown, pages::history, pages::version,
        pages::comments, pages::comment, page_live::live,
        files::list, files::share_local, files::unlist, files::unlist_folder, upload::upload, content::content,
        transfers::list, transfers::fetch, transfers::fetch_folder, transfers::pause, transfers::resume, transfers::cancel,
        jobs::export, jobs::import, jobs::import_file, jobs::list, jobs::get_one, jobs::cancel,
        search::find, events::stream, serve
    ),
    components(schemas(ProblemDocument))
)]
struct Description;

/// The description as JSON text, the same each time for one version of the program.
#[must_use]
pub fn description() -> String {
    // Plain data with text keys always becomes JSON.
    Description::openapi().to_pretty_json().unwrap_or_default()
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "node", responses((status = 200, content_type = "application/json")))]
pub(super) async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}
