//! The home folder: everything this device knows, its key included, in one place that only its owner may enter.
//!
//! ```text
//! home/            0700
//!   device.key     0600  the seed of the device's key, 52 characters of base32
//!   identity.json  0600  the names of this person and device, and the person's group
//!   settings.json  0600  what was chosen for this device: notifications, quiet hours, what others are told
//!   mail.json      0600  the mail server that invitations are sent through, its password included
//!   mailed.json    0600  to whom invitations were sent
//!   api-token      0600  what scripts show to the API
//!   sessions.json  0600  browsers that are signed in (hashes only)
//!   api.json       0600  where the API listens, while a peer runs
//!   lock           0600  held by the one peer that runs on this home
//!   relay.key      0600  the key of `compeer relay`
//!   relay-devices.json   the devices that `compeer relay` has let in, and when
//!   journal/ blobs/ spaces/ files/
//! ```
//!
//! [`HomePath`] says where things lie and can be had by anybody; [`Home`] holds the lock and is the one that writes.
//! Nothing outside this crate reads the environment or a settings file.

mod disk;
mod error;
mod identity;
mod mail;
mod settings;

use std::fs::{self, File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use compeer_core::id::{from_base32, to_base32};
use compeer_core::key::{KeyError, random_bytes};
use compeer_core::{DeviceId, DeviceKey, Wall};
use compeer_journal::JournalConfig;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use error::HomeError;
pub use identity::{Identity, default_device_name};
pub use mail::{MailServer, Mailed, Security};
pub use settings::Settings;

/// The environment variable that names the home folder.
pub const HOME_VARIABLE: &str = "COMPEER_HOME";

/// Bytes of the largest settings file that is read.
const MAX_SETTINGS_BYTES: u64 = 1024 * 1024;

/// Whether a folder is the home of a peer or a relay, this one or another.
#[must_use]
pub fn is_home(folder: &Path) -> bool {
    let path = HomePath(folder.to_owned());
    path.device_key().exists() || path.relay_key().exists()
}

/// Where a running peer's API listens: what `api.json` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningApi {
    /// The API's socket address.
    pub address: SocketAddr,
    /// The process that runs the peer.
    pub pid: u32,
    /// The device it runs.
    pub device: String,
}

impl RunningApi {
    /// The address as a browser takes it, without a closing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Where a home lies and what lies where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomePath(PathBuf);

impl HomePath {
    /// The folder named by the user, or else the platform's place for a program's data.
    pub fn resolve(named: Option<PathBuf>) -> Result<Self, HomeError> {
        let folder = match named {
            Some(folder) => folder,
            None => platform_folder().ok_or(HomeError::NoDefault)?,
        };
        std::path::absolute(&folder).map(Self).map_err(|source| HomeError::Read { path: folder, source })
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The device's secret seed.
    #[must_use]
    pub fn device_key(&self) -> PathBuf {
        self.0.join("device.key")
    }

    /// The relay's secret.
    #[must_use]
    pub fn relay_key(&self) -> PathBuf {
        self.0.join("relay.key")
    }

    /// The devices that the relay has let in.
    #[must_use]
    pub fn relay_devices(&self) -> PathBuf {
        self.0.join("relay-devices.json")
    }

    /// Names, and the person's group.
    #[must_use]
    pub fn identity(&self) -> PathBuf {
        self.0.join("identity.json")
    }

    /// What was chosen for this device.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.0.join("settings.json")
    }

    /// The mail server, its password included.
    #[must_use]
    pub fn mail(&self) -> PathBuf {
        self.0.join("mail.json")
    }

    /// To whom invitations were sent.
    #[must_use]
    pub fn mailed(&self) -> PathBuf {
        self.0.join("mailed.json")
    }

    /// The API's token for scripts.
    #[must_use]
    pub fn api_token(&self) -> PathBuf {
        self.0.join("api-token")
    }

    /// Hashes of the sessions of signed-in browsers.
    #[must_use]
    pub fn sessions(&self) -> PathBuf {
        self.0.join("sessions.json")
    }

