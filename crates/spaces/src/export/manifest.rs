//! What a folder consists of, signed by the device that wrote it; and whether it still does.
//!
//! `manifest.json` names every other file with its size and its BLAKE3 hash, and says of what space, when and by whom it was
//! written. `manifest.sig` holds that device's Ed25519 signature over the bytes of `manifest.json` in the domain
//! `compeer export`. It shows that nothing was changed since; who the device belongs to is that device's word.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use compeer_core::id::{from_base32, to_base32};
use compeer_core::key::Signature;
use compeer_core::{DeviceId, DeviceKey};
use serde::{Deserialize, Serialize};

use super::{ExportError, Folder};

/// What it is.
const FORMAT: &str = "compeer export";
/// The version of the folder's form.
const VERSION: u32 = 1;
/// Where it stands.
pub(crate) const FILE: &str = "manifest.json";
const SIGNATURE: &str = "manifest.sig";
/// Bytes of a manifest that is read: a million files.
const BYTES: u64 = 256 * 1024 * 1024;
/// Domain of the signature.
const DOMAIN: &str = "compeer export";

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Relative, with `/` between its parts.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Its hash, in hexadecimal.
    pub blake3: String,
}

/// A member of the space when it was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What they may do.
    pub level: String,
    /// Since when, in milliseconds since 1970.
    pub since: u64,
}

/// What is said of an export as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The id of the space.
    pub space: String,
    /// What it is called.
    pub name: String,
    /// When it was exported, in milliseconds since 1970.
    pub exported: u64,
    /// The name of who exported it.
    pub by: String,
    /// On which device, which signs.
    pub device: String,
    /// Who was in it.
    pub members: Vec<Member>,
}

/// Everything that is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: String,
    version: u32,
    /// Of what, when and by whom.
    #[serde(flatten)]
    pub head: Head,
    /// Every file but the manifest and its signature, by path.
    pub files: Vec<Written>,
}

#[derive(Serialize, Deserialize)]
struct Signed {
    device: String,
    signature: String,
}

/// Why a folder is not what was exported.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// There is none that can be read.
    #[error("{FILE} is not the manifest of an export")]
    NoManifest,
    /// It was made by a later program.
    #[error("it was exported by a newer version")]
    Newer,
    /// The manifest is not the one that was signed.
    #[error("{SIGNATURE} is not the signature of {FILE}")]
    Signature,
    /// A path that leads elsewhere.
    #[error("{FILE} names {0:?}, which is no file of an export")]
    Path(String),
    /// A file is not there, or is a link.
    #[error("{0} is not there")]
    Missing(String),
    /// A file was changed.
    #[error("{0} is not as it was exported")]
    Changed(String),
    /// A file that nobody exported.
    #[error("{0} was not exported")]
    Added(String),
    /// The disk.
    #[error("{} could not be read", path.display())]
    Disk {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody stopped it.
    #[error(transparent)]
    Stopped(#[from] crate::progress::Stopped),
}

/// An export that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it says.
    pub manifest: Manifest,
    /// The device that signed it.
    pub device: DeviceId,
    /// Bytes of all its files.
    pub bytes: u64,
}

pub(super) fn write(folder: &mut Folder, head: Head, key: &DeviceKey) -> Result<Manifest, ExportError> {
    let mut files = std::mem::take(&mut folder.written);
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let manifest = Manifest { format: FORMAT.into(), version: VERSION, head, files };
    let disk = |error: serde_json::Error| ExportError::Disk { path: FILE.into(), source: error.into() };
    let mut bytes = serde_json::to_vec_pretty(&manifest).map_err(disk)?;
    bytes.push(b'\n');
    folder.put(FILE, &bytes)?;
    let signature = to_base32(key.sign(DOMAIN, &bytes).as_bytes());
    folder.put_json(SIGNATURE, &Signed { device: key.id().to_string(), signature })?;
    Ok(manifest)
}

/// Whether a folder is exactly what was exported. Blocks.
pub fn verify(folder: &Path) -> Result<Verified, ManifestError> {
    verify_with(folder, &crate::progress::Progress::default())
}

pub(crate) fn verify_with(folder: &Path, progress: &crate::progress::Progress) -> Result<Verified, ManifestError> {
    let bytes = small(folder, FILE, BYTES).map_err(|_| ManifestError::NoManifest)?;
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|_| ManifestError::NoManifest)?;
    if manifest.format != FORMAT {
        return Err(ManifestError::NoManifest);
    }
    if manifest.version > VERSION {
        return Err(ManifestError::Newer);
    }
    let device = signer(folder, &bytes).filter(|device| device.to_string() == manifest.head.device);
    let device = device.ok_or(ManifestError::Signature)?;
    let mut total = 0;
    for file in &manifest.files {
        check_file(folder, file, progress)?;
        total += file.size;
    }
    let mut known: std::collections::HashSet<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    known.extend([FILE, SIGNATURE]);
    check_nothing_more(folder, "", &known)?;
    Ok(Verified { manifest, device, bytes: total })
}

fn signer(folder: &Path, manifest: &[u8]) -> Option<DeviceId> {
    let signed: Signed = serde_json::from_slice(&small(folder, SIGNATURE, 4096).ok()?).ok()?;
    let device: DeviceId = signed.device.parse().ok()?;
    let signature = Signature::from_bytes(from_base32(&signed.signature)?.try_into().ok()?);
    device.verify(DOMAIN, manifest, &signature).then_some(device)
}

/// A small file, whole.
fn small(folder: &Path, name: &str, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(folder.join(name))?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(io::Error::other("too large")) } else { Ok(bytes) }
}

fn check_file(folder: &Path, file: &Written, progress: &crate::progress::Progress) -> Result<(), ManifestError> {
    let path =
        compeer_blobs::safe_path::join(folder, &file.path).map_err(|_| ManifestError::Path(file.path.clone()))?;
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => ManifestError::Missing(file.path.clone()),
        _ => ManifestError::Disk { path: path.clone(), source },
    };
    let meta = fs::symlink_metadata(&path).map_err(failed)?;
    if !meta.is_file() {
        return Err(ManifestError::Missing(file.path.clone()));
    }
    if meta.len() != file.size {
        return Err(ManifestError::Changed(file.path.clone()));
    }
    let (mut reader, mut hasher) = (File::open(&path).map_err(failed)?, blake3::Hasher::new());
    let mut buffer = vec![0; 256 * 1024];
    loop {
        progress.check()?;
        match reader.read(&mut buffer).map_err(failed)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        };
    }
    if hasher.finalize().to_hex().as_str() == file.blake3 {
        Ok(())
    } else {
        Err(ManifestError::Changed(file.path.clone()))
    }
}

fn check_nothing_more(
    folder: &Path,
    below: &str,
    known: &std::collections::HashSet<&str>,
) -> Result<(), ManifestError> {
    let at = folder.join(below);
    let failed = |source| ManifestError::Disk { path: at.clone(), source };
    for entry in fs::read_dir(&at).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type().map_err(failed)?.is_dir() {
            // Only folders that lead to known files are looked into, so the depth is that of the manifest.
            let inside = format!("{path}/");
            if !known.iter().any(|file| file.starts_with(&inside)) {
                return Err(ManifestError::Added(path));
            }
            check_nothing_more(folder, &path, known)?;
        } else if !known.contains(path.as_str()) {
            return Err(ManifestError::Added(path));
        }
    }
    Ok(())
}
