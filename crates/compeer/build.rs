//! Builds the web page's files into the program: a table of paths, media types, tags and packed bytes, as a Rust source.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::hash::Hasher;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Compeer</title>\
<p>The page was not built. Run <code>make ui</code>, then build the program again.</p></html>\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let page = package.join("../../ui/dist");
    println!("cargo::rerun-if-changed={}", page.display());
    println!("cargo::rerun-if-env-changed=COMPEER_UI_OPTIONAL");

    let mut files = Vec::new();
    if page.join("index.html").is_file() {
        collect(&page, &page, &mut files)?;
    } else {
        let optional = env::var_os("COMPEER_UI_OPTIONAL").is_some_and(|value| value == "1");
        if env::var("PROFILE")? == "release" && !optional {
            return Err("the page is not built: run `make ui` first (or set COMPEER_UI_OPTIONAL=1)".into());
        }
        println!("cargo::warning=the page is not built; run `make ui`");
        let placeholder = out.join("index.html");
        fs::write(&placeholder, NOT_BUILT)?;
        files.push(("/index.html".to_owned(), placeholder));
    }
    files.sort();
    fs::write(out.join("page.rs"), table(&files, &out)?)?;
    Ok(())
}

/// Every file below `folder`, with its path as the browser asks for it.
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for item in fs::read_dir(folder)? {
        let path = item?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            files.push((format!("/{}", parts.join("/")), fs::canonicalize(&path)?));
        }
    }
    Ok(())
}

/// The source of the table, sorted by path. It names copies: the page may be built anew while the program compiles.
fn table(files: &[(String, PathBuf)], out: &Path) -> io::Result<String> {
    let copies = out.join("page");
    fs::create_dir_all(&copies)?;
    let mut source = String::from("&[\n");
    for (index, (path, file)) in files.iter().enumerate() {
        println!("cargo::rerun-if-changed={}", file.display());
        let bytes = fs::read(file)?;
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes);
        let tag = format!("W/\"{:016x}\"", hasher.finish());
        let media = media_type(path);
        let copy = copies.join(index.to_string());
        let packed = pack(&bytes)?;
        // Pictures and fonts are packed already.
        let length = if packed.len() < bytes.len() / 10 * 9 {
            fs::write(&copy, packed)?;
            Some(bytes.len())
        } else {
            fs::write(&copy, bytes)?;
            None
        };
        let copy = copy.to_string_lossy();
        let _ = writeln!(
            source,
            "    PageFile {{ path: {path:?}, media: {media:?}, tag: {tag:?}, packed: {length:?}, bytes: include_bytes!({copy:?}) }},"
        );
    }
    source.push_str("]\n");
    Ok(source)
}

fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        // Browsers compile it while it loads only under this name.
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