    /// Where a running peer's API listens.
    #[must_use]
    pub fn running_api(&self) -> PathBuf {
        self.0.join("api.json")
    }

    /// Where other devices were last reached.
    #[must_use]
    pub fn addresses(&self) -> PathBuf {
        self.0.join("addresses.json")
    }

    /// The journal's folder.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    /// The folder of the blob store's records.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    /// The folder of the spaces' views.
    #[must_use]
    pub fn spaces(&self) -> PathBuf {
        self.0.join("spaces")
    }

    /// Files that were dropped on the page or fetched without a place of their own.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.0.join("files")
    }

    /// Spaces that were exported from the page.
    #[must_use]
    pub fn exports(&self) -> PathBuf {
        self.0.join("exports")
    }

    fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// What `identity.json` holds; `None` before the first run.
    pub fn read_identity(&self) -> Result<Option<Identity>, HomeError> {
        let path = self.identity();
        let Some(text) = disk::read_text(&path, MAX_SETTINGS_BYTES)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|source| HomeError::Damaged { path, source })
    }

    /// What `settings.json` holds; as usual where there is none.
    pub fn read_settings(&self) -> Result<Settings, HomeError> {
        let path = self.settings();
        let Some(text) = disk::read_text(&path, MAX_SETTINGS_BYTES)? else { return Ok(Settings::default()) };
        serde_json::from_str(&text).map_err(|source| HomeError::Damaged { path, source })
    }

    /// The mail server; `None` where none is set. Its file holds a password, so one that others can read is refused.
    pub fn read_mail(&self) -> Result<Option<MailServer>, HomeError> {
        let path = self.mail();
        let Some(text) = disk::read_secret(&path, MAX_SETTINGS_BYTES)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|source| HomeError::Damaged { path, source })
    }

    /// To whom invitations were sent.
    pub fn read_mailed(&self) -> Result<Vec<Mailed>, HomeError> {
        let path = self.mailed();
        let Some(text) = disk::read_text(&path, MAX_SETTINGS_BYTES)? else { return Ok(Vec::new()) };
        serde_json::from_str(&text).map_err(|source| HomeError::Damaged { path, source })
    }

    /// Where a peer runs on this home, if it left a note and did not end since. The note alone proves nothing: the
    /// one who reads it finds out by connecting.
    pub fn read_running_api(&self) -> Result<Option<RunningApi>, HomeError> {
        let path = self.running_api();
        let Some(text) = disk::read_text(&path, MAX_SETTINGS_BYTES)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|source| HomeError::Damaged { path, source })
    }

    /// The token for the API; `None` where no peer has ever run.
    pub fn read_api_token(&self) -> Result<Option<Zeroizing<String>>, HomeError> {
        let text = disk::read_secret(&self.api_token(), MAX_SETTINGS_BYTES)?;
        Ok(text.map(|text| Zeroizing::new(text.trim().to_owned())))
    }

    /// The device that this home belongs to; `None` before the first run.
    pub fn read_device(&self) -> Result<Option<DeviceId>, HomeError> {
        Ok(self.read_device_key()?.map(|key| key.id()))
    }

    /// The device's key; `None` before the first run. A home cannot get another one later: all that it holds is bound to
    /// the first.
    fn read_device_key(&self) -> Result<Option<DeviceKey>, HomeError> {
        let path = self.device_key();
        match read_key(&path)? {
            None if self.was_used()? => Err(HomeError::KeyLost { path }),
            key => Ok(key),
        }
    }

    /// Whether a peer has run here, or somebody was introduced: then there is a key, and a journal.
    pub fn was_used(&self) -> Result<bool, HomeError> {
        let is_there = |path: PathBuf| path.try_exists().map_err(|source| HomeError::Read { path, source });
        Ok(is_there(self.identity())? || is_there(self.api_token())?)
    }

    /// The secret that `compeer relay` runs under, as text; `make` makes it on first use. Takes no lock, so a relay and a
    /// peer can share a home.
    pub fn relay_secret(
        &self,
        make: impl FnOnce() -> Result<String, KeyError>,
    ) -> Result<Zeroizing<String>, HomeError> {
        self.prepare()?;
        let path = self.relay_key();
        if let Some(text) = disk::read_secret(&path, MAX_SETTINGS_BYTES)? {
            return Ok(Zeroizing::new(text.trim().to_owned()));
        }
        let text = Zeroizing::new(make()?);
        disk::write_private(&path, text.as_bytes())?;
        Ok(text)
    }

    /// Another secret for the relay, not written yet. The home is seen to be fit for it.
    pub fn new_relay_secret(
        &self,
        make: impl FnOnce() -> Result<String, KeyError>,
    ) -> Result<Zeroizing<String>, HomeError> {
        self.prepare()?;
        Ok(Zeroizing::new(make()?))
    }

    /// Replaces the relay's secret.
    pub fn write_relay_secret(&self, text: &str) -> Result<(), HomeError> {
        disk::write_private(&self.relay_key(), text.as_bytes())
    }

    /// Makes the folder, or sees to it that the one that is there is ours and private.
    fn prepare(&self) -> Result<(), HomeError> {
        let folder = self.folder();
        match fs::metadata(folder) {
            Ok(meta) if !meta.is_dir() => Err(HomeError::NotAFolder { path: folder.to_owned() }),
            Ok(_) if !belongs_to_compeer(self)? => Err(HomeError::Foreign { path: folder.to_owned() }),
            Ok(_) => disk::keep_private(folder),
            Err(error) if error.kind() == io::ErrorKind::NotFound => disk::create_private_folder(folder),
            Err(source) => Err(HomeError::Read { path: folder.to_owned(), source }),
        }
    }

    /// Whether a peer holds this home right now.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        File::open(self.lock()).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

