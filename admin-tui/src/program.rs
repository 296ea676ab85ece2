//! The program: what the command line asks for is carried out here; see [`cli`] for what that can be.

use std::ffi::OsString;
use std::fs::{OpenOptions, Permissions};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::ExitCode;

use crate::act::Act;
use crate::cli::{self, Options, Wish};
use crate::config::{Config, ConfigError, Context};
use crate::headless::{self, Output, ShowError};
use crate::login::{self, LoginError, Store};
use crate::recording::{Recording, Redactor};
use crate::redrive::redrive;
use crate::run::Ended;
use crate::source::{Source, SourceError};
use crate::state::{Place, Rights, State};
use crate::theme::ThemeName;
use crate::view::{Body, Target, View, find};
use crate::{manual, out};

/// The program's name.
pub(crate) const NAME: &str = "holdfast-admin";
/// Whoever reads what is written has read enough.
const READ_ENOUGH: u8 = 0;
/// The wish was refused, or was not carried out, or its answer cannot be written.
const REFUSED: u8 = 1;
/// The arguments, the configuration or the terminal are wrong.
const WRONG: u8 = 2;
/// Nobody answers.
const AWAY: u8 = 3;
/// With the number of a signal added: ended by it, as a shell says it.
const BY_SIGNAL: i32 = 128;

/// Only its owner may read a recording.
const OWNER_ONLY: u32 = 0o600;

/// Runs `holdfast-admin` with these arguments, the program's name first.
pub async fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Fails only when there is one already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let matches = cli::command().get_matches_from(arguments);
    let done = match cli::read(&matches) {
        Ok((options, wish)) => carry_out(&options, wish).await,
        Err(problem) => Err((WRONG, problem)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, problem)) => {
            if !problem.is_empty() {
                out::tell(&format!("{NAME}: {problem}"));
            }
            ExitCode::from(code)
        }
    }
}

type Done = Result<(), (u8, String)>;

async fn carry_out(options: &Options, wish: Wish) -> Done {
    match wish {
        Wish::Completions(shell) => {
            return print(&manual::completions(shell));
        }
        Wish::Man => {
            let page = manual::page().map_err(|error| (REFUSED, error.to_string()))?;
            return print(&page);
        }
        Wish::Login { in_browser } => return login(options, in_browser).await,
        Wish::Logout => return logout(options),
        _ => {}
    }
    let (place, source) = open(options)?;
    match wish {
        Wish::Screen(target) => screen(options, place, source, target).await,
        Wish::Show { view, target, output, limit } => {
            let text = headless::show(&source, view, &target, output, limit).await;
            print(text.map_err(|error| exit(&error))?.as_bytes())
        }
        Wish::Redrive(wish) => {
            let done = redrive(&source, &wish, |line| out::tell(&line)).await;
            let (text, good) = done.map_err(|error| exit(&error))?;
            let printed = print(text.as_bytes());
            if good {
                printed
            } else {
                Err((REFUSED, "not all of it came to a good end".to_owned()))
            }
        }
        Wish::Record { file, as_it_is, force } => {
            let redactor = (!as_it_is).then(Redactor::new);
            record(&source, &place.name, &file, redactor.as_ref(), force).await
        }
        wish => change(&source, wish).await,
    }
}

/// The system that is looked at, or a recording of one.
fn open(options: &Options) -> Result<(Place, Source), (u8, String)> {
    let recording = match &options.open {
        Some(path) => {
            let opened = Recording::open(path);
            Some(opened.map_err(|error| (WRONG, format!("{}: {error}", path.display())))?)
        }
        None if options.demo => {
            Some(Recording::demo().map_err(|error| (WRONG, error.to_string()))?)
        }
        None => None,
    };
    if let Some(recording) = recording {
        let address = format!("recorded {}", recording.recorded_at.format("%Y-%m-%d %H:%M UTC"));
        let (name, words) = (recording.place.clone(), options.words());
        let place = Place { name, address, production: false, words };
        return Ok((place, Source::recorded(recording)));
    }
    let wrong = |error: ConfigError| (WRONG, error.to_string());
    let (name, context) = context(options).map_err(wrong)?;
    context.check().map_err(wrong)?;
    let credential = context.credential(&name).map_err(wrong)?;
    let source =
        Source::live(&context.address, credential).map_err(|error| (AWAY, error.to_string()))?;
    let Context { address, production, .. } = context;
    let place = Place { name, address, production, words: options.words() };
    Ok((place, source))
}

/// Logs a person in to the context.
async fn login(options: &Options, in_browser: bool) -> Done {
    let wrong = |error: ConfigError| (WRONG, error.to_string());
    let (name, context) = context(options).map_err(wrong)?;
    context.check().map_err(wrong)?;
    let config = context.login.ok_or_else(|| wrong(ConfigError::NoLogin(name.clone())))?;
    let store = Store::of(&name).map_err(|error| (WRONG, error.to_string()))?;
    login::login(&config, &context.address, &store, in_browser).await.map_err(|error| {
        let code = match error {
            LoginError::Away(..) => AWAY,
            LoginError::Insecure(_) | LoginError::NoWay(..) => WRONG,
            _ => REFUSED,
        };
        (code, error.to_string())
    })
}

fn logout(options: &Options) -> Done {
    let (name, _) = context(options).map_err(|error| (WRONG, error.to_string()))?;
    let removed = Store::of(&name).and_then(|store| store.remove());
    let removed = removed.map_err(|error| (REFUSED, error.to_string()))?;
    out::tell(if removed { "logged out" } else { "nobody was logged in" });
    Ok(())
}

