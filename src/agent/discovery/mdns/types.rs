//! The service types of multicast DNS that are asked for, and where each tells a stable id of the
//! thing. What a type means for a product is judged by the server.

/// A type, without `.local`, and the key of its TXT record that holds an id which stays the same
/// over restarts and address changes.
pub(super) const TYPES: [(&str, Option<&str>); 36] = [
    ("_home-assistant._tcp", Some("uuid")),
    ("_hue._tcp", Some("bridgeid")),
    ("_googlecast._tcp", Some("id")),
    ("_airplay._tcp", Some("deviceid")),
    ("_hap._tcp", Some("id")),
    ("_esphomelib._tcp", Some("mac")),
    ("_shelly._tcp", Some("id")),
    ("_ipp._tcp", Some("uuid")),
    ("_ipps._tcp", Some("uuid")),
    ("_uscan._tcp", Some("uuid")),
    ("_androidtvremote2._tcp", Some("bt")),
    ("_amzn-wplay._tcp", None),
    ("_spotify-connect._tcp", None),
    ("_sonos._tcp", None),
    ("_raop._tcp", None),
    ("_matter._tcp", None),
    ("_meshcop._udp", Some("xa")),
    ("_elg._tcp", Some("id")),
    ("_nanoleafapi._tcp", Some("id")),
    ("_wled._tcp", Some("mac")),
    ("_octoprint._tcp", Some("uuid")),
    ("_plexmediasvr._tcp", None),
    ("_mqtt._tcp", None),
    ("_nut._tcp", None),
    ("_printer._tcp", None),
    ("_pdl-datastream._tcp", None),
    ("_smb._tcp", None),
    ("_nfs._tcp", None),
    ("_afpovertcp._tcp", None),
    ("_adisk._tcp", None),
    ("_ssh._tcp", None),
    ("_sftp-ssh._tcp", None),
    ("_workstation._tcp", None),
    ("_device-info._tcp", None),
    ("_https._tcp", None),
    ("_http._tcp", None),
];

/// Keys of a TXT record that name the model of the thing.
pub(super) const MODEL_KEYS: [&str; 7] = ["md", "model", "ty", "am", "product", "modelid", "app"];
