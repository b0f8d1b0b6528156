//! The command line as users see it: help, formats, exit codes, and the message of every error path.
//!
//! `TRYCMD=overwrite cargo test --test cmd` takes over new outputs; read them before they are committed.

#[test]
fn the_command_line_answers_as_written() {
    trycmd::TestCases::new()
        .case("tests/cmd/*.trycmd")
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env("CACHE_LINT_FORMAT", "graphical");
}
