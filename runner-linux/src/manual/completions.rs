//! Completions for shells, for all names of the program.

use super::pages::{COMMANDS, PROGRAMS};
use super::{Opt, Page, Values};
use std::fmt::{self, Display, Formatter};

/// A shell for which there are completions. Displays as the script for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// The shell of this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name {
            "bash" => Some(Self::Bash),
            "zsh" => Some(Self::Zsh),
            "fish" => Some(Self::Fish),
            _ => None,
        }
    }
}

impl Display for Shell {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bash => bash(f),
            Self::Zsh => zsh(f),
            Self::Fish => fish(f),
        }
    }
}

/// The names of options that consist of one word, with what the shell is to write behind them.
fn names(page: &Page) -> impl Iterator<Item = (&'static str, &'static Opt)> {
    let options = page.options.iter().flat_map(|option| option.names.iter().map(move |name| (*name, option)));
    options.filter(|(name, _)| !name.contains(' '))
}

fn words(page: &Page) -> String {
    let equals = |option: &Opt| !option.value.is_empty() && option.separator == '=';
    names(page)
        .map(|(name, option)| if equals(option) { format!("{name}=") } else { name.to_owned() })
        .collect::<Vec<_>>()
        .join(" ")
}

fn bash(f: &mut Formatter<'_>) -> fmt::Result {
    f.write_str(
        r#"# bash completion for aclk and its other names, by "aclk completions bash"
_aclk() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} page=${COMP_WORDS[0]##*/} options= values=
    # Bash takes "=" for a word of its own.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    COMPREPLY=()
    if [[ $page == aclk && $COMP_CWORD -gt 1 ]]; then
        page="aclk ${COMP_WORDS[1]}"
    fi
    case $page in
"#,
    )?;
    let commands = COMMANDS.iter().map(|page| page.word()).collect::<Vec<_>>().join(" ");
    writeln!(f, "    aclk) options='{commands}' ;;")?;
    writeln!(f, "    'aclk help') options='{commands}' ;;")?;
    for page in COMMANDS.iter().chain(PROGRAMS).filter(|page| !page.options.is_empty()) {
        let name = if page.command == "netdata-claim.sh" { "netdata-claim.sh|netdata-claim" } else { page.command };
        let pattern = if name.contains(' ') { format!("'{name}'") } else { name.to_owned() };
        writeln!(f, "    {pattern})\n        options='{}'\n        case $prev in", words(page))?;
        for option in page.options {
            let names = option.names.iter().filter(|name| !name.contains(' ')).copied().collect::<Vec<_>>().join("|");
            if names.is_empty() || option.value.is_empty() {
                continue;
            }
            match option.values {
                Values::Words(words) => writeln!(f, "        {names}) values='{}' ;;", words.join(" "))?,
                Values::Files => writeln!(f, "        {names}) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;")?,
                Values::Directories => {
                    writeln!(f, "        {names}) COMPREPLY=($(compgen -d -- \"$cur\")); return ;;")?
                }
                Values::Unknown => writeln!(f, "        {names}) return ;;")?,
            }
        }
        writeln!(f, "        esac ;;")?;
    }
    f.write_str(
        r#"    esac
    COMPREPLY=($(compgen -W "${values:-$options}" -- "$cur"))
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace
    fi
}
"#,
    )?;
    writeln!(f, "complete -F _aclk aclk netdata-claim {}", programs())
}

fn programs() -> String {
    PROGRAMS.iter().map(|page| page.command).collect::<Vec<_>>().join(" ")
}