/// A home that this process holds: no second peer can run on it.
#[derive(Debug)]
pub struct Home {
    path: HomePath,
    // Released by the system when the file closes, so also after a crash.
    _lock: File,
}

impl Home {
    /// Enters the folder, making it when there is none, and takes its lock.
    ///
    /// The folder's mode becomes 0700. A folder with other people's files in it is refused rather than changed.
    pub fn enter(path: HomePath) -> Result<Self, HomeError> {
        path.prepare()?;
        path.read_device_key()?;
        let lock = disk::open_private(&path.lock())?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                let pid = path.read_running_api().ok().flatten().map(|running| running.pid);
                Err(HomeError::InUse { path: path.0, pid })
            }
            Err(TryLockError::Error(source)) => Err(HomeError::Write { path: path.lock(), source }),
        }
    }

    /// Where things lie.
    #[must_use]
    pub fn path(&self) -> &HomePath {
        &self.path
    }

    /// The device's key, made on first use.
    pub fn device_key(&self) -> Result<DeviceKey, HomeError> {
        if let Some(key) = self.path.read_device_key()? {
            return Ok(key);
        }
        let key = DeviceKey::generate()?;
        disk::write_private(&self.path.device_key(), Zeroizing::new(to_base32(&*key.seed())).as_bytes())?;
        Ok(key)
    }

    /// How the journal is opened. Where a peer has run there is one: a new one in its place could write what the device
    /// has written before in another way, and others would take nothing more from it.
    pub fn journal(&self, wall: Wall) -> Result<JournalConfig, HomeError> {
        let exists = self.path.was_used()?;
        Ok(JournalConfig { exists, ..JournalConfig::new(self.path.journal(), self.device_key()?, wall) })
    }

    /// Makes a private folder of the home, if it is not there.
    pub fn make_folder(&self, folder: &Path) -> Result<(), HomeError> {
        if folder.is_dir() { Ok(()) } else { disk::create_private_folder(folder) }
    }

    /// The API's token for scripts, made on first use: 32 random bytes in base32.
    pub fn api_token(&self) -> Result<Zeroizing<String>, HomeError> {
        if let Some(token) = self.path.read_api_token()?.filter(|token| token.len() == 52) {
            return Ok(token);
        }
        let token = Zeroizing::new(to_base32(&*Zeroizing::new(random_bytes::<32>()?)));
        disk::write_private(&self.path.api_token(), token.as_bytes())?;
        Ok(token)
    }

    /// Writes the names and the person's group.
    pub fn write_identity(&self, identity: &Identity) -> Result<(), HomeError> {
        self.write_json(&self.path.identity(), identity)
    }

    /// Writes what was chosen for this device.
    pub fn write_settings(&self, settings: &Settings) -> Result<(), HomeError> {
        self.write_json(&self.path.settings(), settings)
    }

    /// Writes the mail server, or forgets it.
    pub fn write_mail(&self, server: Option<&MailServer>) -> Result<(), HomeError> {
        let path = self.path.mail();
        match server {
            Some(server) => self.write_json(&path, server),
            None => match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => Err(HomeError::Write { path, source }),
                _ => Ok(()),
            },
        }
    }

    /// Writes to whom invitations were sent.
    pub fn write_mailed(&self, mailed: &[Mailed]) -> Result<(), HomeError> {
        self.write_json(&self.path.mailed(), &mailed)
    }

    /// Leaves the note that says where the API listens.
    pub fn write_running_api(&self, running: &RunningApi) -> Result<(), HomeError> {
        self.write_json(&self.path.running_api(), running)
    }

    /// Takes the note away again; one that is gone already is fine.
    pub fn remove_running_api(&self) {
        if let Err(error) = fs::remove_file(self.path.running_api())
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the note of where the API listens could not be removed");
        }
    }

    fn write_json<T: Serialize>(&self, path: &Path, value: &T) -> Result<(), HomeError> {
        let mut text =
            serde_json::to_vec_pretty(value).map_err(|source| HomeError::Damaged { path: path.to_owned(), source })?;
        text.push(b'\n');
        disk::write_private(path, &text)
    }
}

