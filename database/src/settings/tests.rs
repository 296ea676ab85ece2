use std::time::Duration;

use super::*;

fn read(set: &[(&str, &str)]) -> Result<Settings, String> {
    let lookup =
        |variable: &str| Ok(set.iter().find(|one| one.0 == variable).map(|one| one.1.to_owned()));
    Settings::from_lookup(lookup).map_err(|error| error.to_string())
}

/// The login of a database as an address, which no test has to log in with.
fn login(database: &Database) -> String {
    use sqlx::ConnectOptions as _;
    let url = database.login().unwrap().options.to_url_lossy().to_string();
    url.split_once('?').map(|(url, _)| url.to_owned()).unwrap()
}

fn file(name: &str, text: &str) -> PathBuf {
    let path =
        std::env::temp_dir().join(format!("holdfast-settings-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

const WHOLE: (&str, &str) = (URL, "postgres://app:old@db.example/wallets");
const PARTS: [(&str, &str); 3] = [(HOST, "db.example"), (NAME, "wallets"), (USER, "app")];

#[test]
fn an_address_is_taken_as_it_stands() {
    let settings = read(&[WHOLE, (HOST, "")]).unwrap();
    assert_eq!(login(&settings.writer), "postgres://app:old@db.example:5432/wallets");
    assert!(settings.replica.is_none() && !settings.writer.changes());
    assert_eq!(format!("{:?}", settings.writer), r#"Database("db.example:5432/wallets")"#);
}

#[test]
fn parts_and_secrets_make_an_address() {
    let [host, name, user] = PARTS;
    let made = |set: &[(&str, &str)]| login(&read(set).unwrap().writer);
    let plain = [host, name, user, (PORT, "5433"), (PASSWORD, "p@ss/word")];
    assert_eq!(made(&plain), "postgres://app:p%40ss%2Fword@db.example:5433/wallets");

    let secret =
        r#"{"username":"of_secret","password":"pw","host":"there","port":6432,"dbname":"w"}"#;
    assert_eq!(made(&[(SECRET, secret)]), "postgres://of_secret:pw@there:6432/w");
    assert_eq!(made(&[host, user, (SECRET, secret)]), "postgres://app:pw@db.example:6432/w");

    let path = file("secret", secret);
    let at = path.to_str().unwrap();
    let settings = read(&[(PASSWORD_FILE, at)]).unwrap();
    assert_eq!(login(&settings.writer), "postgres://of_secret:pw@there:6432/w");
    assert!(settings.writer.changes());
    let url = "postgres://db.example/wallets";
    assert_eq!(
        made(&[(URL, url), (PASSWORD_FILE, at)]),
        "postgres://of_secret:pw@db.example:5432/wallets"
    );
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_command_learns_where_its_password_is_for() {
    let script = file("command", "echo \"$1:$PGUSER@$PGHOST:$PGPORT/$PGDATABASE\"\n");
    let command = format!("sh {} token", script.display());
    let [host, name, user] = PARTS;
    let set = [host, name, user, (PASSWORD_COMMAND, command.as_str()), (READ_HOST, "reader")];
    let settings = read(&set).unwrap();
    let password = |database: &Database| {
        use sqlx::ConnectOptions as _;
        database.login().unwrap().options.to_url_lossy().password().unwrap().replace("%2E", ".")
    };
    assert_eq!(password(&settings.writer), "token%3Aapp%40db.example%3A5432%2Fwallets");
    let replica = settings.replica.unwrap();
    assert_eq!(password(&replica), "token%3Aapp%40reader%3A5432%2Fwallets");
    std::fs::remove_file(script).unwrap();
}

#[test]
fn a_replica_is_entered_as_the_writer_unless_it_says_otherwise() {
    let [host, name, user] = PARTS;
    let replica = |set: &[(&'static str, &'static str)]| {
        let base = [host, name, user, (PASSWORD, "pw")];
        login(&read(&[&base[..], set].concat()).unwrap().replica.unwrap())
    };
    assert_eq!(replica(&[(READ_HOST, "r")]), "postgres://app:pw@r:5432/wallets");
    assert_eq!(
        replica(&[(READ_HOST, "r"), (READ_PORT, "6000")]),
        "postgres://app:pw@r:6000/wallets"
    );
    assert_eq!(replica(&[(READ_URL, "postgres://r/copy")]), "postgres://app:pw@r:5432/copy");
    assert_eq!(replica(&[(READ_URL, "postgres://me@r/copy")]), "postgres://me:pw@r:5432/copy");
    assert_eq!(replica(&[(READ_URL, "postgres://me:x@r/copy")]), "postgres://me:x@r:5432/copy");
}

#[test]
fn naming_an_authority_means_asking_it() {
    let root = file("root.pem", "any text: it is read when a connection is made");
    let at = root.to_str().unwrap();
    let settings = read(&[WHOLE, (SSLROOTCERT, at), (READ_HOST, "r")]).unwrap();
    for database in [settings.writer, settings.replica.unwrap()] {
        let mode = database.login().unwrap().options.get_ssl_mode();
        assert!(matches!(mode, PgSslMode::VerifyFull));
    }
    let sentence = "DATABASE_SSLROOTCERT is set, but DATABASE_SSLMODE is require, which checks \
                    nothing against it; verify-full does";
    assert_eq!(read(&[WHOLE, (SSLROOTCERT, at), (SSLMODE, "require")]).unwrap_err(), sentence);
    let url = format!("postgres://db.example/w?sslmode=require&sslrootcert={at}");
    let sentence = "DATABASE_URL names a CA file, but its sslmode is require, which checks nothing \
                    against it; verify-full does";
    assert_eq!(read(&[(URL, &url)]).unwrap_err(), sentence);
    std::fs::remove_file(root).unwrap();
}

#[test]
fn a_wrong_value_is_a_sentence_that_names_the_variable() {
    let [host, name, user] = PARTS;
    let empty = file("empty", "\n");
    let empty_at = empty.to_str().unwrap();
    for (set, sentence) in [
        (
            vec![],
            "DATABASE_URL is not set; it must be a postgres:// address, or DATABASE_HOST and \
             others its parts",
        ),
        (vec![(URL, "mysql://x")], "DATABASE_URL does not start with postgres://"),
        (
            vec![(URL, "postgres://me:secret@[broken")],
            "DATABASE_URL is no address of a database: error with configuration: invalid IPv6 address",
        ),
        (vec![WHOLE, host], "DATABASE_HOST is set besides DATABASE_URL; only one can count"),
        (
            vec![WHOLE, (PASSWORD, "x")],
            "DATABASE_PASSWORD is set besides the password in DATABASE_URL",
        ),
        (vec![host], "DATABASE_NAME is not set; it must be the name of the database"),
        (vec![host, name], "DATABASE_USER is not set; it must be the name to log in with"),
        (vec![host, name, user, (PORT, "0")], "DATABASE_PORT is '0'; it must be a port"),
        (
            vec![host, name, user, (PASSWORD, "x"), (PASSWORD_FILE, "/y")],
            "DATABASE_PASSWORD_FILE is set besides DATABASE_PASSWORD; only one can count",
        ),
        (
            vec![host, name, user, (PASSWORD_FILE, "/not/there")],
            "DATABASE_PASSWORD_FILE names a file that cannot be read: No such file or directory (os error 2)",
        ),
        (
            vec![host, name, user, (PASSWORD_FILE, empty_at)],
            "DATABASE_PASSWORD_FILE names a file that is empty",
        ),
        (
            vec![host, name, user, (PASSWORD_COMMAND, "false")],
            "DATABASE_PASSWORD_COMMAND names a command that failed (exit status: 1)",
        ),
        (
            vec![WHOLE, (SSLMODE, "always")],
            "DATABASE_SSLMODE is 'always'; it must be disable, allow, prefer, require, verify-ca or \
             verify-full",
        ),
        (
            vec![WHOLE, (SSLROOTCERT, "/no.pem")],
            "DATABASE_SSLROOTCERT is /no.pem, which cannot be read: No such file or directory (os error 2)",
        ),
        (vec![WHOLE, (READ_URL, "secret")], "DATABASE_READ_URL does not start with postgres://"),
        (vec![WHOLE, (READ_PORT, "1")], "DATABASE_READ_PORT is set without DATABASE_READ_HOST"),
        (
            vec![WHOLE, (READ_URL, "postgres://r"), (READ_HOST, "r")],
            "DATABASE_READ_HOST is set besides DATABASE_READ_URL; only one can count",
        ),
    ] {
        assert_eq!(read(&set).unwrap_err(), sentence);
    }
    std::fs::remove_file(empty).unwrap();
}

#[tokio::test]
async fn a_login_that_was_refused_is_read_again() {
    let path = file("rotated", "first");
    let [host, name, user] = PARTS;
    let set = [host, name, user, (PASSWORD_FILE, path.to_str().unwrap())];
    let writer = read(&set).unwrap().writer;
    let refused = writer.login().unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(!writer.renew(&refused).await, "nothing new yet");
    std::fs::write(&path, "second").unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(writer.renew(&refused).await);
    assert_eq!(login(&writer), "postgres://app:second@db.example:5432/wallets");
    // A file that is half written or gone for a moment takes nothing away.
    std::fs::remove_file(&path).unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(!writer.renew(&writer.login().unwrap()).await);
    assert_eq!(login(&writer), "postgres://app:second@db.example:5432/wallets");
}
