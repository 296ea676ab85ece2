//! What a shell and `man` are told about the program.

use std::io;

use clap::{Arg, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli;
use crate::program::NAME;

/// The man page: the program, then every subcommand with its own options.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn page() -> io::Result<Vec<u8>> {
    let man = Man::new(cli::command().disable_help_subcommand(true)).manual("Holdfast");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut roff = Roff::new();
    for subcommand in cli::command().get_subcommands() {
        section(&mut roff, subcommand, NAME);
    }
    page.extend(roff.to_roff().into_bytes());
    man.render_extra_section(&mut page)?;
    Ok(page)
}

/// A subcommand, and those below it.
fn section(roff: &mut Roff, command: &Command, path: &str) {
    let name = format!("{path} {}", command.get_name());
    roff.control("SH", [name.as_str()]);
    if let Some(about) = command.get_about() {
        roff.text([roman(about.to_string())]);
    }
    let aliases: Vec<&str> = command.get_visible_aliases().collect();
    if !aliases.is_empty() {
        roff.text([roman(format!("Also: {}.", aliases.join(", ")))]);
    }
    let own = || command.get_arguments().filter(|arg| !arg.is_global_set());
    let mut usage = vec![bold(name.clone()), roman(" [options]")];
    for arg in own().filter(|arg| arg.is_positional()) {
        usage.extend([roman(" "), italic(value(arg))]);
    }
    roff.control("PP", []);
    roff.text(usage);
    for arg in own() {
        roff.control("TP", []);
        roff.text(term(arg));
        roff.text([roman(meaning(arg))]);
    }
    for subcommand in command.get_subcommands() {
        section(roff, subcommand, &name);
    }
}

fn value(arg: &Arg) -> String {
    let named = arg.get_value_names().and_then(|names| names.first());
    named.map_or_else(|| arg.get_id().as_str().to_uppercase(), ToString::to_string)
}

fn term(arg: &Arg) -> Vec<Inline> {
    let Some(long) = arg.get_long() else {
        return vec![italic(value(arg))];
    };
    let mut term = vec![bold(format!("--{long}"))];
    if arg.get_action().takes_values() {
        term.extend([roman(" "), italic(value(arg))]);
    }
    term
}

fn meaning(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into()).collect();
    if defaults.is_empty() { help } else { format!("{help} [{}]", defaults.join(", ")) }
}

/// The script that makes a shell complete what is typed.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    if shell != Shell::Bash {
        clap_complete::generate(shell, &mut cli::command(), NAME, &mut script);
        return script;
    }
    // The generator takes the dash of the name for the end of a word, and then half of its labels
    // have another name than the other half. So it gets a name without one.
    let plain = NAME.replace('-', "_");
    clap_complete::generate(shell, &mut cli::command(), &plain, &mut script);
    let named = |name: &str| format!("-o default {name}\n");
    String::from_utf8_lossy(&script).replace(&named(&plain), &named(NAME)).into_bytes()
}
