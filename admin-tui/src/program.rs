//! The program: what the command line asks for is carried out here; see [`cli`] for what that can be.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use crate::act::Act;
use crate::cli::{self, Options, Wish};
use crate::config::{Config, ConfigError, Context};
use crate::headless::{self, Output, ShowError};
use crate::recording::{Recording, Redactor};
use crate::redrive::redrive;
use crate::source::{Source, SourceError};
use crate::state::{Place, Rights, State};
use crate::theme::ThemeName;
use crate::view::{Target, find};

/// The program's name.
const NAME: &str = "holdfast-admin";
/// The wish was refused, or was not carried out.
const REFUSED: u8 = 1;
/// The arguments or the configuration are wrong.
const WRONG: u8 = 2;
/// Nobody answers.
const AWAY: u8 = 3;

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
            eprintln!("{NAME}: {problem}");
            ExitCode::from(code)
        }
    }
}

type Done = Result<(), (u8, String)>;

async fn carry_out(options: &Options, wish: Wish) -> Done {
    match wish {
        Wish::Completions(shell) => {
            clap_complete::generate(shell, &mut cli::command(), NAME, &mut io::stdout());
            return Ok(());
        }
        Wish::Man => {
            let written = clap_mangen::Man::new(cli::command()).render(&mut io::stdout());
            return written.map_err(|error| (REFUSED, error.to_string()));
        }
        _ => {}
    }
    let (place, source) = open(options)?;
    match wish {
        Wish::Screen(target) => screen(options, place, source, target).await,
        Wish::Show { view, target, output, limit } => {
            let text = headless::show(&source, view, &target, output, limit).await;
            print!("{}", text.map_err(|error| exit(&error))?);
            Ok(())
        }
        Wish::Redrive(wish) => {
            let done = redrive(&source, &wish, |line| eprintln!("{line}")).await;
            let (text, good) = done.map_err(|error| exit(&error))?;
            print!("{text}");
            if good {
                Ok(())
            } else {
                Err((REFUSED, "not all of it came to a good end".to_owned()))
            }
        }
        Wish::Record { file, as_it_is } => record(&source, &place.name, &file, as_it_is).await,
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
        let place = Place { name: recording.place.clone(), address, production: false };
        return Ok((place, Source::recorded(recording)));
    }
    let wrong = |error: ConfigError| (WRONG, error.to_string());
    let (name, context) = context(options).map_err(wrong)?;
    let token = context.token().map_err(wrong)?;
    let source =
        Source::live(&context.address, &token).map_err(|error| (AWAY, error.to_string()))?;
    let place = Place { name, address: context.address, production: context.production };
    Ok((place, source))
}

/// Does something to one thing after the other, or shows what would come of it.
async fn change(source: &Source, wish: Wish) -> Done {
    let Wish::Do { act, ids, reason, inputs, dry_run, output } = wish else {
        return Ok(());
    };
    for id in ids {
        if dry_run {
            print!("{}", facts(source, act, &id, output).await.map_err(|error| exit(&error))?);
            continue;
        }
        let body = act.body(&id, &reason, &inputs).map_err(|problem| (WRONG, problem))?;
        let answer = source.change(act.method, &act.path(&id), &body).await;
        let answer = answer.map_err(|error| exit(&error.into()))?;
        let value = serde_json::from_str(answer.get());
        let value = value.map_err(|error| exit(&error.into()))?;
        print!("{}", headless::value(&value, output).map_err(|error| exit(&error))?);
    }
    Ok(())
}

async fn record(source: &Source, place: &str, path: &Path, as_it_is: bool) -> Done {
    let redactor = (!as_it_is).then(Redactor::new);
    let made = Recording::make(source, place, redactor.as_ref()).await;
    let recording = made.map_err(|error| exit(&error))?;
    let text = serde_json::to_string(&recording).map_err(|error| exit(&error.into()))?;
    fs::write(path, text).map_err(|error| (WRONG, format!("{}: {error}", path.display())))?;
    let path = path.display();
    println!("{} answers in {path}; holdfast-admin --open {path}", recording.answers.len());
    Ok(())
}

fn context(options: &Options) -> Result<(String, Context), ConfigError> {
    let path = options.config.clone().or_else(Config::path);
    let config = path.map_or_else(|| Ok(Config::default()), |path| Config::read(&path))?;
    let (name, mut context) = config.context(options.context.as_deref())?;
    if let Some(address) = &options.address {
        context.address.clone_from(address);
    }
    if let Some(file) = &options.token_file {
        context.token_file = Some(file.clone());
    }
    Ok((name, context))
}

async fn screen(options: &Options, place: Place, source: Source, target: Target) -> Done {
    let rights =
        Rights { changes: options.allow_changes, recorded: source.is_recorded(), me: None };
    let state = State::new(target, place, rights, source.now());
    let mut state = state.ok_or_else(|| (WRONG, "there is no such view".to_owned()))?;
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let theme = options.theme.as_deref().and_then(ThemeName::named);
    state.theme = theme.unwrap_or(if plain { ThemeName::Plain } else { ThemeName::Dark });
    let ended = crate::run::run(state, source).await;
    ended.map_err(|error| (AWAY, format!("the terminal: {error}")))
}

/// What would come of an act, for `--dry-run`.
async fn facts(
    source: &Source,
    act: &'static Act,
    id: &str,
    output: Output,
) -> Result<String, ShowError> {
    let target = act.facts(id);
    match target.and_then(|target| Some((find(target.view)?, target))) {
        Some((view, target)) => headless::show(source, view, &target, output, usize::MAX).await,
        None => Ok(format!("{} {id}: nothing shows beforehand what would come of it\n", act.name)),
    }
}

fn exit(error: &ShowError) -> (u8, String) {
    let code = match error {
        ShowError::Source(SourceError::Away(..)) => AWAY,
        _ => REFUSED,
    };
    (code, error.to_string())
}
