use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use super::candidate::Installation;
use super::command::{self, CommandError};
use super::error::EmbeddedError;
use super::home::{Home, absent_is_fine};
use super::options::Durability;
use super::server::SUPERUSER;

/// About a second on an idle machine; a minute leaves room for a slow disk and a machine busy with compiling.
const INITDB_LIMIT: Duration = Duration::from_mins(1);

/// Byte order is the same everywhere and fast. Some systems know no UTF-8 variant of it, so plain `C` comes second.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

/// Makes sure that there is a database cluster, and gives the superuser's password.
pub(super) async fn ensure(
    home: &Home,
    installation: &Installation,
    durability: Durability,
) -> Result<String, EmbeddedError> {
    if home.data_major().is_some() {
        return read_password(home)?.ok_or_else(|| EmbeddedError::PasswordMissing {
            data_dir: home.data_dir.clone(),
            password_file: home.password_file(),
        });
    }
    let password = match read_password(home)? {
        Some(password) => password,
        None => create_password(home)?,
    };
    create_cluster(home, installation, durability).await?;
    Ok(password)
}

/// Runs `initdb` beside the final place and moves the result there in one step, so that a process killed half-way
/// leaves nothing that looks like data.
async fn create_cluster(
    home: &Home,
    installation: &Installation,
    durability: Durability,
) -> Result<(), EmbeddedError> {
    let unfinished = home.unfinished_dir();
    let mut refusal = String::new();
    for locale in LOCALES {
        prepare_folder(home, &unfinished)?;
        match run_initdb(home, installation, durability, locale).await {
            Ok(_) => {
                absent_is_fine(fs::remove_dir(&home.data_dir))
                    .map_err(EmbeddedError::path("replace the folder", &home.data_dir))?;
                return fs::rename(&unfinished, &home.data_dir)
                    .map_err(EmbeddedError::path("create the folder", &home.data_dir));
            }
            Err(error) => refusal = error.to_string(),
        }
    }
    Err(EmbeddedError::InitDb { data_dir: home.data_dir.clone(), output: refusal })
}

async fn run_initdb(
    home: &Home,
    installation: &Installation,
    durability: Durability,
    locale: &str,
) -> Result<String, CommandError> {
    let mut initdb = home.account.command(&installation.program("initdb"));
    initdb.arg("--pgdata").arg(home.unfinished_dir());
    initdb.arg("--pwfile").arg(home.password_file());
    initdb.args(["--username", SUPERUSER]);
    initdb.args(["--auth", "scram-sha-256"]);
    initdb.args(["--encoding", "UTF8"]);
    initdb.args(["--locale", locale]);
    initdb.arg("--data-checksums");
    if durability == Durability::Fast {
        initdb.arg("--no-sync");
    }
    command::output(initdb, INITDB_LIMIT).await
}

/// An empty folder that the server's user owns and nobody else may enter.
fn prepare_folder(home: &Home, folder: &Path) -> Result<(), EmbeddedError> {
    absent_is_fine(fs::remove_dir_all(folder)).map_err(EmbeddedError::path("remove", folder))?;
    DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .and_then(|()| home.account.take_over(folder))
        .map_err(EmbeddedError::path("create the folder", folder))
}

fn read_password(home: &Home) -> Result<Option<String>, EmbeddedError> {
    match fs::read_to_string(home.password_file()) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EmbeddedError::path("read", home.password_file())(error)),
    }
}

/// Writes a new random password of 122 bits into a new file of mode 0600.
fn create_password(home: &Home) -> Result<String, EmbeddedError> {
    let file = home.password_file();
    let password = uuid::Uuid::new_v4().simple().to_string();
    // A file that an interrupted run left empty is replaced: only a new file surely has this mode and is no link.
    absent_is_fine(fs::remove_file(&file))
        .and_then(|()| OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file))
        .and_then(|mut open| {
            writeln!(open, "{password}")?;
            open.sync_all()
        })
        .and_then(|()| home.account.take_over(&file))
        .map_err(EmbeddedError::path("write the password to", &file))?;
    Ok(password)
}
