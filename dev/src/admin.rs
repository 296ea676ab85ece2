//! Lets the operators' console find this system, so that `cargo run -p admin-tui` needs no arguments.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use domain::operator::OperatorRole;

use crate::error::DevError;
use crate::operators::Token;
use crate::system::Places;

/// Where the console looks when it has no configuration of its own.
const CONFIG: &str = ".holdfast/admin.toml";
const TOKEN: &str = ".holdfast/admin-token";

/// Writes its address and the token of the highest role, which only the owner may read.
pub(crate) fn introduce(places: &Places, tokens: &[Token]) -> Result<(), DevError> {
    let approver = tokens.iter().find(|token| token.role == OperatorRole::Approver);
    let token = approver.map_or("", |token| token.token.as_str());
    let config = format!(
        "default = \"local\"\n\n[contexts.local]\naddress = \"{}\"\ntoken_file = \"{TOKEN}\"\n",
        places.admin_url()
    );
    for (path, text) in [(TOKEN, token), (CONFIG, config.as_str())] {
        write(Path::new(path), text).map_err(|error| DevError::Introduce(path, error))?;
    }
    Ok(())
}

/// Writes a file that only the owner may read.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}
