//! Calls that only older releases of a client have.
#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

mod project;

use project::Project;

/// Until redis 0.32 a command was also sent by `execute`, which returns nothing and waits for the answer.
#[test]
fn a_command_that_execute_sends_is_no_dropped_future() {
    let project = Project::new("");
    project.write(
        "Cargo.toml",
        "[package]\nname = \"ranks\"\nversion = \"0.1.0\"\nedition = \"2018\"\n[dependencies]\nredis = \"0.20\"\n",
    );
    project.write(
        "src/lib.rs",
        "pub fn score(con: &mut redis::Connection, team: u64) {\n\
         \x20   redis::cmd(\"ZINCRBY\").arg(format!(\"ranks:team:{}\", team)).arg(1).arg(\"win\").execute(con);\n\
         \x20   redis::pipe().del(format!(\"ranks:cup:{}\", team)).execute(con);\n\
         }\n\
         pub fn forgotten(con: &mut redis::aio::Connection, team: u64) {\n\
         \x20   redis::cmd(\"DEL\").arg(format!(\"ranks:team:{}\", team)).query_async::<_, ()>(con);\n\
         }\n",
    );
    let inventory = project.json("", "inventory --no-cache");
    let commands: Vec<_> = inventory["operations"].as_array().unwrap().iter().map(|op| op["command"].clone()).collect();
    assert_eq!(commands, ["ZINCRBY", "DEL", "DEL"]);
    let report = project.json("", "check --no-cache");
    let dropped = report["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == "dropped-future");
    assert_eq!(dropped.map(|finding| finding["line"].clone()).collect::<Vec<_>>(), [6]);
}
