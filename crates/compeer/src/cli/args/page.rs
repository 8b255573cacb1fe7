//! What can be typed about pages.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Page {
    /// List the pages of a space as they stand under each other.
    List {
        /// The space's name or id.
        space: String,
    },
    /// Show a page: what it is called, who changed it last, and what it says.
    Show {
        /// The space's name or id.
        space: String,
        /// The page's title or id.
        page: String,
    },
    /// Make a page.
    Create {
        /// The space's name or id.
        space: String,
        /// What it is called.
        title: String,
        /// A file of Markdown: what it shall say.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// The page it shall stand under, by title or id; the top when left out.
        #[arg(long, value_name = "PAGE")]
        under: Option<String>,
    },
    /// Call a page something else.
    Rename {
        /// The space's name or id.
        space: String,
        /// The page's title or id.
        page: String,
        /// What it is called from now on.
        title: String,
    },
    /// Put a page under another one, or at the top, as the last one there.
    Move {
        /// The space's name or id.
        space: String,
        /// The page's title or id.
        page: String,
        /// The page it shall stand under, by title or id; the top when left out.
        #[arg(long, value_name = "PAGE")]
        under: Option<String>,
    },
    /// Put a page away. It can be taken back.
    Archive {
        /// The space's name or id.
        space: String,
        /// The page's title or id.
        page: String,
    },
    /// Take a page back that was put away.
    Restore {
        /// The space's name or id.
        space: String,
        /// The page's title or id.
        page: String,
    },
    /// List who wrote on a page when, or print what it said then.
    History {
        /// The space's name or id.
        space: String,
        /// The page's title or id.
        page: String,
        /// A stretch of the list, by its id or how that begins: prints what the page said at its end.
        #[arg(long, value_name = "ID")]
        at: Option<String>,
    },
    /// Print what a page says, as Markdown.
    Export {
        /// The space's name or id.
        space: String,
        /// The page's title or id.
        page: String,
    },
    /// Make a page of each file of Markdown, called as the file is.
    Import {
        /// The space's name or id.
        space: String,
        /// Files of Markdown.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The page they shall stand under, by title or id; the top when left out.
        #[arg(long, value_name = "PAGE")]
        under: Option<String>,
    },
}
