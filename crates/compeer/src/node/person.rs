//! Who uses this device: the first introduction, and changes of name and picture.

use compeer_core::GroupId;
use compeer_core::group::{GroupKind, Member};
use compeer_journal::{Journal, WriteError};
use compeer_spaces::model::{NameError, PICTURE_BYTES, check_name, picture_type};
use compeer_spaces::{ActError, Me, Profile};
use std::sync::PoisonError;

use super::Node;
use crate::home::{Home, HomeError, Identity, default_device_name};

/// What somebody says about themselves. What is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Introduction {
    /// The person's name. Needed the first time.
    pub name: Option<String>,
    /// The device's name; the computer's own name when there is none.
    pub device_name: Option<String>,
    /// The picture; `Some(None)` takes it away.
    pub picture: Option<Option<Vec<u8>>>,
}

/// Why an introduction was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IntroduceError {
    /// The first time needs a name.
    #[error("nobody has introduced themselves here yet, and there is no name")]
    NameNeeded,
    /// A name that cannot be.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A picture that is none, or too large.
    #[error("a picture is a PNG, JPEG or WebP of at most 64 KiB")]
    Picture,
    /// The person's group could not be founded.
    #[error(transparent)]
    Journal(#[from] WriteError),
    /// The spaces could not be told.
    #[error(transparent)]
    Spaces(#[from] ActError),
    /// It could not be written down.
    #[error(transparent)]
    Home(#[from] HomeError),
}

impl Introduction {
    /// Whether it will do as somebody's first, before anything is made for it.
    pub fn check(&self) -> Result<(), IntroduceError> {
        self.clone().apply(None).map(|_| ())
    }

    /// The identity after this introduction, but for the person's group. Blanks around names go.
    fn apply(self, known: Option<&Identity>) -> Result<(String, String, Option<Vec<u8>>), IntroduceError> {
        let tidy = |name: String| name.trim().to_owned();
        let name = self.name.map(tidy).or_else(|| known.map(|known| known.name.clone()));
        let name = name.ok_or(IntroduceError::NameNeeded)?;
        let device_name = self.device_name.map(tidy).or_else(|| known.map(|known| known.device_name.clone()));
        let device_name = device_name.unwrap_or_else(default_device_name);
        check_name(&name)?;
        check_name(&device_name)?;
        let picture = self.picture.unwrap_or_else(|| known.and_then(|known| known.picture.clone()));
        if picture.as_ref().is_some_and(|bytes| bytes.len() > PICTURE_BYTES || picture_type(bytes).is_none()) {
            return Err(IntroduceError::Picture);
        }
        Ok((name, device_name, picture))
    }
}

impl Node {
    /// Takes an introduction: the first founds the person's group, later ones change names and picture.
    pub async fn introduce(&self, introduction: Introduction) -> Result<Identity, IntroduceError> {
        let _one_at_a_time = self.inner.introducing.lock().await;
        let known = self.identity();
        let (name, device_name, picture) = introduction.apply(known.as_ref())?;
        let person = match &known {
            Some(known) => known.person,
            None => own_person(&self.inner.journal).await?,
        };
        let identity = Identity { person, name, device_name, picture };
        self.inner.home.write_identity(&identity)?;
        *self.inner.identity.write().unwrap_or_else(PoisonError::into_inner) = Some(identity.clone());
        self.inner.spaces.set_me(me(&identity)).await?;
        Ok(identity)
    }
}

/// Introduces somebody on a home where no node runs.
pub async fn found_person(
    home: &Home,
    journal: &Journal,
    introduction: Introduction,
) -> Result<Identity, IntroduceError> {
    let (name, device_name, picture) = introduction.apply(None)?;
    let identity = Identity { person: own_person(journal).await?, name, device_name, picture };
    home.write_identity(&identity)?;
    Ok(identity)
}

/// The person group that this device founded, or a new one. There is one without an identity when the program was cut
/// off between founding and writing it down.
async fn own_person(journal: &Journal) -> Result<GroupId, WriteError> {
    let own = Member::Device(journal.device());
    let is_own = |topic: &GroupId| {
        let rules = journal.rules(topic);
        rules.is_some_and(|rules| rules.kind() == Some(GroupKind::Person) && rules.members().contains_key(&own))
    };
    match journal.topics().into_iter().find(|topic| topic.adopted && is_own(&topic.topic)) {
        Some(topic) => Ok(topic.topic),
        None => journal.found(GroupKind::Person, own).await,
    }
}

/// The identity as spaces want it.
pub(super) fn me(identity: &Identity) -> Me {
    Me {
        person: identity.person,
        profile: Profile {
            name: identity.name.clone(),
            device_name: identity.device_name.clone(),
            picture: identity.picture.clone(),
        },
    }
}
