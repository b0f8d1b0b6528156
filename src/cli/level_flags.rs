//! `-A`, `-W` and `-D`, whose order among each other counts.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

use crate::finding::Level;
use crate::levels::Selector;

/// Levels in the order in which the flags stand.
#[derive(Debug, Clone, Default)]
pub(super) struct LevelFlags(pub(super) Vec<(Selector, Level)>);

/// Name, letter, level and help of each flag.
const FLAGS: [(&str, char, Level, &str); 3] = [
    (
        "allow",
        'A',
        Level::Off,
        "Switch rules off; RULE is a rule, a category or `all`, and of several flags the last wins",
    ),
    ("warn", 'W', Level::Warning, "Make rules warn"),
    ("deny", 'D', Level::Error, "Make rules fail the run"),
];

impl FromArgMatches for LevelFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut found: Vec<(usize, Selector, Level)> = Vec::new();
        for (name, _, level, _) in FLAGS {
            let values = matches.get_many::<Selector>(name).into_iter().flatten();
            let indices = matches.indices_of(name).into_iter().flatten();
            found.extend(indices.zip(values).map(|(index, selector)| (index, *selector, level)));
        }
        found.sort_by_key(|(index, _, _)| *index);
        Ok(Self(found.into_iter().map(|(_, selector, level)| (selector, level)).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for LevelFlags {
    fn augment_args(command: Command) -> Command {
        FLAGS.iter().fold(command, |command, &(name, short, _, help)| {
            command.arg(
                Arg::new(name)
                    .long(name)
                    .short(short)
                    .value_name("RULE")
                    .help(help)
                    .action(ArgAction::Append)
                    .value_delimiter(',')
                    .value_parser(Selector::parse),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_keep_their_order_across_each_other_and_within_lists() {
        let command = LevelFlags::augment_args(Command::new("test"));
        let line = "test -D policy -A missing-ttl,cost --warn=missing-ttl -A key-format -D all";
        let flags = LevelFlags::from_arg_matches(&command.get_matches_from(line.split(' '))).unwrap();
        let rule = Selector::Rule;
        let category = |word: &str| Selector::parse(word).unwrap();
        assert_eq!(
            flags.0,
            [
                (category("policy"), Level::Error),
                (rule("missing-ttl"), Level::Off),
                (category("cost"), Level::Off),
                (rule("missing-ttl"), Level::Warning),
                (rule("key-format"), Level::Off),
                (Selector::All, Level::Error),
            ]
        );
    }
}
