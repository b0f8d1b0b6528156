//! `cache-lint inventory`.

use super::args::{InventoryArgs, InventoryFormat};
use super::load;
use super::output::{Failure, print};
use crate::report::{by_key, inventory_json, inventory_table};

pub(super) fn run(args: &InventoryArgs) -> Result<u8, Failure> {
    let analysis = load::analysis(&args.input)?;
    let text = match (args.by_key, args.format) {
        (true, InventoryFormat::Table) => by_key::render_table(&analysis),
        (true, InventoryFormat::Json) => by_key::render_json(&analysis),
        (false, InventoryFormat::Table) => inventory_table::render(&analysis),
        (false, InventoryFormat::Json) => inventory_json::render(&analysis),
    };
    print(&text)?;
    if args.format == InventoryFormat::Table {
        for error in &analysis.workspace.errors {
            eprintln!("not checked: {}: {}", error.path, error.message);
        }
    }
    Ok(0)
}