/// Does something to one thing after the other, or shows what would come of it.
async fn change(source: &Source, wish: Wish) -> Done {
    let Wish::Do { act, view, ids, reason, inputs, dry_run, output } = wish else {
        return Ok(());
    };
    // What was asked for is done, whether its answers are read or not.
    let mut printed = Ok(());
    for id in ids {
        if dry_run {
            let facts = facts(source, (view, act), &id, output).await;
            print(facts.map_err(|error| exit(&error))?.as_bytes())?;
            continue;
        }
        let body = act.body(&id, &reason, &inputs).map_err(|fault| (WRONG, fault.problem))?;
        let answer = source.change(act.method, &act.path(&id), &body).await;
        let answer = answer.map_err(|error| exit(&error.into()))?;
        let value = serde_json::from_str(answer.get());
        let value = value.map_err(|error| exit(&error.into()))?;
        let text = headless::value(&value, output).map_err(|error| exit(&error))?;
        printed = printed.and(print(text.as_bytes()));
    }
    printed
}

/// Writes to standard output.
fn print(bytes: &[u8]) -> Done {
    out::print(bytes).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => (READ_ENOUGH, String::new()),
        _ => (REFUSED, format!("the output cannot be written: {error}")),
    })
}

async fn record(
    source: &Source,
    place: &str,
    path: &Path,
    redactor: Option<&Redactor>,
    force: bool,
) -> Done {
    if !force && path.exists() {
        let problem = format!("{} is there already; --force writes over it", path.display());
        return Err((WRONG, problem));
    }
    let made = Recording::make(source, place, redactor).await;
    let recording = made.map_err(|error| exit(&error))?;
    let text = serde_json::to_string(&recording).map_err(|error| exit(&error.into()))?;
    let wrong = |error: io::Error| (WRONG, format!("{}: {error}", path.display()));
    write_private(path, text.as_bytes(), force).map_err(wrong)?;
    let path = path.display();
    let count = recording.answers.len();
    print(format!("{count} answers in {path}; {NAME} --open {path}\n").as_bytes())
}

/// Writes a file that nobody else may read.
fn write_private(path: &Path, bytes: &[u8], force: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).mode(OWNER_ONLY);
    let mut file = if force {
        options.create(true).truncate(true).open(path)?
    } else {
        options.create_new(true).open(path)?
    };
    // One that was there keeps its mode when it is opened.
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    file.write_all(bytes)
}

fn context(options: &Options) -> Result<(String, Context), ConfigError> {
    let config = configuration(options)?;
    let (name, mut context) = config.context(options.context.as_deref())?;
    if let Some(address) = &options.address {
        context.address.clone_from(address);
    }
    if let Some(file) = &options.token_file {
        context.token_file = Some(file.clone());
    }
    Ok((name, context))
}

fn configuration(options: &Options) -> Result<Config, ConfigError> {
    let path = options.config.clone().or_else(Config::path);
    path.map_or_else(|| Ok(Config::default()), |path| Config::read(&path))
}

async fn screen(options: &Options, place: Place, source: Source, target: Target) -> Done {
    if !io::stdout().is_terminal() {
        let problem = format!("the screen needs a terminal; a script names a view: {NAME} groups");
        return Err((WRONG, problem));
    }
    let rights =
        Rights { changes: options.allow_changes, recorded: source.is_recorded(), me: None };
    let state = State::new(target, place, rights, source.now());
    let mut state = state.ok_or_else(|| (WRONG, "there is no such view".to_owned()))?;
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let theme = options.theme.as_deref().and_then(ThemeName::named);
    state.theme = theme.unwrap_or(if plain { ThemeName::Plain } else { ThemeName::Dark });
    if !state.rights.recorded {
        let contexts = configuration(options).unwrap_or_default().contexts;
        state.contexts = contexts.into_keys().collect();
    }
    let elsewhere = |name: &str| {
        let context = Some(name.to_owned());
        let own = Options { context, address: None, token_file: None, ..options.clone() };
        open(&own).map_err(|(_, problem)| problem)
    };
    match crate::run::run(state, source, elsewhere).await {
        Ok(Ended::Left) => Ok(()),
        Ok(Ended::Signal(number)) => {
            let code = u8::try_from(BY_SIGNAL + number).unwrap_or(REFUSED);
            Err((code, String::new()))
        }
        Err(error) => Err((WRONG, format!("the terminal: {error}"))),
    }
}

/// What would come of an act, for `--dry-run`: what its facts say, else what the page or the list
/// says that it stands in.
async fn facts(
    source: &Source,
    (view, act): (&'static View, &'static Act),
    id: &str,
    output: Output,
) -> Result<String, ShowError> {
    if let Some((facts, target)) = act.facts(id)
        && let Some(view) = find(target.view)
    {
        let raw = source.get(&target.path(view)).await?;
        if output != Output::Table {
            return headless::value(&serde_json::from_str(raw.get())?, output);
        }
        let stake = (facts.read)(&raw, act)?;
        let no = stake.refusal.map(|why| format!("it cannot be done as things are: {why}\n"));
        return Ok(no.unwrap_or_default() + &headless::page(&stake.document, source.now()));
    }
    if matches!(view.body, Body::Page { by_id: true, .. }) {
        return headless::show(source, view, &Target::one(view.name, id), output, 1).await;
    }
    let row = headless::row(source, view, id, output).await?;
    Ok(row.unwrap_or_else(|| format!("{} {id}: {} does not list it\n", act.name, view.name)))
}

fn exit(error: &ShowError) -> (u8, String) {
    let code = match error {
        ShowError::Source(SourceError::Away(..)) => AWAY,
        _ => REFUSED,
    };
    (code, error.to_string())
}