fn zsh(f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "#compdef aclk netdata-claim {}", programs())?;
    f.write_str("# zsh completion for aclk and its other names, by \"aclk completions zsh\"\n_aclk() {\n    local -a commands\n    commands=(\n")?;
    for page in COMMANDS {
        writeln!(f, "        {}", quoted(&format!("{}:{}", page.word(), page.summary)))?;
    }
    f.write_str(
        r#"    )
    local page=${service:t}
    if [[ $page == aclk ]]; then
        if (( CURRENT == 2 )); then
            _describe command commands
            return
        fi
        page="aclk $words[2]"
        (( CURRENT-- ))
        shift words
    fi
    case $page in
    ('aclk help') _describe command commands ;;
"#,
    )?;
    for page in COMMANDS.iter().chain(PROGRAMS).filter(|page| !page.options.is_empty()) {
        let pattern = quoted(page.command);
        let other = if page.command == "netdata-claim.sh" { "|netdata-claim" } else { "" };
        writeln!(f, "    ({pattern}{other})")?;
        let plain: Vec<_> = names(page).filter(|(name, _)| !name.starts_with('-')).collect();
        f.write_str("        _arguments")?;
        for (name, option) in names(page).filter(|(name, _)| name.starts_with('-')) {
            let separator = match (option.value, option.separator) {
                ("", _) => "",
                (_, '=') => "=",
                _ => "",
            };
            let about = option.about.replace('[', "(").replace(']', ")").replace(':', "\\:");
            let value = match (option.value, option.values) {
                ("", _) => String::new(),
                (_, Values::Words(words)) => format!(":value:({})", words.join(" ").replace(':', "\\:")),
                (_, Values::Files) => ":file:_files".to_owned(),
                (_, Values::Directories) => ":directory:_files -/".to_owned(),
                (_, Values::Unknown) => ":value: ".to_owned(),
            };
            write!(f, " \\\n            {}", quoted(&format!("{name}{separator}[{about}]{value}")))?;
        }
        if !plain.is_empty() {
            let words = plain.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ");
            write!(f, " \\\n            {}", quoted(&format!("1:command:({words})")))?;
        }
        writeln!(f, " ;;")?;
    }
    f.write_str("    esac\n}\n_aclk \"$@\"\n")
}

fn fish(f: &mut Formatter<'_>) -> fmt::Result {
    f.write_str("# fish completion for aclk and its other names, by \"aclk completions fish\"\n")?;
    for program in ["aclk", "netdata-claim"].into_iter().chain(PROGRAMS.iter().map(|page| page.command)) {
        writeln!(f, "complete -c {program} -f")?;
    }
    for page in COMMANDS {
        for condition in ["__fish_use_subcommand", "__fish_seen_subcommand_from help"] {
            let (word, about) = (page.word(), quoted(page.summary));
            writeln!(f, "complete -c aclk -n '{condition}' -a {word} -d {about}")?;
        }
    }
    for page in COMMANDS {
        let start = format!("complete -c aclk -n '__fish_seen_subcommand_from {}'", page.word());
        fish_options(f, &start, page)?;
    }
    for page in PROGRAMS {
        fish_options(f, &format!("complete -c {}", page.command), page)?;
        if page.command == "netdata-claim.sh" {
            fish_options(f, "complete -c netdata-claim", page)?;
        }
    }
    Ok(())
}

fn fish_options(f: &mut Formatter<'_>, start: &str, page: &Page) -> fmt::Result {
    for (name, option) in names(page) {
        let about = quoted(option.about);
        let name = match name.trim_start_matches('-') {
            bare if name.starts_with("--") => format!("-l {bare}"),
            bare if name.starts_with('-') && bare.len() == 1 => format!("-s {bare}"),
            bare if name.starts_with('-') => format!("-o {bare}"),
            bare => format!("-a {bare}"),
        };
        let value = match (option.value, option.values) {
            ("", _) => String::new(),
            _ if name.starts_with("-a") => String::new(),
            (_, Values::Words(words)) => format!(" -x -a {}", quoted(&words.join(" "))),
            (_, Values::Files) => " -r -F".to_owned(),
            (_, Values::Directories) => " -x -a '(__fish_complete_directories)'".to_owned(),
            (_, Values::Unknown) => " -x".to_owned(),
        };
        writeln!(f, "{start} {name}{value} -d {about}")?;
    }
    Ok(())
}

/// As one word of a shell, that replaces nothing in it.
fn quoted(text: &str) -> String {
    // There are few apostrophes, and each shell writes them in another way.
    format!("'{}'", text.replace('\'', "’"))
}