pub(crate) use disk::{read_text, write_private};

/// What the first start makes in an empty folder before there is a key, also when it was cut off.
const BEGINNINGS: [&str; 2] = ["lock", "device.key.new"];

/// Whether the folder is empty but for such beginnings, or holds a device's or relay's key, or a peer has run there.
fn belongs_to_compeer(path: &HomePath) -> Result<bool, HomeError> {
    if path.device_key().exists() || path.relay_key().exists() || path.was_used()? {
        return Ok(true);
    }
    let failed = |source| HomeError::Read { path: path.0.clone(), source };
    for item in fs::read_dir(&path.0).map_err(failed)? {
        let name = item.map_err(failed)?.file_name();
        if !BEGINNINGS.iter().any(|beginning| name == *beginning) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn read_key(path: &Path) -> Result<Option<DeviceKey>, HomeError> {
    let Some(text) = disk::read_secret(path, MAX_SETTINGS_BYTES)? else { return Ok(None) };
    parse_key(&text).map(Some).ok_or_else(|| HomeError::BadKey { path: path.to_owned() })
}

fn parse_key(text: &str) -> Option<DeviceKey> {
    let bytes = from_base32(text.trim()).map(Zeroizing::new)?;
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(bytes.as_slice().try_into().ok()?);
    Some(DeviceKey::from_seed(*seed))
}

/// The platform's folder for a program's data, with `compeer` in it.
fn platform_folder() -> Option<PathBuf> {
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let base = if cfg!(target_os = "macos") {
        home?.join("Library/Application Support")
    } else if cfg!(windows) {
        PathBuf::from(std::env::var_os("LOCALAPPDATA")?)
    } else {
        // XDG base directory specification: a relative path is to be ignored.
        let named = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        named.or_else(|| home.map(|home| home.join(".local/share")))?
    };
    Some(base.join("compeer"))
}

#[cfg(test)]
mod tests;
