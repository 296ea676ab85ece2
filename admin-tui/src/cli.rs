//! The command line, made from the views and acts: whatever the screen shows, a script can read,
//! and whatever it can do, a script can ask for.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use clap_complete::Shell;

use crate::act::Act;
use crate::headless::Output;
use crate::redrive;
use crate::view::{Body, Target, View, find};

mod equivalent;

pub use equivalent::equivalent;

/// What was asked for.
#[derive(Debug)]
pub enum Wish {
    /// The screen, beginning with this.
    Screen(Target),
    /// A view as text.
    Show {
        /// Which.
        view: &'static View,
        /// Of what.
        target: Target,
        /// How it is written.
        output: Output,
        /// Most rows of a list.
        limit: usize,
    },
    /// A change.
    Do {
        /// What.
        act: &'static Act,
        /// The view that has it.
        view: &'static View,
        /// To what.
        ids: Vec<String>,
        /// Why.
        reason: String,
        /// What else was given.
        inputs: Vec<(String, String)>,
        /// Only show what would come of it.
        dry_run: bool,
        /// How the answer is written.
        output: Output,
    },
    /// A change to a whole cause, by a redrive plan.
    Redrive(redrive::Wish),
    /// A recording.
    Record {
        /// Into this file.
        file: PathBuf,
        /// With what clients and operators wrote.
        as_it_is: bool,
        /// Over a file that is there.
        force: bool,
    },
    /// A login.
    Login {
        /// In a browser on this machine, even if the issuer lets a code be confirmed elsewhere.
        in_browser: bool,
    },
    /// The end of a login.
    Logout,
    /// Completions for a shell.
    Completions(Shell),
    /// The man page.
    Man,
}

/// What holds for all of them.
#[derive(Debug, Default, Clone)]
pub struct Options {
    /// Name of the context.
    pub context: Option<String>,
    /// Address of the operator API, instead of the context's.
    pub address: Option<String>,
    /// File with the token.
    pub token_file: Option<PathBuf>,
    /// Another configuration file.
    pub config: Option<PathBuf>,
    /// Whether the screen may change something.
    pub allow_changes: bool,
    /// Name of the theme.
    pub theme: Option<String>,
    /// Show the recording that comes with the console.
    pub demo: bool,
    /// Show this recording.
    pub open: Option<PathBuf>,
}

/// The whole command line.
pub fn command() -> Command {
    let mut command = Command::new("holdfast-admin")
        .about("Looks at Holdfast, and mends what failed. Without a view it shows the screen.")
        .after_help(
            "Exit codes: 0 done, 1 refused, not done or not written, 2 wrong arguments, configuration or \
             terminal, 3 the server does not answer.\n\
             The token comes from --token-file, from the context, from HOLDFAST_ADMIN_TOKEN, or from a login.",
        )
        .args(globals());
    for view in crate::views::ALL {
        command = command.subcommand(of_view(view));
    }
    for own in OWN {
        command = command.subcommand(own());
    }
    command
}

/// What is neither a view nor an act.
const OWN: [fn() -> Command; 5] = [
    || {
        let browser = Arg::new("browser").long("browser").action(ArgAction::SetTrue);
        Command::new("login")
            .about("Gets a token of the issuer that the context names, and keeps it renewed.")
            .arg(
                browser.help(
                    "in a browser on this machine, instead of a code that is confirmed anywhere",
                ),
            )
    },
    || Command::new("logout").about("Forgets the login of the context."),
    || {
        let as_it_is = Arg::new("as-it-is").long("as-it-is").action(ArgAction::SetTrue);
        let force = Arg::new("force").long("force").action(ArgAction::SetTrue);
        let file = Arg::new("file").required(true).value_parser(value_parser!(PathBuf));
        Command::new("record")
            .about("Writes what can be seen to a file, for --open. What clients and operators wrote is replaced.")
            .arg(file.help("the file"))
            .arg(as_it_is.help("keeps what clients and operators wrote"))
            .arg(force.help("over a file that is there already"))
    },
    || {
        let shell = Arg::new("shell").required(true).value_parser(value_parser!(Shell));
        Command::new("completions")
            .about("Prints completions for a shell.")
            .arg(shell.help("which"))
    },
    || Command::new("man").about("Prints the man page."),
];

fn globals() -> Vec<Arg> {
    let text = |name: &'static str, about: &'static str| {
        Arg::new(name).long(name).help(about).global(true).help_heading("Options for all commands")
    };
    vec![
        text("output", "how it is written")
            .short('o')
            .value_parser(["table", "json", "yaml"])
            .default_value("table"),
        text("context", "which system of the configuration file").env("HOLDFAST_ADMIN_CONTEXT"),
        text("address", "address of the operator API, instead of the context's")
            .env("HOLDFAST_ADMIN_ADDRESS"),
        text("token-file", "file with the operator's token").value_parser(value_parser!(PathBuf)),
        text("config", "another configuration file").value_parser(value_parser!(PathBuf)),
        text("allow-changes", "the screen may change something").action(ArgAction::SetTrue),
        text("theme", "dark, light or plain").value_parser(["dark", "light", "plain"]),
        text("demo", "show recorded data; no server is needed").action(ArgAction::SetTrue),
        text("open", "show a recording made by 'record'")
            .value_parser(value_parser!(PathBuf))
            .conflicts_with("demo"),
    ]
}

