//! `cache-lint init`.

use std::path::Path;

use super::output::{Failure, print};
use crate::policy::{FILE_NAMES, TEMPLATE};

pub(super) fn run(force: bool, stdout: bool) -> Result<u8, Failure> {
    if stdout {
        print(TEMPLATE)?;
        return Ok(0);
    }
    if let Some(there) = FILE_NAMES.iter().find(|name| Path::new(name).exists())
        && !force
    {
        return Err(Failure::new(
            format!("`{there}` is already there"),
            Some("edit it, or write over `cache-lint.toml` with `--force`; `--stdout` shows the template"),
        ));
    }
    let path = FILE_NAMES[0];
    std::fs::write(path, TEMPLATE).map_err(|error| Failure::new(format!("cannot write `{path}`: {error}"), None))?;
    print(&format!("{TEMPLATE}\nwritten to {path}; `cache-lint config` shows what holds now\n"))?;
    Ok(0)
}
