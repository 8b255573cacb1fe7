//! `/problems`: what somebody has looked at goes off the list.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::extract::Path;
use super::{Shared, dto};
use crate::error::ApiError;

/// Takes a problem off the list.
#[utoipa::path(
    post, path = "/problems/{id}/dismiss", tag = "node",
    params(("id" = String, Path, description = "The problem's id.")),
    responses((status = 200, body = dto::Done))
)]
pub(super) async fn dismiss(State(api): Shared, Path(id): Path<String>) -> Result<Json<dto::Done>, ApiError> {
    match id.parse() {
        Ok(id) if api.node.problems().dismiss(id) => Ok(Json(dto::Done {})),
        _ => Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "problem-not-found",
            "No such problem",
            "There is no such problem on the list.",
            "`compeer status` shows the list.",
        )),
    }
}
