//! Who uses this device: names, a picture, and the group that is the person.

use compeer_core::GroupId;
use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// What `identity.json` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The person's group.
    #[serde(serialize_with = "group_to_text", deserialize_with = "group_from_text")]
    pub person: GroupId,
    /// The person's name, as others see it.
    pub name: String,
    /// The device's name, as others see it.
    pub device_name: String,
    /// The person's picture: PNG, JPEG or WebP; base64 in the file.
    #[serde(default, serialize_with = "bytes_to_text", deserialize_with = "bytes_from_text")]
    pub picture: Option<Vec<u8>>,
}

fn group_to_text<S: Serializer>(group: &GroupId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(group)
}

fn group_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<GroupId, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn bytes_to_text<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    bytes.as_ref().map(|bytes| BASE64.encode(bytes)).serialize(serializer)
}

fn bytes_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| BASE64.decode(text.as_bytes()).map_err(D::Error::custom)).transpose()
}

/// The computer's own name, for a device that was given none.
#[must_use]
pub fn default_device_name() -> String {
    let named = std::fs::read_to_string("/etc/hostname").ok().or_else(|| std::env::var("COMPUTERNAME").ok());
    let name = named.unwrap_or_default();
    let name = name.trim().split('.').next().unwrap_or_default();
    if name.is_empty() { "computer".to_owned() } else { name.chars().take(40).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_identities() {
        let identity = |picture| Identity {
            person: GroupId::from_bytes([7; 32]),
            name: "Ada".into(),
            device_name: "desk".into(),
            picture,
        };
        let seeds = [identity(None), identity(Some(vec![1, 2, 3]))];
        let seeds = seeds.map(|identity| serde_json::to_vec(&identity).expect("text"));
        compeer_testkit::fuzz::run(&seeds, |bytes| {
            let Ok(identity) = serde_json::from_slice::<Identity>(bytes) else { return false };
            let again = serde_json::to_vec(&identity).expect("text");
            assert_eq!(serde_json::from_slice::<Identity>(&again).ok(), Some(identity));
            true
        });
    }
}