fn of_view(view: &'static View) -> Command {
    let mut command = Command::new(view.name).about(view.about).visible_aliases(view.aliases);
    for filter in view.filters {
        let long = filter.name.replace('_', "-");
        command = command.arg(Arg::new(filter.name).long(long).help(filter.about));
    }
    match view.body {
        Body::List { .. } => {
            let limit = Arg::new("limit").long("limit").help("most rows").default_value("100");
            command = command.arg(limit.value_parser(value_parser!(usize)));
        }
        Body::Page { by_id: true, .. } => {
            command = command.arg(Arg::new("id").help("its id").required(true));
        }
        Body::Page { .. } => {}
    }
    if view.path.contains("{id}") && matches!(view.body, Body::List { .. }) {
        command = command.arg(Arg::new("id").help("the id of what it belongs to").required(true));
    }
    for &act in view.acts {
        command = command.subcommand(of_act(act));
    }
    command.subcommand_negates_reqs(true)
}

fn of_act(act: &'static Act) -> Command {
    let ids = Arg::new("ids").help("what it is done to").num_args(1..);
    let ids = match act.way() {
        Some(_) => ids.required_unless_present("group").conflicts_with("group"),
        None => ids.required(true),
    };
    let dry_run = Arg::new("dry-run").long("dry-run").action(ArgAction::SetTrue);
    let mut command = Command::new(act.name)
        .about(act.about)
        .arg(ids)
        .arg(dry_run.help("only show what would come of it"));
    if act.needs_reason {
        let reason = Arg::new("reason").long("reason").help("why, for the audit");
        command = command.arg(reason.required_unless_present("dry-run"));
    }
    if act.way().is_some() {
        command = of_cause(command);
    }
    for input in act.inputs {
        let arg = Arg::new(input.name).long(input.name.replace('_', "-")).help(input.about);
        command = command.arg(match input.default {
            Some(default) => arg.default_value(default),
            None => arg.required_unless_present("dry-run"),
        });
    }
    command
}

/// The same for every dead letter of a cause.
fn of_cause(command: Command) -> Command {
    let group = Arg::new("group").long("group").value_name("CAUSE");
    let currency = Arg::new("currency").long("currency").requires("group");
    let mut command = command
        .arg(group.help("all of this cause, by a redrive plan: canary first, then at a rate"))
        .arg(currency.help("only those of this currency"));
    for (name, default, about) in PACE {
        let arg = Arg::new(name).long(name.replace('_', "-")).requires("group").help(about);
        command = command.arg(arg.value_parser(value_parser!(u64)).default_value(default));
    }
    command
}

/// How a plan is applied, in the words of the operator API.
const PACE: [(&str, &str, &str); 3] = [
    ("canary_count", "10", "items sent first"),
    ("rate_per_second", "100", "items a second after that"),
    ("failure_percent_max", "10", "halts above this"),
];

/// Reads a command line that clap has accepted.
///
/// # Errors
/// A sentence when it means nothing all the same.
pub fn read(matches: &ArgMatches) -> Result<(Options, Wish), String> {
    let options = Options {
        context: matches.get_one::<String>("context").cloned(),
        address: matches.get_one::<String>("address").cloned(),
        token_file: matches.get_one::<PathBuf>("token-file").cloned(),
        config: matches.get_one::<PathBuf>("config").cloned(),
        allow_changes: matches.get_flag("allow-changes"),
        theme: matches.get_one::<String>("theme").cloned(),
        demo: matches.get_flag("demo"),
        open: matches.get_one::<PathBuf>("open").cloned(),
    };
    let Some((name, of_view)) = matches.subcommand() else {
        let first = crate::views::ALL.first().ok_or("there are no views")?;
        return Ok((options, Wish::Screen(Target::of(first.name))));
    };
    match name {
        "record" => {
            let file = of_view.get_one::<PathBuf>("file").cloned().unwrap_or_default();
            let as_it_is = of_view.get_flag("as-it-is");
            let force = of_view.get_flag("force");
            return Ok((options, Wish::Record { file, as_it_is, force }));
        }
        "completions" => {
            let shell = of_view.get_one::<Shell>("shell").copied().unwrap_or(Shell::Bash);
            return Ok((options, Wish::Completions(shell)));
        }
        "man" => return Ok((options, Wish::Man)),
        "login" => {
            let in_browser = of_view.get_flag("browser");
            return Ok((options, Wish::Login { in_browser }));
        }
        "logout" => return Ok((options, Wish::Logout)),
        _ => {}
    }
    let view = find(name).ok_or_else(|| format!("there is no view {name}"))?;
    if let Some((name, of_act)) = of_view.subcommand() {
        let act = view.acts.iter().find(|act| act.name == name);
        let act = act.copied().ok_or_else(|| format!("there is no act {name}"))?;
        return Ok((options, wish_of(view, act, of_act)));
    }
    let mut target = Target::of(view.name);
    target.id = of_view.try_get_one::<String>("id").ok().flatten().cloned();
    for filter in view.filters {
        if let Some(value) = of_view.get_one::<String>(filter.name) {
            target = target.with(filter.name, value);
        }
    }
    let limit = of_view.try_get_one::<usize>("limit").ok().flatten().copied();
    let wish = Wish::Show { view, target, output: output_of(of_view), limit: limit.unwrap_or(1) };
    Ok((options, wish))
}

