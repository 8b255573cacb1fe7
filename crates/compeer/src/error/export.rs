//! Words for exports and imports that came to nothing.

use axum::http::StatusCode;
use compeer_spaces::{ExportError, ImportError, ManifestError};

use super::ApiError;
use super::words::sentence;

impl From<&ExportError> for ApiError {
    fn from(error: &ExportError) -> Self {
        let detail = sentence(error);
        let told = |status, code, title, hint: &'static str| Self::new(status, code, title, detail.clone(), hint);
        match error {
            ExportError::Exists(_) => told(
                StatusCode::CONFLICT,
                "export-exists",
                "Something lies there",
                "Name a folder that is not there yet; it is made.",
            ),
            ExportError::NoPlace(_) => {
                told(StatusCode::BAD_REQUEST, "export-no-place", "No place for a folder", "Name the folder itself.")
            }
            ExportError::Disk { path, source } => Self::disk(path, source),
            ExportError::Stopped(_) => {
                told(StatusCode::CONFLICT, "cancelled", "Cancelled", "Begin again when you like.")
            }
            ExportError::Changed => told(
                StatusCode::CONFLICT,
                "export-changed",
                "It changed meanwhile",
                "Somebody was removed while it was written. Begin again.",
            ),
            ExportError::View(_) | ExportError::Journal(_) | ExportError::Key(_) => Self::internal(detail),
            ExportError::Blobs(_) => told(
                StatusCode::CONFLICT,
                "file-not-here",
                "A file changed meanwhile",
                "Begin again once no other program writes to the files of the space.",
            ),
        }
    }
}

impl From<&ManifestError> for ApiError {
    fn from(error: &ManifestError) -> Self {
        let detail = sentence(error);
        let told = |code, title, hint: &'static str| Self::new(StatusCode::CONFLICT, code, title, detail.clone(), hint);
        match error {
            ManifestError::NoManifest => told("not-an-export", "Not an export", "Name a folder that Compeer wrote."),
            ManifestError::Newer => {
                told("export-newer", "From a newer version", "Install the newest version of Compeer.")
            }
            ManifestError::Signature
            | ManifestError::Path(_)
            | ManifestError::Missing(_)
            | ManifestError::Changed(_)
            | ManifestError::Added(_) => told(
                "export-damaged",
                "Not as it was exported",
                "Put that file back as it was, or have the space exported again.",
            ),
            ManifestError::Disk { path, source } => Self::unreadable(path, source),
            ManifestError::Stopped(_) => told("cancelled", "Cancelled", "Begin again when you like."),
        }
    }
}

impl From<&ImportError> for ApiError {
    fn from(error: &ImportError) -> Self {
        let detail = sentence(error);
        let told = |code, title, hint: &'static str| Self::new(StatusCode::CONFLICT, code, title, detail.clone(), hint);
        match error {
            ImportError::Unknown(_) => told(
                "not-an-export",
                "Not an export",
                "Name the folder or ZIP file as the program wrote it. Archives of other kinds are unpacked first.",
            ),
            ImportError::Manifest(error) => error.into(),
            ImportError::Line { .. } | ImportError::Json { .. } => told(
                "import-unreadable",
                "A file cannot be read",
                "The archive may be damaged, or newer than this program. Nothing was imported.",
            ),
            ImportError::TooLarge { .. } => {
                told("import-too-large", "Too large", "Export less at once, such as fewer months or channels.")
            }
            ImportError::Zip { .. } => told(
                "bad-zip",
                "The ZIP file cannot be unpacked",
                "Unpack it with another program and import the folder.",
            ),
            ImportError::Future { .. } => told(
                "import-from-the-future",
                "A clock is wrong",
                "Check the clock of this computer. If it is right, try again later.",
            ),
            ImportError::NoStream(_) => {
                told("no-such-stream", "No such stream", "Name a stream as it is called there.")
            }
            ImportError::Disk { path, source } => Self::unreadable(path, source),
            ImportError::Stopped(_) => told("cancelled", "Cancelled", "Begin again when you like."),
            ImportError::Act(_) => Self::internal(detail),
        }
    }
}

impl ApiError {
    /// A file that somebody named cannot be used.
    fn unreadable(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "unreadable",
            "A file cannot be used",
            format!("{} cannot be used: {error}.", path.display()),
            "Check that it is there, that you may read it, and that the disk has room.",
        )
    }
}
