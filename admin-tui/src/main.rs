//! `holdfast-admin`: see `cli` for what it can be asked.

use std::process::ExitCode;

use admin_tui::act::Act;
use admin_tui::cli::{self, Options, Wish};
use admin_tui::config::{Config, ConfigError, Context};
use admin_tui::headless::{self, Output, ShowError};
use admin_tui::source::{Source, SourceError};
use admin_tui::state::{Place, Rights, State};
use admin_tui::theme::ThemeName;
use admin_tui::view::{Target, find};

/// The wish was refused, or was not carried out.
const REFUSED: u8 = 1;
/// The arguments or the configuration are wrong.
const WRONG: u8 = 2;
/// Nobody answers.
const AWAY: u8 = 3;

#[tokio::main]
async fn main() -> ExitCode {
    // Fails only when there is one already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let matches = cli::command().get_matches();
    let done = match cli::read(&matches) {
        Ok((options, wish)) => carry_out(&options, wish).await,
        Err(problem) => Err((WRONG, problem)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, problem)) => {
            eprintln!("holdfast-admin: {problem}");
            ExitCode::from(code)
        }
    }
}

type Done = Result<(), (u8, String)>;

async fn carry_out(options: &Options, wish: Wish) -> Done {
    let wrong = |error: ConfigError| (WRONG, error.to_string());
    let (name, context) = context(options).map_err(wrong)?;
    let token = context.token().map_err(wrong)?;
    let source =
        Source::live(&context.address, &token).map_err(|error| (AWAY, error.to_string()))?;
    match wish {
        Wish::Screen(target) => screen(options, name, &context, source, target).await,
        Wish::Show { view, target, output, limit } => {
            let text = headless::show(&source, view, &target, output, limit).await;
            print!("{}", text.map_err(|error| exit(&error))?);
            Ok(())
        }
        Wish::Do { act, ids, reason, inputs, dry_run, output } => {
            for id in ids {
                let body = act.body(&id, &reason, &inputs).map_err(|problem| (WRONG, problem))?;
                if dry_run {
                    print!("{}", facts(&source, act, &id, output).await.map_err(|error| exit(&error))?);
                    continue;
                }
                let answer = source.change(act.method, &act.path(&id), &body).await;
                let answer = answer.map_err(|error| exit(&error.into()))?;
                let value = serde_json::from_str(answer.get());
                let value = value.map_err(|error| exit(&error.into()))?;
                print!("{}", headless::value(&value, output).map_err(|error| exit(&error))?);
            }
            Ok(())
        }
    }
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

async fn screen(
    options: &Options,
    name: String,
    context: &Context,
    source: Source,
    target: Target,
) -> Done {
    let place = Place { name, address: context.address.clone(), production: context.production };
    let rights =
        Rights { changes: options.allow_changes, recorded: source.is_recorded(), me: None };
    let state = State::new(target, place, rights, chrono::Utc::now());
    let mut state = state.ok_or_else(|| (WRONG, "there is no such view".to_owned()))?;
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let theme = options.theme.as_deref().and_then(ThemeName::named);
    state.theme = theme.unwrap_or(if plain { ThemeName::Plain } else { ThemeName::Dark });
    let ended = admin_tui::run::run(state, source).await;
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
