//! The units: who the service runs as, what it may write, and how a path is put into a unit file.

use std::path::Path;

use askama::Template;

use crate::error::Error;

/// The account of a service that root installs into a folder of the product's own.
pub(super) const SERVICE_USER: &str = "atlas-ops";

/// `atlas-ops-backend.service`
#[derive(Debug, Template)]
#[template(path = "install/atlas-ops-backend.service", escape = "none")]
pub(super) struct BackendUnit {
    pub command: String,
    pub sandbox: Sandbox,
    pub low_port: bool,
}

/// `atlas-ops-agent.service`
#[derive(Debug, Template)]
#[template(path = "install/atlas-ops-agent.service", escape = "none")]
pub(super) struct AgentUnit {
    pub command: String,
    pub sandbox: Sandbox,
    pub docker_group: Option<String>,
}

/// What a service may do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sandbox {
    /// The account it runs as.
    pub user: String,
    /// Whether that account is root.
    pub is_root: bool,
    /// The folder it may write, as it stands in the unit.
    pub writable: String,
    /// Whether `/tmp` is its own; it cannot be where the service itself lives there.
    pub private_tmp: &'static str,
    /// What it sees of `/home` and `/root`.
    pub protect_home: &'static str,
}

impl Sandbox {
    /// For a service of `program`, its configuration in one folder and what it writes in another
    /// (or the same), installed by the account `uid`.
    pub(super) fn new(uid: u32, program: &Path, config: &Path, data: &Path) -> Self {
        let below = |roots: &[&str]| {
            [program, config, data]
                .iter()
                .any(|path| roots.iter().any(|root| path.starts_with(root)))
        };
        let in_homes = below(&["/home", "/root", "/run/user"]);
        let user = if uid != 0 {
            name_of(uid, "/etc/passwd").unwrap_or_else(|| uid.to_string())
        } else if !in_homes && [config, data].into_iter().all(is_our_own) {
            SERVICE_USER.to_owned()
        } else {
            "root".to_owned()
        };
        Self {
            is_root: user == "root",
            user,
            writable: quoted(data),
            private_tmp: if below(&["/tmp", "/var/tmp"]) {
                "no"
            } else {
                "yes"
            },
            protect_home: if in_homes { "read-only" } else { "yes" },
        }
    }
}

/// Whether a folder is the product's, so that another account may have it, `/etc/atlas-ops` say.
fn is_our_own(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default();
    name.to_string_lossy()
        .to_ascii_lowercase()
        .contains("atlas")
}

/// `ExecStart=`: a program and its arguments.
pub(super) fn command(program: &Path, arguments: &[&str], config: &Path) -> String {
    // A dollar sign is a variable in the arguments, and itself in the program's name.
    let config = quoted(config).replace('$', "$$");
    format!(
        "{} {} --config {config}",
        quoted(program),
        arguments.join(" ")
    )
}

/// A path between quotes, with what quotes do not stop: escapes and specifiers.
fn quoted(path: &Path) -> String {
    let mut quoted = String::from("\"");
    for c in path.to_string_lossy().chars() {
        match c {
            '\\' | '"' => quoted.extend(['\\', c]),
            '%' => quoted.push_str("%%"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The account that files made by this process belong to; root where a system has no such thing.
#[cfg_attr(not(unix), allow(clippy::unnecessary_wraps))] // nothing fails there
pub(super) fn own_uid() -> Result<u32, Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let probe = tempfile::tempfile().and_then(|file| file.metadata());
        let metadata = probe.map_err(|error| {
            Error::new("write a temporary file", error).hint("is there space? See: df -h /tmp")
        })?;
        Ok(metadata.uid())
    }
    #[cfg(not(unix))]
    Ok(0)
}

/// Whether the account that root's services run as is there already.
pub(super) fn has_service_user() -> bool {
    std::fs::read_to_string("/etc/passwd").is_ok_and(|text| {
        text.lines()
            .any(|line| line.split(':').next() == Some(SERVICE_USER))
    })
}

/// The group that may use the socket of a Docker endpoint. None where the socket is not there,
/// or root's group: a unit with a group that is missing does not start.
pub(super) fn docker_group(endpoint: &str) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let socket = endpoint.strip_prefix("unix://")?;
        let gid = std::fs::metadata(socket).ok()?.gid();
        (gid != 0).then(|| name_of(gid, "/etc/group").unwrap_or_else(|| gid.to_string()))
    }
    #[cfg(not(unix))]
    {
        let _ = endpoint;
        None
    }
}

/// Whether there is a socket at a path.
pub(super) fn is_socket(path: &str) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// The name of an account or group by its number, in `/etc/passwd` or `/etc/group`.
fn name_of(id: u32, file: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let id = id.to_string();
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        (fields.nth(1)? == id && !name.is_empty() && name.chars().all(plain))
            .then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_argument_whatever_it_holds() {
        let path = Path::new(r#"/a b/100%/"q"\$HOME"#);
        assert_eq!(
            command(path, &["serve"], path),
            r#""/a b/100%%/\"q\"\\$HOME" serve --config "/a b/100%%/\"q\"\\$$HOME""#
        );
    }

    #[test]
    fn root_gives_its_own_folder_away_and_no_other() {
        let user = |program: &str, folder: &str| {
            let folder = Path::new(folder);
            Sandbox::new(0, Path::new(program), folder, folder).user
        };
        assert_eq!(
            user("/usr/local/bin/atlas-ops", "/etc/atlas-ops"),
            "atlas-ops"
        );
        assert_eq!(user("/usr/local/bin/atlas-ops", "/etc"), "root");
        assert_eq!(user("/home/atlas-ops", "/etc/atlas-ops"), "root");
        assert_eq!(user("/usr/bin/atlas-ops", "/home/a/atlas"), "root");
    }

    #[test]
    fn a_service_sees_the_places_it_lives_in() {
        let program = Path::new("/usr/bin/atlas-ops");
        let (config, data) = (Path::new("/etc"), Path::new("/tmp/x y"));
        let sandbox = Sandbox::new(4_294_967_000, program, config, data);
        assert_eq!(sandbox.user, "4294967000");
        assert_eq!((sandbox.private_tmp, sandbox.protect_home), ("no", "yes"));
        assert_eq!(sandbox.writable, "\"/tmp/x y\"");
        let sandbox = Sandbox::new(0, program, Path::new("/home/a"), Path::new("/srv"));
        assert_eq!(
            (sandbox.private_tmp, sandbox.protect_home),
            ("yes", "read-only")
        );
    }
}