fn wish_of(view: &'static View, act: &'static Act, matches: &ArgMatches) -> Wish {
    if let Some(wish) = wish_of_cause(act, matches) {
        return Wish::Redrive(wish);
    }
    let ids = matches.get_many::<String>("ids").into_iter().flatten().cloned().collect();
    let reason = matches.try_get_one::<String>("reason").ok().flatten().cloned();
    let given = |name: &str| matches.get_one::<String>(name).cloned();
    let inputs =
        act.inputs.iter().filter_map(|input| Some((input.name.to_owned(), given(input.name)?)));
    Wish::Do {
        act,
        view,
        ids,
        reason: reason.unwrap_or_default(),
        inputs: inputs.collect(),
        dry_run: matches.get_flag("dry-run"),
        output: output_of(matches),
    }
}

fn wish_of_cause(act: &'static Act, matches: &ArgMatches) -> Option<redrive::Wish> {
    let way = act.way()?;
    let fingerprint = matches.get_one::<String>("group").cloned()?;
    let number = |name| matches.get_one::<u64>(name).copied();
    Some(redrive::Wish {
        way,
        fingerprint,
        currency: matches.get_one::<String>("currency").cloned(),
        reason: matches.get_one::<String>("reason").cloned().unwrap_or_default(),
        pace: PACE.iter().filter_map(|(name, ..)| Some((*name, number(name)?))).collect(),
        dry_run: matches.get_flag("dry-run"),
        output: output_of(matches),
    })
}

fn output_of(matches: &ArgMatches) -> Output {
    match matches.get_one::<String>("output").map(String::as_str) {
        Some("json") => Output::Json,
        Some("yaml") => Output::Yaml,
        _ => Output::Table,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(line: &str) -> Result<Wish, String> {
        let matches =
            command().try_get_matches_from(line.split(' ')).map_err(|error| error.to_string())?;
        read(&matches).map(|(_, wish)| wish)
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn what_is_copied_can_be_run() {
        let target = Target::of("dead-letters")
            .with("fingerprint", "a b")
            .with("failure_class", "permanent");
        let line = "holdfast-admin --context live --token-file my/token groups";
        let matches = command().try_get_matches_from(line.split(' ')).unwrap();
        let (options, _) = read(&matches).unwrap();
        assert_eq!(
            equivalent(&target, &options.words()),
            "holdfast-admin --context live --token-file my/token dead-letters \
             --failure-class permanent --fingerprint 'a b'"
        );
        let Ok(Wish::Show { target: read, .. }) =
            wish("holdfast-admin dead-letters --failure-class permanent --fingerprint a")
        else {
            panic!("not shown");
        };
        assert_eq!(
            read,
            Target::of("dead-letters").with("failure_class", "permanent").with("fingerprint", "a")
        );
    }

    #[test]
    fn the_output_may_be_chosen_before_and_behind_the_view() {
        for line in ["holdfast-admin -o json groups", "holdfast-admin groups --output json"] {
            let Ok(Wish::Show { output, .. }) = wish(line) else { panic!("{line}") };
            assert_eq!(output, Output::Json, "{line}");
        }
        let line = "holdfast-admin -o yaml dead-letters redrive 7 --reason x";
        let Ok(Wish::Do { output, .. }) = wish(line) else { panic!("{line}") };
        assert_eq!(output, Output::Yaml);
    }

    #[test]
    fn the_help_of_a_view_begins_with_its_own_options() {
        let help = wish("holdfast-admin transfers --help").unwrap_err();
        let place = |word: &str| help.find(word).unwrap_or_else(|| panic!("{word} in {help}"));
        assert!(place("--wallet-id") < place("--token-file"), "{help}");
    }

    #[test]
    fn an_act_needs_its_subject_and_a_reason() {
        assert!(wish("holdfast-admin dead-letters discard 7").unwrap_err().contains("--reason"));
        assert!(wish("holdfast-admin dead-letters discard --reason x").is_err());
        let Ok(Wish::Do { act, ids, .. }) =
            wish("holdfast-admin dead-letters discard 7 8 --reason x")
        else {
            panic!("not done");
        };
        assert_eq!((act.name, ids), ("discard", vec!["7".to_owned(), "8".to_owned()]));
    }
}
